"""Tests of `wizard/demo`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "build": "demo/test_demo",
    "checkout": "demo/test_demo",
    "leftovers": "demo/test_demo",
    "pictures": "demo/test_demo",
    "seaweedfs": "demo/test_demo",
}
