"""What an S3 service's refusals mean, in the admin's words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from awscrt.exceptions import AwsCrtError
from awscrt.s3 import S3ResponseError
from botocore.exceptions import ClientError

from wizard.core.message import NOTHING, Message, msg, sentences
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import Settings
from wizard.storage.addresses import service_of
from wizard.storage.calls import call_of

_RETRY = Remedy(msg("Try again in a few minutes: it continues where it left off."), Action.RETRY)
_RETRY_NOW = Remedy(msg("Then try again."), Action.RETRY)


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


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A refusal, and the settings with which it was asked."""

    answer: ErrorResponse
    settings: Settings

    def problem(
        self,
        what: Message,
        why: Message,
        *remedies: Remedy | Message,
        code: str,
        field: str | None = None,
    ) -> Problem:
        """Return the `Problem` in these words."""
        return Problem(what, why, *remedies, raw=self.answer.raw, field=field, code=code)

    def advice(self, topic: str) -> Message:
        """Return what to do in the provider's console."""
        return service_of(self.settings).advice(topic, self.settings)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.settings.bucket or "?"

    @property
    def message(self) -> str:
        """What the service said."""
        return self.answer.message or self.answer.code or f"HTTP {self.answer.status}"

    @property
    def console(self) -> Message:
        """What to do in the console about what was refused."""
        topic = "cors" if "Cors" in self.answer.operation else "policy"
        return self.advice("public" if "public" in self.answer.message.lower() else topic)


# What services say of a call that they do not know.
_NOT_THERE = {"NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented"}


def _wrong_key(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The storage does not know this access key."),
        msg("It is mistyped, was deleted, or belongs to another provider or region."),
        # Translators: {where} is where a provider's console shows access keys.
        msg("Look it up or make a new one: {where}", where=refusal.advice("keys")),
        Remedy(msg("Enter the access key again."), Action.EDIT_PROVIDER),
        field="access_key_id",
        code="access-key-unknown",
    )


def _wrong_secret(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The secret key does not fit the access key."),
        msg("It is mistyped or cut off, or comes from another pair of keys."),
        Remedy(msg("Copy the secret key again, as a whole."), Action.EDIT_PROVIDER),
        msg("If the console shows it only once, make a new pair of keys."),
        field="secret_access_key",
        code="secret-key-wrong",
    )


def _wrong_region(refusal: _Refusal) -> Problem:
    region = refusal.settings.region
    return refusal.problem(
        msg(
            "The bucket {bucket} is in another region than {region}.",
            bucket=refusal.bucket,
            region=region,
        )
        if region
        else msg("The bucket {bucket} is not in the default region.", bucket=refusal.bucket),
        _right_region(refusal.answer),
        Remedy(
            msg("Enter the bucket's region (and its endpoint), then continue."),
            Action.EDIT_PROVIDER,
        ),
        field="region",
        code="bucket-in-other-region",
    )


def _no_bucket(refusal: _Refusal) -> Problem:
    return refusal.problem(
        _no_such_bucket(refusal.bucket),
        _why_no_bucket(refusal.settings),
        Remedy(msg("Correct the name, or create the bucket."), Action.EDIT_PROVIDER),
        field="bucket",
        code="bucket-not-found",
    )


def _no_such_bucket(bucket: str) -> Message:
    return msg("There is no bucket {bucket}.", bucket=bucket)


def _why_no_bucket(settings: Settings) -> Message:
    return sentences(
        msg("Its name is mistyped, it is in another region or account, or it was not created yet."),
        _where(settings),
    )


def _foreign_bucket(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg(
            "The name {bucket} is taken by a bucket that these keys cannot see.",
            bucket=refusal.bucket,
        ),
        sentences(
            msg(
                "Bucket names are shared by all customers of a service: it may be somebody "
                "else's, or in another account or project of yours."
            ),
            _where(refusal.settings),
        ),
        Remedy(
            msg("Choose another name, such as {bucket}-media.", bucket=refusal.bucket),
            Action.EDIT_PROVIDER,
        ),
        field="bucket",
        code="bucket-name-taken",
    )


def _bad_bucket_name(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The service does not accept {bucket} as a bucket's name.", bucket=refusal.bucket),
        msg("3 to 63 lowercase letters, digits and hyphens are accepted everywhere."),
        Remedy(msg("Choose another name."), Action.EDIT_PROVIDER),
        field="bucket",
        code="bucket-name-invalid",
    )


def _clock(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("This machine's clock is wrong."),
        msg("The storage refuses requests whose time is off by more than 15 minutes."),
        msg("Set the clock: sudo timedatectl set-ntp true; then compare: date -u"),
        _RETRY,
        code="clock-wrong",
    )


def _busy(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The storage is too busy now."),
        msg("It asked for fewer requests, or is being repaired."),
        _RETRY,
        msg("If it persists, look at your provider's status page, or limit the speed of the copy."),
        code="storage-busy",
    )


