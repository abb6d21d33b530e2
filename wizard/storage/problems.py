"""What an S3 service's refusals mean, in the admin's words."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from awscrt.exceptions import AwsCrtError
from awscrt.s3 import S3ResponseError
from botocore.exceptions import ClientError

from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import Settings
from wizard.storage.providers import preset

_RETRY = Remedy("Try again in a few minutes: it goes on where it was.", Action.RETRY)
_EDIT = Remedy("Correct it, then go on.", Action.EDIT_PROVIDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse:
    """A service's refusal: S3's error code ("" without one), HTTP status, words, what was asked."""

    code: str
    status: int
    message: str
    operation: str
    region: str = ""
    endpoint: str = ""

    @property
    def raw(self) -> str:
        """All of it in one line."""
        return f"{self.operation}: {self.code or 'HTTP'} ({self.status}) {self.message}".strip()

    @property
    def is_unknown_call(self) -> bool:
        """Whether it says that the service does not know this call at all."""
        if self.code == "BucketAlreadyExists":
            # `rclone serve s3` takes every PUT on a bucket for its creation.
            return self.operation != "CreateBucket"
        return self.code in _NOT_THERE or self.status in (405, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    what: str
    why: str
    remedies: tuple[str | Remedy, ...]
    field: str | None = None


def _refusal(what: str, why: str, *remedies: str | Remedy, field: str | None = None) -> _Refusal:
    return _Refusal(what=what, why=why, remedies=remedies, field=field)


# What services say of a call that they do not know.
_NOT_THERE = {"NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented"}

_WRONG_KEY = _refusal(
    "The storage does not know this access key.",
    "It is mistyped, was deleted, or belongs to another provider or region.",
    "{keys}",
    Remedy("Enter the access key anew.", Action.EDIT_PROVIDER),
    field="access_key_id",
)
_WRONG_SECRET = _refusal(
    "The secret key does not fit the access key.",
    "It is mistyped or cut off, or comes from another pair of keys.",
    Remedy("Copy the secret key anew, as a whole.", Action.EDIT_PROVIDER),
    "Where the console shows it only once, make a new pair of keys.",
    field="secret_access_key",
)
_WRONG_REGION = _refusal(
    "The bucket {bucket} is in another region than {region}.",
    "{hint}",
    Remedy("Enter the bucket's region (and its endpoint), then go on.", Action.EDIT_PROVIDER),
    field="region",
)
_NO_BUCKET = _refusal(
    "There is no bucket {bucket}.",
    "Its name is mistyped, it is in another region or account, or it was not created yet.{where}",
    Remedy("Correct the name, or create the bucket.", Action.EDIT_PROVIDER),
    field="bucket",
)
_FOREIGN_BUCKET = _refusal(
    "The name {bucket} is taken, by a bucket that these keys do not see.",
    "Names of buckets are shared by all customers of a service: it may be somebody else's, or one "
    "of another account or project of yours.{where}",
    Remedy("Choose another name, such as {bucket}-media.", Action.EDIT_PROVIDER),
    field="bucket",
)
_BAD_BUCKET_NAME = _refusal(
    "The service does not accept {bucket} as a bucket's name.",
    "3 to 63 small letters, digits and hyphens are right everywhere.",
    Remedy("Choose another name.", Action.EDIT_PROVIDER),
    field="bucket",
)
_CLOCK = _refusal(
    "This machine's clock is wrong.",
    "The storage refuses what was signed more than a quarter of an hour ago or ahead.",
    "Set the clock: sudo timedatectl set-ntp true; then compare: date -u",
    _RETRY,
)
_BUSY = _refusal(
    "The storage is too busy now.",
    "It asked for fewer requests, or is being repaired.",
    _RETRY,
    "If it stays so, look at your provider's status page, or limit the rate.",
)
_BROKEN = _refusal(
    "The storage failed on its own side.",
    "It answered with an error of the server's.",
    _RETRY,
    "If it stays so, look at your provider's status page.",
    "If it never worked, compare the endpoint: another service may answer there.",
)
_FULL = _refusal(
    "The storage takes no more data.",
    "A quota is used up, the account is closed or unpaid, or the disks are full.",
    "Look at quota and billing in your provider's console.",
    _RETRY,
)
_NO_ACL = _refusal(
    "The bucket does not accept the ACL “public-read”.",
    "Like all new buckets at Amazon, it is opened by a bucket policy, not file by file.",
    "Go back to the first step: it leaves AWS_DEFAULT_ACL empty and has a policy open the files.",
)
_CHECKSUM = _refusal(
    "The storage does not understand the checksum that was sent along.",
    "It follows an older version of S3.",
    "Tell the makers of bw-s3 which service and version this is.",
)
_UNKNOWN_CALL = _refusal(
    "The storage does not know how to {doing}.",
    "Not every service that calls itself S3-compatible offers all of S3.",
    "{console}",
)
_NOT_S3 = _refusal(
    "What answers at {endpoint} does not speak S3.",
    "It is a website or another service: the endpoint is probably mistyped.",
    _EDIT,
    "Compare it with your provider's documentation.",
    field="endpoint",
)
_PLAIN_ON_TLS = _refusal(
    "The endpoint wants https.",
    "It was asked in plain http on its port for https.",
    Remedy("Write https:// instead of http:// in the endpoint.", Action.EDIT_PROVIDER),
    field="endpoint",
)
_OTHERWISE = _refusal(
    "The storage refused to {doing}.",
    "Its own words tell best why: {message}",
    _RETRY,
    "Look it up in your provider's documentation.",
)

_NATIVE_RULES = _refusal(
    "The bucket's CORS rules cannot be changed through S3.",
    "Rules that were set in Backblaze's own console or with its own API stand in the way of those "
    "of its S3 API. Its words: {message}",
    "Remove them first, in the bucket's CORS settings there, or with: "
    "b2 bucket update --cors-rules '[]' {bucket}",
    Remedy("Then try again.", Action.RETRY),
)

_BY_CODE = {
    "InvalidAccessKeyId": _WRONG_KEY,
    "InvalidAccessKey": _WRONG_KEY,
    "InvalidClientTokenId": _WRONG_KEY,
    "InvalidToken": _WRONG_KEY,
    "NotSignedUp": _WRONG_KEY,
    "UnrecognizedClientException": _WRONG_KEY,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "InvalidSignature": _WRONG_SECRET,
    "PermanentRedirect": _WRONG_REGION,
    "TemporaryRedirect": _WRONG_REGION,
    "Redirect": _WRONG_REGION,
    "IllegalLocationConstraintException": _WRONG_REGION,
    "InvalidLocationConstraint": _WRONG_REGION,
    "InvalidRegionName": _WRONG_REGION,
    "NoSuchBucket": _NO_BUCKET,
    "InvalidBucketName": _BAD_BUCKET_NAME,
    "BucketAlreadyExists": _FOREIGN_BUCKET,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "TooManyRequests": _BUSY,
    "TooManyRequestsException": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "OperationAborted": _BUSY,
    "InternalError": _BROKEN,
    "RequestTimeout": _BUSY,
    "QuotaExceeded": _FULL,
    "InsufficientStorage": _FULL,
    "InsufficientCapacity": _FULL,
    "XMinioStorageFull": _FULL,
    "AccountProblem": _FULL,
    "TooManyBuckets": _FULL,
    "AccessControlListNotSupported": _NO_ACL,
    "MissingContentMD5": _CHECKSUM,
    "XAmzContentSHA256Mismatch": _CHECKSUM,
    "BadDigest": _CHECKSUM,
}
_BY_STATUS = {
    301: _WRONG_REGION,
    307: _WRONG_REGION,
    401: _WRONG_KEY,
    404: _NOT_S3,
    429: _BUSY,
    500: _BROKEN,
    502: _BROKEN,
    503: _BUSY,
    504: _BROKEN,
    507: _FULL,
}

_PASSING = {408, 429, 500, 502, 503, 504}

# What a call is for, and the right that it takes.
_CALLS = {
    "ListObjectsV2": ("list the bucket", "s3:ListBucket"),
    "ListBuckets": ("list your buckets", "s3:ListAllMyBuckets"),
    "CreateBucket": ("create the bucket", "s3:CreateBucket"),
    "PutObject": ("write objects", "s3:PutObject"),
    "CreateMultipartUpload": ("write objects", "s3:PutObject"),
    "UploadPart": ("write objects", "s3:PutObject"),
    "CopyObject": ("write objects", "s3:PutObject"),
    "PutObjectAcl": ("set ACLs", "s3:PutObjectAcl"),
    "GetObject": ("read objects", "s3:GetObject"),
    "HeadObject": ("read objects", "s3:GetObject"),
    "DeleteObject": ("delete objects", "s3:DeleteObject"),
    "GetBucketCors": ("read the CORS rules", "s3:GetBucketCORS"),
    "PutBucketCors": ("set CORS rules", "s3:PutBucketCORS"),
    "DeleteBucketCors": ("delete CORS rules", "s3:PutBucketCORS"),
    "GetBucketPolicy": ("read the bucket policy", "s3:GetBucketPolicy"),
    "PutBucketPolicy": ("set the bucket policy", "s3:PutBucketPolicy"),
    "DeleteBucketPolicy": ("delete the bucket policy", "s3:DeleteBucketPolicy"),
    "GetPublicAccessBlock": ("read Block Public Access", "s3:GetBucketPublicAccessBlock"),
    "PutPublicAccessBlock": ("change Block Public Access", "s3:PutBucketPublicAccessBlock"),
}


def error_response_of(error: BaseException) -> ErrorResponse | None:
    """Return what the service answered; None where the error is none of a service's."""
    if isinstance(error, ClientError):
        return _from_botocore(error.response, error.operation_name)
    if isinstance(error, S3ResponseError) and error.status_code:
        return _from_crt(error)
    if isinstance(error, AwsCrtError) and error.name == "AWS_ERROR_S3_SLOW_DOWN":
        return ErrorResponse(
            code="SlowDown", status=503, message=error.message, operation="PutObject"
        )
    return None


