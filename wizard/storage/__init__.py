"""One S3 service: its bucket, its refusals in words, and the providers known by name."""