def _broken(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The storage had an internal error."),
        msg("It answered with a server error."),
        _RETRY,
        msg("If it persists, look at your provider's status page."),
        msg("If it never worked, check the endpoint: another service may answer there."),
        code="storage-failed",
    )


def _full(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The storage accepts no more data."),
        msg("A quota is used up, the account is closed or unpaid, or the disks are full."),
        msg("Look at quota and billing in your provider's console."),
        _RETRY,
        code="storage-full",
    )


def _no_acl(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The bucket does not accept the ACL “public-read”."),
        msg("The service opens the bucket in another way, not file by file."),
        msg(
            "Go back to the first step: it leaves AWS_DEFAULT_ACL empty and lets the public read "
            "in a way that this service knows."
        ),
        code="acl-refused",
    )


def _checksum(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The storage does not understand the checksum that was sent along."),
        msg("It follows an older version of S3."),
        msg("Tell the makers of bw-s3 which service and version this is."),
        code="checksum-refused",
    )


def _unknown_call(refusal: _Refusal) -> Problem:
    return refusal.problem(
        call_of(refusal.answer.operation).unknown,
        msg("Not every service that calls itself S3-compatible offers all of S3."),
        refusal.console,
        code="call-unknown",
    )


def _not_s3(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("What answers at {endpoint} does not speak S3.", endpoint=refusal.settings.endpoint),
        msg("It is a website or another service: the endpoint is probably mistyped."),
        Remedy(msg("Correct it, then continue."), Action.EDIT_PROVIDER),
        msg("Compare it with your provider's documentation."),
        field="endpoint",
        code="endpoint-not-s3",
    )


def _plain_on_tls(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The endpoint wants https."),
        msg("It was addressed over plain http on its https port."),
        Remedy(msg("Write https:// instead of http:// in the endpoint."), Action.EDIT_PROVIDER),
        field="endpoint",
        code="endpoint-wants-https",
    )


def _otherwise(refusal: _Refusal) -> Problem:
    return refusal.problem(
        call_of(refusal.answer.operation).refused,
        msg("Its own message explains it best: {message}", message=refusal.message),
        _RETRY,
        msg("Look it up in your provider's documentation."),
        code="storage-refused",
    )


def _native_rules(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The bucket's CORS rules cannot be changed through S3."),
        msg(
            "Rules set in Backblaze's own console or with its own API block those of its S3 "
            "API. Its message: {message}",
            message=refusal.message,
        ),
        msg(
            "Remove them first, in the bucket's CORS settings there, or with: "
            "b2 bucket update --cors-rules '[]' {bucket}",
            bucket=refusal.bucket,
        ),
        _RETRY_NOW,
        code="cors-rules-of-backblaze",
    )


def _policy_blocked(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The account does not let a bucket policy make files public."),
        msg("“Block Public Access” is on, for the bucket or for the whole account."),
        refusal.console,
        code="public-access-blocked",
    )


def _not_listable(refusal: _Refusal) -> Problem:
    return refusal.problem(
        msg("The keys are not allowed to list the bucket {bucket}.", bucket=refusal.bucket),
        sentences(
            msg(
                "Either it belongs to somebody else, or these keys lack the right to list it, "
                "which BookWyrm needs too."
            ),
            _where(refusal.settings),
        ),
        Remedy(msg("Check the bucket's name."), Action.EDIT_PROVIDER),
        msg(
            "Give the keys the right {right} in your provider's console.",
            right=call_of(refusal.answer.operation).right,
        ),
        field="bucket",
        code="bucket-not-listable",
    )


def _right_missing(refusal: _Refusal) -> Problem:
    call = call_of(refusal.answer.operation)
    return refusal.problem(
        call.denied,
        msg(
            "They lack the right {right} on the bucket {bucket}.",
            right=call.right,
            bucket=refusal.bucket,
        ),
        msg(
            "Give the keys the right {right} on this bucket in your provider's console.",
            right=call.right,
        ),
        Remedy(msg("Use other keys."), Action.EDIT_PROVIDER),
        field="access_key_id",
        code="right-missing",
    )


_Explain: TypeAlias = Callable[[_Refusal], Problem]

