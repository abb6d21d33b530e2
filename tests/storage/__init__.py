"""Tests of `wizard/storage`."""
