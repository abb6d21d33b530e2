"""Copying many files at once, into a bucket or back, each compared with what is there then."""
