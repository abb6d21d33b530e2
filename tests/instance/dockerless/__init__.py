"""Tests of `wizard/instance/dockerless`."""