_BY_CODE: Mapping[str, _Explain] = {
    "InvalidAccessKeyId": _wrong_key,
    "InvalidAccessKey": _wrong_key,
    "InvalidClientTokenId": _wrong_key,
    "InvalidToken": _wrong_key,
    "NotSignedUp": _wrong_key,
    "UnrecognizedClientException": _wrong_key,
    "SignatureDoesNotMatch": _wrong_secret,
    "InvalidSignature": _wrong_secret,
    "PermanentRedirect": _wrong_region,
    "TemporaryRedirect": _wrong_region,
    "Redirect": _wrong_region,
    "IllegalLocationConstraintException": _wrong_region,
    "InvalidLocationConstraint": _wrong_region,
    "InvalidRegionName": _wrong_region,
    "NoSuchBucket": _no_bucket,
    "InvalidBucketName": _bad_bucket_name,
    "BucketAlreadyExists": _foreign_bucket,
    "RequestTimeTooSkewed": _clock,
    "RequestExpired": _clock,
    "SlowDown": _busy,
    "ServiceUnavailable": _busy,
    "TooManyRequests": _busy,
    "TooManyRequestsException": _busy,
    "RequestLimitExceeded": _busy,
    "Throttling": _busy,
    "ThrottlingException": _busy,
    "OperationAborted": _busy,
    "InternalError": _broken,
    "RequestTimeout": _busy,
    "QuotaExceeded": _full,
    "InsufficientStorage": _full,
    "InsufficientCapacity": _full,
    "XMinioStorageFull": _full,
    "AccountProblem": _full,
    "TooManyBuckets": _full,
    "AccessControlListNotSupported": _no_acl,
    "MissingContentMD5": _checksum,
    "XAmzContentSHA256Mismatch": _checksum,
    "BadDigest": _checksum,
}
_BY_STATUS: Mapping[int, _Explain] = {
    301: _wrong_region,
    307: _wrong_region,
    401: _wrong_key,
    404: _not_s3,
    429: _busy,
    500: _broken,
    502: _broken,
    503: _busy,
    504: _broken,
    507: _full,
}

_PASSING = {408, 429, 500, 502, 503, 504}


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
    return _find(answer, settings)(_Refusal(answer, settings))


def missing_bucket(settings: Settings) -> Problem:
    """Return the `Problem` of a bucket that is not there, and that can be created from here."""
    return Problem(
        _no_such_bucket(settings.bucket),
        _why_no_bucket(settings),
        Remedy(msg("Correct the name, or let it be created here."), Action.EDIT_PROVIDER),
        field="bucket",
        decision=True,
        code="bucket-not-found",
    )


# Where the code says little, the words say more.
_BY_WORDS: tuple[tuple[re.Pattern[str], _Explain], ...] = (
    (re.compile(r"plain HTTP request|HTTP request to an HTTPS", re.IGNORECASE), _plain_on_tls),
    (re.compile(r"\bACLs?\b|canned acl", re.IGNORECASE), _no_acl),
    (re.compile(r"checksum|x-amz-content-sha256", re.IGNORECASE), _checksum),
)
_DENIED = {"AccessDenied", "Forbidden", "AllAccessDisabled", "AccessForbidden"}
_MALFORMED = {"AuthorizationHeaderMalformed", "AuthorizationQueryParametersError"}


def _find(answer: ErrorResponse, settings: Settings) -> _Explain:
    if answer.is_unknown_call:
        return _unknown_call
    # A key without the right says so; all else that is refused there are rules of its own.
    rules = "BucketCors" in answer.operation and service_of(settings).name == "backblaze"
    if rules and answer.code not in _DENIED and answer.status == 400:
        return _native_rules
    if answer.code in _MALFORMED:
        about_region = answer.region or "region" in answer.message.lower()
        return _wrong_region if about_region else _wrong_key
    if answer.code in _DENIED or (answer.status == 403 and answer.code not in _BY_CODE):
        return _denied(answer)
    if answer.code in _BY_CODE:
        return _BY_CODE[answer.code]
    return _without_a_known_code(answer, settings)


def _without_a_known_code(answer: ErrorResponse, settings: Settings) -> _Explain:
    for words, refusal in _BY_WORDS:
        if words.search(answer.message):
            return refusal
    if answer.status == 400 and not answer.code and settings.endpoint.startswith("http:"):
        return _plain_on_tls
    return _BY_STATUS.get(answer.status, _otherwise)


def _denied(answer: ErrorResponse) -> _Explain:
    if re.search(
        r"BlockPublicPolicy|public policies|public access block|BlockPublicAcls", answer.message
    ):
        return _policy_blocked
    return _not_listable if answer.operation == "ListObjectsV2" else _right_missing


# Why keys of some services do not see a bucket that is there.
_UNSEEN: Mapping[str, Message] = {
    "scaleway": msg(
        "At Scaleway, S3 looks only in the preferred project of the API key: it does not "
        "find a bucket in another of your projects. Make an API key with the bucket's "
        "project as its preferred one."
    ),
    "backblaze": msg(
        "At Backblaze, a key that is limited to names with a prefix cannot list the bucket: "
        "make one for the whole bucket, with “Allow List All Bucket Names”."
    ),
}


def _where(settings: Settings) -> Message:
    """Return what else may be why the keys do not see the bucket, "" where nothing is known."""
    return _UNSEEN.get(service_of(settings).name, NOTHING)


def _right_region(answer: ErrorResponse) -> Message:
    if answer.region:
        return msg("The storage says that the bucket is in {region}.", region=answer.region)
    if answer.endpoint:
        return msg("The storage says that the bucket is at {endpoint}.", endpoint=answer.endpoint)
    return msg("Region and endpoint must be those where the bucket was created.")


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
