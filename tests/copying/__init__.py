"""Tests of `wizard/copying`."""
