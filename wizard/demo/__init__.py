"""The rehearsal: a throw-away instance and a real S3 server, both embedded."""
