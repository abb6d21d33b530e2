"""Many requests at once to one bucket, through AWS's C runtime (awscrt)."""
