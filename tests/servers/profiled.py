"""A stand-in for an S3 service that cannot be had: its documented answers before a real SeaweedFS.

It is no such service. What a profile (`profiles.py`) says is answered here; everything else,
signatures, policies and CORS included, is up to SeaweedFS, to which requests go on as they came.

    python -m tests.servers.profiled hetzner    # one to try things out with by hand
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers.profiles import PROFILES, Profile, Refusal
from tests.servers.refusing import Refusing, Reply, Request, error
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import SeaweedFS, path_style
from wizard.storage.bucket import Bucket, CorsRule
from wizard.storage.providers import preset

_ON = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# Of one connection only, or made anew for each answer.
_NOT_PASSED_ON = {"connection", "transfer-encoding", "date", "expect", "keep-alive"}
_CORS = "access-control-"
_NO_MD5 = "Missing required header for this request: Content-MD5"
# What a browser says, and what a client may ask of an object.
_FROM_STRANGERS = ("origin", "range", "if-none-match", "access-control-request-method")


class Profiled:
    """The service `name` in front of `behind`, with one bucket of its own.

    `account_blocks`: Block Public Access is on for the whole account, whatever the bucket says.
    """

    def __init__(
        self,
        name: str,
        behind: SeaweedFS,
        *,
        profile: Profile | None = None,
        account_blocks: bool = False,
    ) -> None:
        self.name, self.profile = name, profile or PROFILES[name]
        self.account_blocks = account_blocks
        self.keys = behind.keys
        self.bucket = f"books-{uuid.uuid4().hex[:12]}"
        self._behind = urlsplit(behind.endpoint).netloc
        self._real = Bucket(behind.settings(self.bucket), behind.keys)
        self._lock = threading.Lock()
        self._public: set[str] = set()
        self._opened = False  # the whole bucket
        self._listed = False
        self._policy = b""
        self._rules_from = 0.0  # when the CORS rules are in force
        on = self.profile.public_access_block == "on"
        self._blocks = dict.fromkeys(_ON, on)
        self._front = Refusing(self._answer)
        self._own_host = Refusing(self._on_its_own_host)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._front)
        self._stack.enter_context(self._own_host)
        self._real.create()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def settings(self) -> Settings:
        """What the provider's form has once it is filled in for this service."""
        service = preset(self.name)
        there = path_style(self.name, self.endpoint, self.bucket)
        there = replace(there, endpoint=there.endpoint + service.endpoint_path)
        if self.profile.public_host == "own":
            there = replace(there, custom_domain=self._own_host.host)
        return replace(there, region=service.default_region or "us-east-1")

    @property
    def endpoint(self) -> str:
        """The address of the stand-in, also as a proxy through which the service is reached."""
        return f"http://{self._front.host}"

    @property
    def requests(self) -> list[Request]:
        """What came in at the endpoint."""
        return self._front.requests

    def console_opens(self) -> None:
        """Let everybody read the bucket, as an admin's click in the console does."""
        assert self.profile.console == "bucket", f"{self.name} has no such switch"
        self._opened = True

    def console_sets_cors(self, rules: Sequence[CorsRule]) -> None:
        """Set CORS rules, as an admin does in the console or with the service's own program."""
        self._real.put_cors(rules)

    # What goes on -------------------------------------------------------------------------------

    def _answer(self, request: Request) -> Reply:
        if path := preset(self.name).endpoint_path:
            request = self._without_path(request, path)
        refusal = self._refusal(request)
        if refusal is not None:
            return _as_reply(refusal)
        if not _is_signed(request):
            return self._with_cors(request, self._to_strangers(request))
        if request.call.endswith("PublicAccessBlock"):
            return self._public_access_block(request)
        if request.call.endswith("BucketAcl"):
            return self._bucket_acl(request)
        if request.call.endswith("BucketPolicy") and self.profile.policy == "ignored":
            return self._idle_policy(request)
        reply = self._pass_on(request.method, request.raw_path, request.headers, request.body)
        if reply.status < 300:
            self._note(request)
        return reply

    def _without_path(self, request: Request, path: str) -> Request:
        """Take away the path of the endpoint, which SeaweedFS has not, and sign what is left."""
        raw, headers = request.raw_path.removeprefix(path), dict(request.headers)
        there = replace(request, path=request.path.removeprefix(path), raw_path=raw)
        if not request.signed:
            return there
        assert raw != request.raw_path, f"{request.raw_path} is not below {path}"
        kept = {n: v for n, v in headers.items() if n == "content-type" or n.startswith("x-amz-")}
        again = AWSRequest(request.method, f"http://{headers['host']}{raw}", kept, request.body)
        keys = Credentials(self.keys.access_key_id, self.keys.secret_access_key)
        S3SigV4Auth(keys, "s3", self.settings.region).add_auth(again)
        signed = {name.lower(): value for name, value in again.headers.items()}
        return replace(there, headers={**headers, **signed})

    def _refusal(self, request: Request) -> Refusal | None:
        """What the service refuses of what comes from those who have keys."""
        if not _is_signed(request):
            return None
        profile, headers = self.profile, request.headers
        answers = {
            "PutBucketAcl": profile.bucket_acl,
            "GetBucketPolicy": profile.policy,
            "PutBucketPolicy": profile.policy,
            "DeleteBucketPolicy": profile.policy,
            "PutBucketCors": profile.put_cors,
            "DeleteBucketCors": profile.put_cors,
            "GetBucketCors": profile.get_cors,
            "GetPublicAccessBlock": profile.public_access_block,
            "PutPublicAccessBlock": profile.public_access_block,
            "CreateBucket": profile.create_bucket,
        }
        found = [answers.get(request.call)]
        if request.key and "x-amz-acl" in headers:
            found.append(profile.object_acl)
        if _has_new_checksum(headers):
            found.append(profile.checksums)
        if request.call == "PutBucketPolicy" and self._blocks_policies:
            found.append(profile.policy_blocked)
        if request.call == "PutBucketCors":
            body = request.body.decode()
            found += [r for r in profile.cors_refuses if re.search(r.pattern, body)]
        if request.body and _is_md5_asked_for(request) and profile.needs_md5:
            found.append(Refusal(status=400, code="MissingContentMD5", message=_NO_MD5, source=""))
        return next((answer for answer in found if isinstance(answer, Refusal)), None)

    @property
    def _blocks_policies(self) -> bool:
        return self.account_blocks or self._blocks["BlockPublicPolicy"]

    def _note(self, request: Request) -> None:
        """Remember what was done, where it decides later answers."""
        if request.call == "PutBucketCors":
            self._rules_from = time.monotonic() + self.profile.cors_seconds
        self._note_acl(request)

    def _note_acl(self, request: Request) -> None:
        """Remember which objects their ACL opens; without one an object is private."""
        writes = request.key and request.method in ("PUT", "DELETE")
        if not writes or "partNumber" in request.query:
            return
        honoured = self.profile.object_acl == "honoured"
        with self._lock:
            if honoured and request.headers.get("x-amz-acl") == "public-read":
                self._public.add(request.key)
            else:
                self._public.discard(request.key)

    def _bucket_acl(self, request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, _acl(opened=self._opened))
        public = request.headers.get("x-amz-acl") == "public-read"
        self._opened = public and self.profile.bucket_acl == "honoured"
        self._listed = public and self.profile.bucket_acl_lists
        return Reply(200)

    def _idle_policy(self, request: Request) -> Reply:
        """Keep a policy that nobody asks."""
        if request.method == "GET" and not self._policy:
            return error(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
        if request.method == "GET":
            return Reply(200, self._policy)
        self._policy = request.body
        return Reply(204)

    def _public_access_block(self, request: Request) -> Reply:
        if request.method == "PUT":
            on = dict(re.findall(r"<(\w+)>(true|false)</", request.body.decode()))
            self._blocks = {name: on.get(name) == "true" for name in _ON}
            return Reply(200)
        if not any(self._blocks.values()):
            missing = "The public access block configuration was not found"
            return error(404, "NoSuchPublicAccessBlockConfiguration", missing)
        switches = "".join(
            f"<{name}>{str(on).lower()}</{name}>" for name, on in self._blocks.items()
        )
        kind = "PublicAccessBlockConfiguration"
        return Reply(200, f"<{kind}>{switches}</{kind}>".encode())

    # Those without keys -------------------------------------------------------------------------

    def _on_its_own_host(self, request: Request) -> Reply:
        """Answer at the host that only the public uses, which knows no bucket's name."""
        path = f"/{self.bucket}{request.path}"
        there = replace(request, path=path, raw_path=f"/{self.bucket}{request.raw_path}")
        return self._with_cors(there, self._to_public(there))

    def _to_strangers(self, request: Request) -> Reply:
        if self.profile.public_host == "own" and request.method != "OPTIONS":
            return _as_reply(self.profile.anonymous)
        return self._to_public(request)

    def _to_public(self, request: Request) -> Reply:
        there = self._pass_on(request.method, request.raw_path, request.headers, request.body)
        if there.status < 400 or request.method not in ("GET", "HEAD"):
            return there
        if self._opened if request.key else self._listed:
            return self._with_our_keys(request)
        with self._lock:
            is_open = request.key in self._public
        return self._with_our_keys(request) if is_open else _as_reply(self.profile.anonymous)

    def _with_our_keys(self, request: Request) -> Reply:
        """Fetch what the service lets everybody have, which SeaweedFS does not."""
        if not request.key:
            listed = "".join(
                f"<Contents><Key>{found.key}</Key></Contents>"
                for found in self._real.list_objects()
            )
            return Reply(200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())
        call = "get_object" if request.method == "GET" else "head_object"
        place = {"Bucket": self.bucket, "Key": request.key}
        target = urlsplit(self._real.client.generate_presigned_url(call, place))
        headers = {
            name: request.headers[name] for name in _FROM_STRANGERS if name in request.headers
        }
        path = f"{target.path}?{target.query}"
        return self._pass_on(request.method, path, {**headers, "host": target.netloc}, b"")

    def _with_cors(self, request: Request, reply: Reply) -> Reply:
        """Give the answer the CORS headers of this service."""
        origin = request.headers.get("origin", "")
        rules = self._real.get_cors()
        headers = dict(reply.headers)
        if not rules or time.monotonic() < self._rules_from:
            # SeaweedFS lets every origin in as long as there are no rules, and goes by new ones
            # at once.
            headers = {n: v for n, v in headers.items() if not n.lower().startswith(_CORS)}
        if self.profile.cors_always and origin:
            headers["Access-Control-Allow-Origin"] = self.profile.cors_always
        elif self.profile.cors_joins_origins:
            joined = [r["AllowedOrigins"] for r in rules if origin in r["AllowedOrigins"]]
            if joined:
                headers["Access-Control-Allow-Origin"] = ", ".join(joined[0])
        return replace(reply, headers=headers)

    def _pass_on(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Have SeaweedFS answer. The signature covers Host, so it stays as the client wrote it."""
        connection = http.client.HTTPConnection(self._behind, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name not in _NOT_PASSED_ON:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            content = answer.read()
            kept = {n.title(): v for n, v in answer.getheaders() if n.lower() not in _NOT_PASSED_ON}
        finally:
            connection.close()
        if method != "HEAD":
            kept.pop("Content-Length", None)
        return Reply(answer.status, content, kept)


def rules_of(document: str) -> list[CorsRule]:
    """Return the rules of a cors.json, whichever of the consoles' forms it has."""
    found = json.loads(document)
    rules: list[dict[str, Any]] = found["CORSRules"] if isinstance(found, dict) else found
    return [
        {"AllowedOrigins": rule["origin"], "AllowedMethods": rule["method"]}
        if "origin" in rule
        else rule
        for rule in rules
    ]


def _acl(*, opened: bool) -> bytes:
    """Return a bucket's ACL: its owner's grant, and everybody's where it is opened."""
    type_of = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type'
    everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
    grants = [(f'<Grantee {type_of}="CanonicalUser"><ID>us</ID></Grantee>', "FULL_CONTROL")]
    if opened:
        grants.append((f'<Grantee {type_of}="Group"><URI>{everybody}</URI></Grantee>', "READ"))
    listed = "".join(
        f"<Grant>{who}<Permission>{right}</Permission></Grant>" for who, right in grants
    )
    owner = "<Owner><ID>us</ID></Owner>"
    kind = "AccessControlPolicy"
    return (f"<{kind}>{owner}<AccessControlList>{listed}</AccessControlList></{kind}>").encode()


def _as_reply(refusal: Refusal) -> Reply:
    return error(refusal.status, refusal.code, escape(refusal.message, quote=False))


def _is_signed(request: Request) -> bool:
    return request.signed or "X-Amz-Signature" in request.query


def _has_new_checksum(headers: Mapping[str, str]) -> bool:
    return any(
        name in ("x-amz-sdk-checksum-algorithm", "x-amz-trailer")
        or name.startswith("x-amz-checksum-")
        for name in headers
    )


def _is_md5_asked_for(request: Request) -> bool:
    asks = request.call in ("PutBucketCors", "PutBucketPolicy") or "delete" in request.query
    return asks and "content-md5" not in request.headers


def main(name: str) -> None:
    """Run one until its input ends, and do what an admin clicks in the console."""
    with (
        tempfile.TemporaryDirectory() as folder,
        SeaweedFS(Path(folder)) as behind,
        Profiled(name, behind) as service,
    ):
        settings, keys = service.settings, service.keys
        print(
            f"A stand-in for {preset(name).title}\n"
            f"Endpoint: {settings.endpoint}\nRegion: {settings.region}\n"
            f"Bucket: {settings.bucket}\nCustom domain: {settings.custom_domain}\n"
            f"Access key: {keys.access_key_id}\nSecret key: {keys.secret_access_key}\n"
            "open: let everybody read the bucket. cors FILE: set the rules of a cors.json.",
            flush=True,
        )
        for line in sys.stdin:
            match line.split():
                case ["open"]:
                    service.console_opens()
                case ["cors", path]:
                    service.console_sets_cors(rules_of(Path(path).read_text()))


if __name__ == "__main__":
    main(sys.argv[1])
