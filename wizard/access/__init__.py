"""Who may read the bucket: test objects, the bucket's policy, and the probe of a new storage."""
