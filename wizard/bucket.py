"""One bucket: probes, listing, CORS, policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from wizard.secrets import Keys
    from wizard.settings import Settings


def connect(settings: Settings, keys: Keys) -> S3Client:
    """A boto3 client that speaks to the endpoint the way BookWyrm's own will.

    Path style, as botocore's "auto" does with a custom endpoint, and no
    checksums that older servers refuse (boto3 1.36 added them by default).
    """
    config = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=10,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 3},
        max_pool_connections=32,
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region or "us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=config,
    )
