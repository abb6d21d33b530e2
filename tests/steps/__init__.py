"""Tests of `wizard/steps`."""
