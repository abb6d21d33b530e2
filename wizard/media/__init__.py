"""The files below `MEDIA_ROOT`, and their digests."""
