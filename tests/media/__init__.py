"""Tests of `wizard/media`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "digest_files": "media/test_source",
    "digester": "media/test_source",
    "programs": "instance/compose/test_media",
    "root_folder": "media/test_source",
    "write_files": "media/test_root_writer",
    "writer": "media/test_root_writer",
}
