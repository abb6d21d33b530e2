"""Tests of `wizard/web`."""
