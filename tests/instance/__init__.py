"""Tests of `wizard/instance`."""
