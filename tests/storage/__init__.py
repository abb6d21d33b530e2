"""Tests of `wizard/storage`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "address_forms": "storage/test_recognition",
    "addresses": "storage/test_recognition",
    "key_forms": "storage/test_recognition",
    "pasted": "storage/test_recognition",
}
