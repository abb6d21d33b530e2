"""The documented answers of S3 services that cannot be had, as data (`profiles.toml`).

object_acl            PutObject with x-amz-acl: "honoured", "ignored" or a refusal
bucket_acl            PutBucketAcl: "honoured", "ignored" or a refusal
bucket_acl_lists      PutBucketAcl lets everybody list the bucket
policy                "ok", "ignored" (kept, but of no effect on the public) or a refusal
put_cors, get_cors, create_bucket, public_access_block
                      "ok" or a refusal; Block Public Access also "on": as in a new bucket at Amazon
policy_blocked        the refusal of a public policy while Block Public Access is on
cors_refuses          refusals of CORS rules in which `pattern` is found
anonymous             what the public gets where nothing opens an object
checksums             "ok" or the refusal of a request with the newer checksums
needs_md5             calls with a body are refused without Content-MD5
cors_joins_origins    a rule's origins come back in one header, which no browser takes
cors_seconds          how long it takes until new CORS rules are in force
cors_always           Access-Control-Allow-Origin of every answer, whatever the rules say
console               what a click in the console opens: "bucket" or nothing
public_host           "own": the public reads at another host than the endpoint's

A refusal is a table of status, code, message and source; source is an address or "guess".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("profiles.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer in S3's form. `pattern`: only where the body of the request has it."""

    status: int
    code: str
    message: str
    source: str
    pattern: str = ""


Answer = str | Refusal
_CLOSED = Refusal(
    status=403,
    code="AccessDenied",
    message="Access Denied",
    source="https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One service; see the head of this module."""

    object_acl: Answer
    bucket_acl: Answer
    policy: Answer
    put_cors: Answer
    get_cors: Answer = "ok"
    public_access_block: Answer = "ok"
    policy_blocked: Refusal = _CLOSED
    create_bucket: Answer = "ok"
    checksums: Answer = "ok"
    anonymous: Refusal = _CLOSED
    cors_refuses: tuple[Refusal, ...] = ()
    bucket_acl_lists: bool = False
    needs_md5: bool = False
    cors_joins_origins: bool = False
    cors_seconds: float = 0
    cors_always: str = ""
    console: str = ""
    public_host: str = ""

    @property
    def refusals(self) -> dict[str, Refusal]:
        """All of them by the field's name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        found = {name: value for name, value in values.items() if isinstance(value, Refusal)}
        return found | {f"cors_refuses {r.pattern}": r for r in self.cors_refuses}


def load() -> dict[str, Profile]:
    """Read all profiles. Raises `TypeError` where one has fields that there are not."""
    tables = tomllib.loads(_FILE.read_text("utf-8"))
    return {name: _profile(table) for name, table in tables.items()}


def _profile(table: Mapping[str, Any]) -> Profile:
    return Profile(**{name: _value(value) for name, value in table.items()})


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return Refusal(**value)
    return tuple(Refusal(**one) for one in value) if isinstance(value, list) else value


PROFILES = load()

# How the first step gets the public in at each service, and how the fifth lets browsers in.
WAYS = {
    "aws": ("policy", "api"),
    "backblaze": ("bucket-acl", "api"),
    "bunny": ("console", "console"),
    "cloudflare": ("console", "api"),
    "contabo": ("acl", "api"),
    "cubbit": ("policy", "api"),
    "digitalocean": ("acl", "api"),
    "dreamhost": ("bucket-acl", "api"),
    "exoscale": ("acl", "api"),
    "fastly": ("unusable", ""),
    "garage": ("console", "api"),
    "google": ("console", "console"),
    "hetzner": ("acl", "api"),
    "idrive": ("console", "console"),
    "impossible": ("unusable", ""),
    "infomaniak": ("console", "console"),
    "intercolo": ("unusable", ""),
    "ionos": ("policy", "api"),
    "leviia": ("acl", "api"),
    "linode": ("acl", "api"),
    "mega": ("console", "open"),
    "minio": ("policy", "open"),
    "outscale": ("acl", "api"),
    "ovh": ("acl", "api"),
    "rustfs": ("policy", "api"),
    "scaleway": ("acl", "api"),
    "seagate": ("unusable", ""),
    "selectel": ("console", "api"),
    "storj": ("console", "open"),
    "supabase": ("console", "open"),
    "synology": ("none", "api"),
    "tigris": ("bucket-acl", "api"),
    "upcloud": ("policy", "api"),
    "vultr": ("acl", "api"),
    "wasabi": ("acl", "api"),
    "zenko": ("acl", "api"),
}
OPENS = {"acl", "policy", "bucket-acl", "console"}
