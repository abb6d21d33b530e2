"""The demo: a throw-away instance and a real S3 server; needs the install extra `demo`."""
