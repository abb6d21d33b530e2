"""Tests of `wizard/instance/compose`."""
