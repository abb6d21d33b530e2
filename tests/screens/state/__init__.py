"""Tests of `screens/state`."""
