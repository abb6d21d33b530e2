"""Tests of `wizard/journal`."""
