"""Tests of `wizard/core`."""
