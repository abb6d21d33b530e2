"""Tests of `wizard/reporting`."""
