"""The static assets in the bucket, and the CORS rules for them."""
