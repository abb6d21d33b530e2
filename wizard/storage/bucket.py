"""One bucket: probes, listing, CORS, policy, and errors in the admin's words."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
from awscrt.exceptions import AwsCrtError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.secrets import Keys, Masker
from wizard.core.settings import Settings
from wizard.storage.answers import CORRECT_IT
from wizard.storage.problems import ErrorResponse, error_response_of, refused
from wizard.web.problems import unreachable
from wizard.web.trust import ca_bundle

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# As botocore names them; `Mapping` since our own are plain dicts.
CorsRule = Mapping[str, Any]
Policy = Mapping[str, Any]
# The owner and the grants of a bucket.
BucketAcl = Mapping[str, Any]

# All that an S3 client of ours raises when the service or the network does not
# play along. (OSError as a whole would hide errors of the local disk.)
S3_ERRORS = (BotoCoreError, ClientError, ResponseParserError, AwsCrtError)
_NETWORK_ERRORS = (ConnectionError, TimeoutError, ssl.SSLError)
_MD5_CALLS = (
    *("PutBucketAcl", "PutBucketCors", "PutBucketPolicy", "PutPublicAccessBlock"),
    "DeleteObjects",
)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as the listing shows it; `size` in bytes, `etag` without quotes."""

    key: str
    size: int
    etag: str


def is_folder_marker(key: str, size: int) -> bool:
    """Tell whether an object is no file, but what consoles store for an empty folder."""
    return not size and key.endswith("/")


def connect(settings: Settings, keys: Keys) -> S3Client:
    """Return a boto3 client that speaks to the endpoint the way BookWyrm's own will.

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
    client = boto3.session.Session(botocore_session=_own_session()).client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region or "us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=config,
        verify=ca_bundle(),
    )
    client.meta.events.register("before-call.s3", _stay)
    for call in _MD5_CALLS:
        client.meta.events.register(f"before-call.s3.{call}", _send_md5)
    return client


def _stay(params: dict[str, Any], **_: object) -> None:
    """Say botocore that it followed a redirect already.

    It would look for the bucket's region by itself, and asks without end where
    a service that is not Amazon's answers everything with a redirect.
    """
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _own_session() -> botocore.session.Session:
    """Return a session that sees neither ~/.aws nor AWS_PROFILE, which are not BookWyrm's."""
    nothing = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nothing,
            "credentials_file": nothing,
        }
    )
    session.register_component("data_loader", _models())
    return session


@cache
def _models() -> botocore.loaders.Loader:
    """Return what botocore knows of S3's calls: a megabyte, read once and not for every client."""
    return botocore.loaders.create_loader()


