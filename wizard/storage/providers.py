"""What each S3 service needs, as data (`providers.toml`; its fields: `wizard/README.md`).

A preset is a first guess; the canary objects decide.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wizard.core.hosts import is_ip_address
from wizard.core.message import NOTHING, Message
from wizard.storage.aws_regions import aws_regions

if TYPE_CHECKING:
    from wizard.core.secrets import Keys
    from wizard.core.settings import Settings


class ServiceKind(StrEnum):
    """Who runs a service; in the order in which a form offers them."""

    HOSTED = "hosted"
    SELF_HOSTED = "self-hosted"
    OTHER = "other"


class Acl(StrEnum):
    """What PutObject with the ACL "public-read" does."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class PublicReadWay(StrEnum):
    """A way in which the public is let in to read."""

    ACL = "acl"  # each object is stored with the ACL public-read
    POLICY = "policy"  # a bucket policy for images/* and static/*
    BUCKET_ACL = "bucket-acl"  # the ACL public-read of the bucket as a whole
    CONSOLE = "console"  # a person has to do it in the service's console


class CorsSetting(StrEnum):
    """How a bucket's CORS rules are set."""

    API = "api"  # PutBucketCors
    CONSOLE = "console"  # in the service's console or with a program of its own
    OPEN = "open"  # not at all: the service lets every origin in


class CorsDocument(StrEnum):
    """The form in which a service's console, or its program, takes CORS rules."""

    CLI = "cli"  # {"CORSRules": [...]}, as aws s3api takes them
    ARRAY = "array"  # the list of S3's rules alone
    GCS = "gcs"  # a list of Google's own rules


class BucketNames(StrEnum):
    """Which names of buckets a service takes."""

    STRICT = "strict"
    LOOSE = "loose"  # capitals and underscores, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An S3 service, with the fields that `wizard/README.md` explains.

    `endpoint` and `custom_domain` are templates, "" where only the admin knows the address.
    `console` has what to do in the service's console, by topic: sentences with the same places
    to fill in (`Preset.advice`), which translators find in the file itself.
    """

    name: str
    title: Message
    kind: ServiceKind
    url: str = ""
    endpoint: str = ""
    endpoint_example: str = ""
    custom_domain: str = ""
    regions: tuple[str, ...] = ()
    regions_complete: bool = False
    regions_from: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    matches: tuple[str, ...] = ()
    bucket_names: BucketNames = BucketNames.STRICT
    acl: Acl = Acl.UNKNOWN
    opens: tuple[PublicReadWay, ...] = (
        PublicReadWay.ACL,
        PublicReadWay.POLICY,
        PublicReadWay.CONSOLE,
    )
    public_access_block: bool = False
    cors: CorsSetting = CorsSetting.API
    cors_joins_origins: bool = False
    cors_document: CorsDocument = CorsDocument.CLI
    rights: str = ""
    access_keys: str = ""
    unusable: Message = NOTHING
    trouble: Message = NOTHING
    console: Mapping[str, str] = field(default_factory=dict)

    @property
    def default_region(self) -> str:
        """The region to start with, "" where only the admin knows it."""
        return self.regions[0] if self.regions else ""

    @property
    def known_regions(self) -> tuple[str, ...]:
        """Every region that is known, the default first."""
        if self.regions_from != "botocore":
            return self.regions
        others = (region for region in aws_regions() if region not in self.regions)
        return (*self.regions, *others)

    @property
    def ways(self) -> tuple[PublicReadWay, ...]:
        """What lets the public in where the objects' own ACLs do not, in the order to try it.

        Nothing else is tried: at Scaleway a policy shuts out every key that it does not name,
        our own included, which then could not take it back.
        """
        named = (way for way in self.opens if way not in (PublicReadWay.ACL, PublicReadWay.CONSOLE))
        return (*named, PublicReadWay.CONSOLE)

    @property
    def endpoint_path(self) -> str:
        """The path in which the service's endpoints end, such as /storage/v1/s3; "" for most."""
        return urlsplit(self.endpoint or self.endpoint_example).path.rstrip("/")

    def gives(self, keys: Keys) -> bool:
        """Tell whether keys have the form that only this service's have."""
        return bool(self.access_keys and re.fullmatch(self.access_keys, keys.access_key_id))

    def fill(self, settings: Settings) -> Settings:
        """Return the settings with what is still open filled in, as far as the rest is known."""
        filled = replace(settings, provider=self.name)
        filled = replace(filled, region=filled.region or self.default_region)
        filled = replace(filled, endpoint=filled.endpoint or self.endpoint_for(filled))
        if filled.custom_domain:
            return filled
        domain = self.custom_domain_for(filled)
        plain = domain and urlsplit(filled.endpoint).scheme == "http"
        return replace(
            filled,
            custom_domain=domain,
            url_protocol="http:" if plain else filled.url_protocol,
        )

    def endpoint_for(self, settings: Settings) -> str:
        """Return the endpoint that region (and bucket) lead to, "" where they don't."""
        if host := self.hosts.get(settings.region):
            return f"https://{host}{self.endpoint_path}"
        return _fill(self.endpoint, settings)

    def custom_domain_for(self, settings: Settings) -> str:
        """Return the public host that bucket, region and endpoint lead to, "" where they don't."""
        template = self.custom_domain
        if template.startswith("{bucket}.") and not _can_be_label(settings):
            template = "{host}/{bucket}"
        return _fill(template, settings)

    def is_own(self, settings: Settings) -> bool:
        """Tell whether the endpoint is one of the service's, as far as it is known here."""
        regions = {settings.region, *self.known_regions}
        own = {self.endpoint_for(replace(settings, region=region)) for region in regions}
        return not self.endpoint or settings.endpoint in own

    def advice(self, topic: str, settings: Settings) -> Message:
        """Return what to do in the console about keys, cors, policy, public or domain.

        In general words where nothing is known of this service's console.
        """
        text = self.console.get(topic) or PRESETS["other"].console[topic]
        return Message(text, "", named_in(text, settings))


