"""What the migration was told: everything but the two keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from wizard.core.message import Message, msg
from wizard.core.problem import Problem


class MigrationPath(StrEnum):
    """Which way through the steps: a new instance, one already running, or one on another bucket.

    MOVING is one whose running site serves from another bucket, or from another address of the
    same one, than is named; which, `wizard.journal.moving` knows.
    """

    FRESH = "fresh"
    EXISTING = "existing"
    MOVING = "moving"


class DeploymentKind(StrEnum):
    """How the instance runs."""

    COMPOSE = "compose"
    DOCKERLESS = "dockerless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The answers to what cannot be found out; "" means not known yet.

    `endpoint` is a URL with scheme; `custom_domain` a host, or host and path,
    without scheme, as BookWyrm's `AWS_S3_CUSTOM_DOMAIN`; `url_protocol` is
    "https:" or "http:"; `acl` the value for `AWS_DEFAULT_ACL` that the canary
    found ("public-read", or "" where a bucket policy opens the bucket, which
    `acl_known` tells from "not asked yet"); `site_url` where the instance is
    reached from here; `restart_command` what restarts it, split like a shell
    would but never given to one; `limit_rate` in bytes a second, 0 without a limit;
    `ca_file` the path of certificates that are trusted as well.
    """

    path: str = ""
    deployment: str = ""
    provider: str = ""
    endpoint: str = ""
    region: str = ""
    bucket: str = ""
    custom_domain: str = ""
    url_protocol: str = "https:"
    acl: str = ""
    acl_known: bool = False
    site_url: str = ""
    restart_command: str = ""
    switch_way: str = ""
    limit_rate: int = 0
    ca_file: str = ""

    def to_dict(self) -> dict[str, str | int | bool]:
        """Return the settings as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, object]) -> Settings:
        """Return settings as `to_dict` gave them; what a newer version added is left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in data.items() if k in known})  # type: ignore[arg-type]

    @property
    def storage(self) -> dict[str, str]:
        """Where the objects are and how the public reaches them: what most checks depend on."""
        return {
            "endpoint": self.endpoint,
            "bucket": self.bucket,
            "custom_domain": self.custom_domain,
            "url_protocol": self.url_protocol,
        }

    @property
    def destination(self) -> str:
        """Names endpoint and bucket in the journal's rows; short: a million of them have it."""
        text = f"{self.endpoint.rstrip('/').lower()}\n{self.bucket}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def is_same_storage(self, other: Settings) -> bool:
        """Tell whether others name the same bucket, under the same public address."""
        address = self.public_base.lower() == other.public_base.lower()
        return address and self.destination == other.destination

    def is_same_service(self, other: Settings) -> bool:
        """Tell whether others name the same endpoint's host."""
        return self.endpoint_host.lower() == other.endpoint_host.lower()

    @property
    def bucket_place(self) -> str:
        """Names the bucket among all: endpoint and name."""
        return f"{self.endpoint}/{self.bucket}"

    @property
    def public_base(self) -> str:
        """The URL that the public reads from, without a final slash."""
        return f"{self.url_protocol}//{self.custom_domain.rstrip('/')}"

    @property
    def custom_domain_host(self) -> str:
        """Host (and port) of the custom domain, without its path."""
        return self.custom_domain.split("/", 1)[0]

    @property
    def endpoint_host(self) -> str:
        """Host (and port) of the endpoint."""
        return urlsplit(self.endpoint).netloc

    def with_storage_of(self, other: Settings) -> Settings:
        """Return the settings with the service and the bucket that others name."""
        return replace(self, **{name: getattr(other, name) for name in _STORAGE})

    def require(self, *names: str) -> None:
        """Raise a `Problem` for the first of these settings that is not known.

        They are among those that there is a sentence for in `_UNKNOWN`.
        """
        for name in names:
            if not getattr(self, name):
                option = "--" + name.replace("_", "-")
                raise Problem(
                    _UNKNOWN[name],
                    msg("It is neither in .env nor specified, and cannot be detected."),
                    msg("Specify it with {option}.", option=option),
                    field=name,
                    usage=True,
                    code="setting-missing",
                )


_STORAGE = (
    *("provider", "endpoint", "region", "bucket", "custom_domain", "url_protocol"),
    *("acl", "acl_known"),
)
# What is said where a setting is needed and not there.
_UNKNOWN: Mapping[str, Message] = MappingProxyType(
    {
        "provider": msg("The provider is not known."),
        "endpoint": msg("The endpoint is not known."),
        "region": msg("The region is not known."),
        "bucket": msg("The bucket is not known."),
        "custom_domain": msg("The custom domain is not known."),
        "site_url": msg("The address at which this server reaches the site is not known."),
    }
)
