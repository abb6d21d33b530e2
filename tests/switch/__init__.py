"""Tests of `wizard/switch`."""
