"""The demo: a throwaway instance and a real S3 server; needs the install extra `demo`."""