def will_pass(problem: Problem) -> bool:
    """Tell whether a problem says nothing of what the storage can do, since it is busy or down.

    To be asked of a `Problem` raised from the error of a client.
    """
    if problem.__cause__ is None:
        return False
    answer = error_response_of(problem.__cause__)
    return answer is None or answer.status in _PASSING


def refused(answer: ErrorResponse, settings: Settings) -> Problem:
    """Return the `Problem` behind a refusal."""
    refusal = _find(answer, settings)
    doing, _ = _call(answer)
    places = {
        "{bucket}": settings.bucket or "?",
        "{region}": settings.region or "the default region",
        "{endpoint}": settings.endpoint,
        "{doing}": doing,
        "{message}": answer.message or answer.code or f"HTTP {answer.status}",
        "{hint}": _region_hint(answer),
        "{where}": _where(settings),
        "{keys}": "Look it up or make a new one: " + preset(settings.provider).keys,
        "{console}": _console(answer, settings),
    }
    remedies = [_filled(r, places) for r in refusal.remedies]
    what, why = _put(refusal.what, places), _put(refusal.why, places)
    return Problem(what, why, *remedies, raw=answer.raw, field=refusal.field)


def missing_bucket(settings: Settings) -> Problem:
    """Return the `Problem` of a bucket that is not there, and that can be created from here."""
    return Problem(
        _put(_NO_BUCKET.what, {"{bucket}": settings.bucket}),
        _put(_NO_BUCKET.why, {"{where}": _where(settings)}),
        Remedy("Correct the name, or let it be created here.", Action.EDIT_PROVIDER),
        field=_NO_BUCKET.field,
        decision=True,
    )


