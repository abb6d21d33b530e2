"""The Textual app: a step to S3 is a module of its name, those back are in `way_back`."""