def preset(name: str) -> Preset:
    """Return the preset of that name; `other` for a name that is not known."""
    return PRESETS.get(name) or PRESETS["other"]


def _can_be_label(settings: Settings) -> bool:
    """Tell whether `bucket.host` can exist, with a certificate that browsers accept.

    Not at an IP address or a name without a dot, nor where the bucket's name has capitals or an
    underscore; a certificate for *.host is for no name with one more dot.
    """
    name = settings.endpoint_host.rsplit(":", 1)[0]
    if not name or "." not in name or is_ip_address(name):
        return False
    bucket = settings.bucket
    dotted = "." in bucket and settings.endpoint.startswith("https:")
    return not dotted and bucket == bucket.lower() and "_" not in bucket


def _fill(template: str, settings: Settings) -> str:
    """Return a template with its places filled in, "" where one of them is not known yet."""
    values = _values(settings)
    if any(f"{{{name}}}" in template and not value for name, value in values.items()):
        return ""
    return template.format_map(named_in(template, settings))


def named_in(text: str, settings: Settings) -> dict[str, str]:
    """Return a value for each place of a text: for what is not known yet the place's name."""
    values = _values(settings)
    return {name: values[name] or name.upper() for name in values if f"{{{name}}}" in text}


def _values(settings: Settings) -> dict[str, str]:
    return {
        "bucket": settings.bucket,
        "region": settings.region,
        "host": settings.endpoint_host,
        "endpoint": settings.endpoint,
    }


def _load() -> dict[str, Preset]:
    data = tomllib.loads(files("wizard.storage").joinpath("providers.toml").read_text("utf-8"))
    return {found.name: found for found in sorted(map(_preset, data, data.values()), key=_rank)}


def _rank(found: Preset) -> tuple[int, str]:
    return list(ServiceKind).index(found.kind), found.title.casefold()


# What a field of the file becomes; the others stay as they are.
_MADE: Mapping[str, Any] = {
    **dict.fromkeys(("title", "unusable", "trouble"), lambda text: Message(text, "", {})),
    **dict.fromkeys(("regions", "matches"), tuple),
    "kind": ServiceKind,
    "bucket_names": BucketNames,
    "acl": Acl,
    "opens": lambda ways: tuple(map(PublicReadWay, ways)),
    "cors": CorsSetting,
    "cors_document": CorsDocument,
}
# For whoever maintains the file; the program does not need them.
_EVIDENCE = ("sources", "read", "tried")


def _preset(name: str, entry: Mapping[str, Any]) -> Preset:
    given = {
        key: _MADE[key](value) if key in _MADE else value
        for key, value in entry.items()
        if key not in (*_EVIDENCE, "advice")
    }
    return Preset(name=name, console=entry.get("advice", {}), **given)


PRESETS: Mapping[str, Preset] = _load()