# Where the code says little, the words say more.
_BY_WORDS = (
    (re.compile(r"plain HTTP request|HTTP request to an HTTPS", re.IGNORECASE), _PLAIN_ON_TLS),
    (re.compile(r"\bACLs?\b|canned acl", re.IGNORECASE), _NO_ACL),
    (re.compile(r"checksum|x-amz-content-sha256", re.IGNORECASE), _CHECKSUM),
)
_DENIED = {"AccessDenied", "Forbidden", "AllAccessDisabled", "AccessForbidden"}
_MALFORMED = {"AuthorizationHeaderMalformed", "AuthorizationQueryParametersError"}


def _find(answer: ErrorResponse, settings: Settings) -> _Refusal:
    if answer.is_unknown_call:
        return _UNKNOWN_CALL
    # A key without the right says so; all else that is refused there are rules of its own.
    rules = "BucketCors" in answer.operation and _is_at(settings, "backblazeb2.com")
    if rules and answer.code not in _DENIED and answer.status == 400:
        return _NATIVE_RULES
    if answer.code in _MALFORMED:
        about_region = answer.region or "region" in answer.message.lower()
        return _WRONG_REGION if about_region else _WRONG_KEY
    if answer.code in _DENIED or (answer.status == 403 and answer.code not in _BY_CODE):
        return _denied(answer)
    if answer.code in _BY_CODE:
        return _BY_CODE[answer.code]
    return _without_a_known_code(answer, settings)


