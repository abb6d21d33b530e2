"""Tests of `wizard/access`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "bucket_acl": "access/test_openings",
    "canaries": "steps/test_configure_provider",
    "console_wait": "access/test_openings",
    "cors_access": "access/test_openings",
    "page_policies": "steps/test_configure_provider",
    "probe": "steps/test_configure_provider",
    "problems": "steps/test_configure_provider",
    "public_address": "steps/test_configure_provider",
    "public_read": "steps/test_configure_provider",
}
