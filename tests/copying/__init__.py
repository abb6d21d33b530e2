"""Tests of `wizard/copying`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "copy_run": "copying/test_upload",
    "crt_client": "copying/test_upload_weather",
    "crt_threads": "copying/test_upload",
    "dispatcher": "copying/test_upload_weather",
    "fetching": "copying/test_bring_back",
    "header_repair": "copying/test_upload",
    "job": "copying/test_upload",
    "kept_elsewhere": "copying/test_upload",
    "large_file": "copying/test_upload",
    "misplaced": "steps/test_copy_media",
    "object_list": "copying/test_moving",
    "old_bucket": "copying/test_moving",
    "same_names": "copying/test_bring_back",
    "sender": "copying/test_upload_weather",
    "server_copy": "copying/test_moving",
    "settle_public": "steps/test_copy_media",
    "sources": "copying/test_moving",
    "survey": "copying/test_upload",
    "tcp_pacing": "copying/test_upload",
    "verified_writer": "copying/test_upload_disk",
    "visitors": "copying/test_bring_back",
    "withdrawing": "copying/test_moving",
    "withholding": "copying/test_moving",
}
