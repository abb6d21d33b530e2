"""Tests of `wizard/demo`."""