def _without_a_known_code(answer: ErrorResponse, settings: Settings) -> _Refusal:
    for words, refusal in _BY_WORDS:
        if words.search(answer.message):
            return refusal
    if answer.status == 400 and not answer.code and settings.endpoint.startswith("http:"):
        return _PLAIN_ON_TLS
    return _BY_STATUS.get(answer.status, _OTHERWISE)


def _denied(answer: ErrorResponse) -> _Refusal:
    if re.search(
        r"BlockPublicPolicy|public policies|public access block|BlockPublicAcls", answer.message
    ):
        return _refusal(
            "The account does not let a bucket policy open files to strangers.",
            "“Block Public Access” is on, for the bucket or for the whole account.",
            "{console}",
        )
    doing, right = _call(answer)
    if answer.operation == "ListObjectsV2":
        return _refusal(
            "The keys may not list the bucket {bucket}.",
            "Either it belongs to somebody else, or these keys lack the right to list it, which "
            "BookWyrm needs too.{where}",
            Remedy("Compare the bucket's name.", Action.EDIT_PROVIDER),
            f"Give the keys the right {right} in your provider's console.",
            field="bucket",
        )
    return _refusal(
        f"The keys may not {doing}.",
        f"They lack the right {right} on the bucket {{bucket}}.",
        f"Give the keys the right {right} on this bucket in your provider's console.",
        Remedy("Use other keys.", Action.EDIT_PROVIDER),
        field="access_key_id",
    )


def _is_at(settings: Settings, host: str) -> bool:
    name = settings.endpoint_host.partition(":")[0]
    return name == host or name.endswith(f".{host}")


# Why keys of some services do not see a bucket that is there, by the endpoint's host.
_UNSEEN = (
    (
        "scw.cloud",
        " At Scaleway, S3 looks only into the preferred project of the keys' API key: a bucket of "
        "another project of yours is not there for them. Make an API key with that project as its "
        "preferred one.",
    ),
    (
        "backblazeb2.com",
        " At Backblaze, a key that is limited to names with a prefix cannot list the bucket: make "
        "one for the whole bucket, with “Allow List All Bucket Names”.",
    ),
)


def _where(settings: Settings) -> str:
    """Return what else may be why the keys do not see the bucket, "" where nothing is known."""
    return next((text for host, text in _UNSEEN if _is_at(settings, host)), "")


def _call(answer: ErrorResponse) -> tuple[str, str]:
    return _CALLS.get(answer.operation, (f"do {answer.operation}", f"s3:{answer.operation}"))


def _region_hint(answer: ErrorResponse) -> str:
    if answer.region:
        return f"The storage says that it is in {answer.region}."
    if answer.endpoint:
        return f"The storage says that it is to be reached at {answer.endpoint}."
    return "Region and endpoint have to be those in which the bucket was created."


def _console(answer: ErrorResponse, settings: Settings) -> str:
    topic = "cors" if "Cors" in answer.operation else "policy"
    if "public" in answer.message.lower():
        topic = "public"
    return preset(settings.provider).advice(topic, settings)


def _filled(remedy: str | Remedy, places: dict[str, str]) -> Remedy:
    if isinstance(remedy, str):
        return Remedy(_put(remedy, places))
    return Remedy(_put(remedy.text, places), remedy.action)


def _put(text: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def _from_botocore(response: Any, operation: str) -> ErrorResponse:
    error, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = meta.get("HTTPHeaders", {})
    code = str(error.get("Code", ""))
    return ErrorResponse(
        # For an answer without a body botocore puts the status there.
        code="" if code.isdigit() else code,
        status=int(meta.get("HTTPStatusCode", 0)),
        message=str(error.get("Message") or ""),
        operation=operation,
        region=str(error.get("Region") or headers.get("x-amz-bucket-region", "")),
        endpoint=str(error.get("Endpoint") or ""),
    )


def _from_crt(error: S3ResponseError) -> ErrorResponse:
    found = _elements(error.body or b"")
    headers = {name.lower(): value for name, value in error.headers or ()}
    return ErrorResponse(
        code=found.get("Code", ""),
        status=int(error.status_code),
        message=found.get("Message", error.message),
        operation=error.operation_name or "PutObject",
        region=found.get("Region", headers.get("x-amz-bucket-region", "")),
        endpoint=found.get("Endpoint", ""),
    )


def _elements(body: bytes) -> dict[str, str]:
    """Return the elements of S3's error document, which has no nesting."""
    found = re.findall(r"<(\w+)>([^<]*)</\1>", body.decode(errors="replace"))
    return {name: html.unescape(text) for name, text in found}
