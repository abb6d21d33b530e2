"""What an anonymous visitor and a browser get from a site or a bucket."""
