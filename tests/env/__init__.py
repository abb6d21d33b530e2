"""Tests of `wizard/env`."""
