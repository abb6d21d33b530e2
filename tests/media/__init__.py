"""Tests of `wizard/media`."""
