"""Tests of `wizard/web`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "blocked": "web/test_browser",
    "csp": "web/test_browser",
    "integrity": "web/test_browser",
    "own_style": "end_to_end/test_rollback",
    "problems": "web/test_visitor",
    "served_files": "copying/test_outside_links",
}
