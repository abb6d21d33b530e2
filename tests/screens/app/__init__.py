"""Tests of `screens/app`."""
