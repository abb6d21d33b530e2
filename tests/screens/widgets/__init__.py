"""Tests of `screens/widgets`."""
