"""Tests of `wizard/access`."""
