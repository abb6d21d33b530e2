"""Copying many files into a bucket at once, each compared with what the service stored."""
