"""A stand-in instance that runs, beside an S3 server."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field

from tests.servers.docker import BridgedSeaweedFS
from tests.standin import StandIn
from tests.standin.small import JOURNAL
from wizard.core.events import Event, Output
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.instance.compose.deployment import Compose
from wizard.storage.bucket import connect


@dataclass
class Standing:
    """A stand-in that runs, an S3 server that its containers reach, and what was reported.

    `reader` are keys that may not write.
    """

    instance: StandIn
    storage: BridgedSeaweedFS
    events: list[Event] = field(default_factory=list)
    reader: Keys = field(default_factory=Keys)

    @property
    def deployment(self) -> Compose:
        return Compose(open_instance(self.instance.folder), Settings(), JOURNAL)

    @property
    def output(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Output)]

    def use_bucket(self, bucket: str, **values: str) -> None:
        """Have `.env` name a bucket that everybody may read, and `values`."""
        self.enable_s3(self.storage.endpoint, bucket)
        self.instance.set_env(**values)

    def enable_s3(self, endpoint: str, bucket: str, secret: str = "") -> None:
        client = connect(self.storage.settings(bucket), self.storage.keys)
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=bucket)
        place = f"arn:aws:s3:::{bucket}/*"
        allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": place}
        policy = {"Version": "2012-10-17", "Statement": [allow]}
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        host = f"{self.storage.address}:{endpoint.rpartition(':')[2]}"
        self.instance.set_env(
            USE_S3="true",
            AWS_ACCESS_KEY_ID=self.storage.keys.access_key_id,
            AWS_SECRET_ACCESS_KEY=secret or self.storage.keys.secret_access_key,
            AWS_STORAGE_BUCKET_NAME=bucket,
            AWS_S3_REGION_NAME="us-east-1",
            AWS_S3_ENDPOINT_URL=endpoint,
            AWS_S3_CUSTOM_DOMAIN=f"{host}/{bucket}",
            AWS_S3_URL_PROTOCOL="http:",
            # A path in the custom domain makes BookWyrm's own policy useless.
            CSP_ADDITIONAL_HOSTS=f"http://{host}",
            AWS_DEFAULT_ACL="",
        )

    def containers(self) -> dict[str, str]:
        names = ("db", "redis_activity", "redis_broker", "web", "nginx", "celery_worker")
        return {name: self.instance.container(name) for name in names}
