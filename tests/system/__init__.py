"""Tests of `wizard/system`."""