def _send_md5(params: dict[str, Any], **_: object) -> None:
    """Send the Content-MD5 that S3 always asked for instead of botocore's newer CRC32.

    Older servers answer MissingContentMD5 without it, and some refuse the
    newer headers.
    """
    # A canned ACL is a header, and has no body.
    digest = hashlib.md5(params["body"] or b"", usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()
    checksum = params["context"].get("checksum", {})
    checksum.pop("request_algorithm", None)
    checksum.pop("request_algorithm_header", None)


def problem_of(error: BaseException, settings: Settings, keys: Keys | None = None) -> Problem:
    """Return the `Problem` behind whatever a client of this storage raised."""
    answer = error_response_of(error)
    if answer is not None:
        problem = refused(answer, settings)
    elif isinstance(error, ResponseParserError):
        html = ErrorResponse(
            code="", status=404, message="The answer is not S3's XML.", operation="ListObjectsV2"
        )
        problem = refused(html, settings)
    elif isinstance(error, ParamValidationError):
        named = ErrorResponse(
            code="InvalidBucketName", status=400, message=str(error), operation="ListObjectsV2"
        )
        problem = refused(named, settings)
    else:
        problem = unreachable(error, settings.endpoint)
    problem.raw = Masker([keys.access_key_id, keys.secret_access_key] if keys else [])(problem.raw)
    return problem


@contextmanager
def s3_errors_explained(settings: Settings, keys: Keys | None = None) -> Iterator[None]:
    """Turn what botocore, awscrt and the network raise into a `Problem`.

    With `keys`, these do not show in the service's raw words.
    """
    try:
        yield
    except (*S3_ERRORS, *_NETWORK_ERRORS) as error:
        raise problem_of(error, settings, keys) from error


class Bucket:
    """One bucket and its keys. Methods block; each raises `Problem`."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self.settings = settings
        self.keys = keys
        self.name = settings.bucket
        if not keys:
            # The signer would end with an error of its own that names neither.
            raise Problem(
                msg("The keys of the storage are not known."),
                msg("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is empty in .env."),
                msg("Enter them there again, then continue."),
                field="access_key_id" if not keys.access_key_id else "secret_access_key",
                code="keys-missing",
            )
        try:
            self.client = connect(settings, keys)
        except ValueError as error:
            raise Problem(
                msg("{endpoint} is not an endpoint.", endpoint=settings.endpoint)
                if settings.endpoint
                else msg("An empty address is not an endpoint."),
                msg("An endpoint is https:// and the host name of the storage service."),
                CORRECT_IT,
                raw=str(error),
                field="endpoint",
                code="endpoint-invalid",
            ) from error

    @property
    def place(self) -> str:
        """Names this bucket among all: endpoint and name."""
        return self.settings.bucket_place

    def s3_errors_explained(self) -> AbstractContextManager[None]:
        """Run `s3_errors_explained` for this bucket, for calls on `client` itself."""
        return s3_errors_explained(self.settings, self.keys)

    def problem_of(self, error: BaseException) -> Problem:
        """Return `problem_of` an error of this bucket."""
        return problem_of(error, self.settings, self.keys)

    def ask(self) -> None:
        """Ask for the first key of the listing: whether keys, bucket and region are right."""
        with self.s3_errors_explained():
            page = self.client.list_objects_v2(Bucket=self.name, MaxKeys=1)
        if not {"IsTruncated", "Name"} & set(page):
            # botocore takes every well-formed page, such as a website's, for an empty listing.
            not_s3 = ErrorResponse(
                code="", status=404, message="The answer is no listing.", operation="ListObjectsV2"
            )
            raise refused(not_s3, self.settings)

    def exists(self) -> bool:
        """Tell whether the bucket is there (`Problem` where it cannot be said)."""
        try:
            self.ask()
        except Problem as problem:
            answer = error_response_of(problem.__cause__) if problem.__cause__ else None
            if answer is not None and answer.code == "NoSuchBucket":
                return False
            raise
        return True

    def others(self) -> list[str]:
        """Return the names of other buckets that the keys can list, none where they cannot."""
        try:
            found = self.client.list_buckets()
        except S3_ERRORS:
            return []
        names = (entry.get("Name", "") for entry in found.get("Buckets", ()))
        return [name for name in names if name not in ("", self.name)]

    def create(self) -> None:
        """Create the bucket; fine if it is ours already."""
        region = self.settings.region
        # us-east-1 is said by saying nothing (S3's CreateBucket).
        places: list[dict[str, str]] = [{}]
        if region not in ("", "us-east-1", "auto"):
            places.insert(0, {"LocationConstraint": region})
        for place in places:
            extra: dict[str, Any] = {"CreateBucketConfiguration": place} if place else {}
            try:
                self.client.create_bucket(Bucket=self.name, **extra)
            except ClientError as error:
                answer = error_response_of(error)
                if answer is not None and answer.code == "BucketAlreadyOwnedByYou":
                    return
                # Self-hosted services often know no regions by name.
                if place and answer is not None and "LocationConstraint" in answer.code:
                    continue
                raise self.problem_of(error) from error
            except S3_ERRORS as error:
                raise self.problem_of(error) from error
            return

    def list_objects(self, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """Yield every object below a prefix, in the order of the keys, page by page."""
        token: dict[str, Any] = {"StartAfter": start_after} if start_after else {}
        while True:
            with self.s3_errors_explained():
                page = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, **token)
            for entry in page.get("Contents", ()):
                etag = entry.get("ETag", "").strip('"')
                yield ObjectInfo(entry["Key"], entry["Size"], etag)
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def top(self) -> tuple[list[str], list[str]]:
        """Return the first page of the bucket's top: "folders", and objects in none."""
        with self.s3_errors_explained():
            page = self.client.list_objects_v2(Bucket=self.name, Delimiter="/")
        folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
        return folders, [entry["Key"] for entry in page.get("Contents", ())]

    def put(self, key: str, body: bytes, *, acl: str = "", content_type: str = "text/plain") -> str:
        """Store an object as BookWyrm would; returns its ETag."""
        extra: dict[str, Any] = {"ACL": acl} if acl else {}
        with self.s3_errors_explained():
            stored = self.client.put_object(
                Bucket=self.name,
                Key=key,
                Body=body,
                ContentType=content_type,
                CacheControl="max-age=86400",
                **extra,
            )
        return stored.get("ETag", "").strip('"')

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        with self.s3_errors_explained():
            return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        """Delete an object; fine if it is gone."""
        with self.s3_errors_explained():
            self.client.delete_object(Bucket=self.name, Key=key)

    def get_cors(self) -> list[CorsRule]:
        """Return the CORS rules, none where none were set."""
        try:
            found = self.client.get_bucket_cors(Bucket=self.name)
        except ClientError as error:
            answer = error_response_of(error)
            if answer is not None and answer.code == "NoSuchCORSConfiguration":
                return []
            raise self.problem_of(error) from error
        except S3_ERRORS as error:
            raise self.problem_of(error) from error
        return [dict(rule) for rule in found.get("CORSRules", ())]

    def put_cors(self, rules: Sequence[CorsRule]) -> None:
        """Replace the CORS rules; without any, delete them."""
        with self.s3_errors_explained():
            if rules:
                configuration: Any = {"CORSRules": [dict(rule) for rule in rules]}
                self.client.put_bucket_cors(Bucket=self.name, CORSConfiguration=configuration)
            else:
                self.client.delete_bucket_cors(Bucket=self.name)

    def get_policy(self) -> Policy | None:
        """Return the bucket policy, None where none was set."""
        try:
            text = self.client.get_bucket_policy(Bucket=self.name).get("Policy", "")
        except ClientError as error:
            answer = error_response_of(error)
            if answer is not None and answer.code == "NoSuchBucketPolicy":
                return None
            raise self.problem_of(error) from error
        except S3_ERRORS as error:
            raise self.problem_of(error) from error
        return self._parsed(text) if text else None

    def _parsed(self, text: str) -> Policy:
        try:
            policy = json.loads(text)
        except ValueError:
            policy = None
        if isinstance(policy, dict):
            return policy
        # Such as `rclone serve s3`, which answers with a list of objects.
        unknown = ErrorResponse(
            code="NotImplemented",
            status=501,
            message="The answer is no policy.",
            operation="GetBucketPolicy",
        )
        raise refused(unknown, self.settings)

    def put_policy(self, policy: Policy | None) -> None:
        """Replace the bucket policy; None deletes it, and is fine where there is none."""
        if policy is None and self.get_policy() is None:
            return  # SeaweedFS would refuse to delete what is not there
        with self.s3_errors_explained():
            if policy is None:
                self.client.delete_bucket_policy(Bucket=self.name)
            else:
                text = json.dumps(policy)
                self.client.put_bucket_policy(Bucket=self.name, Policy=text)

    def get_acl(self) -> BucketAcl:
        """Return the bucket's own ACL: its owner and grants."""
        with self.s3_errors_explained():
            found = self.client.get_bucket_acl(Bucket=self.name)
        return {"Owner": dict(found.get("Owner", {})), "Grants": list(found.get("Grants", ()))}

    def put_acl(self, acl: str | BucketAcl) -> None:
        """Replace the bucket's own ACL, with a canned one or with a whole one."""
        with self.s3_errors_explained():
            if isinstance(acl, str):
                canned: Any = acl
                self.client.put_bucket_acl(Bucket=self.name, ACL=canned)
            else:
                grants: Any = dict(acl)
                self.client.put_bucket_acl(Bucket=self.name, AccessControlPolicy=grants)

    def public_access_block(self) -> dict[str, bool] | None:
        """Return Amazon's Block Public Access for this bucket, empty where there is none.

        None where the keys are not allowed to see it.
        """
        try:
            found = self.client.get_public_access_block(Bucket=self.name)
        except S3_ERRORS as error:
            # Most services do not know it; where it matters, putting the policy tells.
            answer = error_response_of(error)
            return None if answer is not None and answer.status == 403 else {}
        switches: Any = found.get("PublicAccessBlockConfiguration", {})
        return {name: bool(on) for name, on in switches.items()}

    def put_public_access_block(self, switches: Mapping[str, bool]) -> None:
        """Replace Amazon's Block Public Access for this bucket."""
        configuration: Any = dict(switches)
        with self.s3_errors_explained():
            self.client.put_public_access_block(
                Bucket=self.name, PublicAccessBlockConfiguration=configuration
            )
