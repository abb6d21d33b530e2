"""Amazon's regions, from what botocore knows of them."""

from __future__ import annotations

from functools import cache

import botocore.loaders
from botocore.regions import EndpointResolver

# Those that anybody can open an account in; the others are for the military.
_PARTITIONS = ("aws", "aws-us-gov", "aws-cn")


@cache
def aws_regions() -> tuple[str, ...]:
    """Return the names of all regions that have S3.

    Half a megabyte of JSON is read for it, so not before somebody chooses Amazon.
    """
    resolver = EndpointResolver(botocore.loaders.create_loader().load_data("endpoints"))
    return tuple(
        region
        for partition in _PARTITIONS
        for region in resolver.get_available_endpoints("s3", partition)
    )
