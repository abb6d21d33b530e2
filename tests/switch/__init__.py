"""Tests of `wizard/switch`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "env_change": "steps/test_enable_s3",
    "first_run": "steps/test_restart",
    "follow": "switch/test_files",
    "late_files": "steps/test_restart",
    "launch": "switch/test_run",
    "moving": "end_to_end/test_moving",
    "on_disk": "end_to_end/test_rollback",
    "plan": "steps/test_restart",
    "s3_lines": "steps/test_enable_s3",
    "site_before": "end_to_end/test_site_before",
    "storage_lines": "steps/test_configure_provider",
    "uploads_back": "steps/test_restart",
}
