"""What services refuse with, in the admin's words; every answer has some."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.message import Message, verbatim
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.storage.problems import (
    ErrorResponse,
    error_response_of,
    missing_bucket,
    refused,
    will_pass,
)

SETTINGS = Settings(
    provider="scaleway",
    endpoint="https://s3.fr-par.scw.cloud",
    region="fr-par",
    bucket="books-media",
)
_CODES = (
    *("AccessDenied", "NoSuchBucket", "SlowDown", "SignatureDoesNotMatch", "NotImplemented", ""),
    *("AuthorizationHeaderMalformed", "RequestTimeTooSkewed", "SomethingNew"),
)


def answer(
    code: str, status: int, operation: str = "PutObject", message: str = ""
) -> ErrorResponse:
    return ErrorResponse(code=code, status=status, message=message, operation=operation)


@given(
    st.builds(
        answer,
        st.sampled_from(_CODES),
        st.sampled_from([301, 400, 401, 403, 404, 405, 409, 429, 500, 501, 503, 507]),
        st.sampled_from(["PutObject", "ListObjectsV2", "PutBucketCors", "NewOperation"]),
        st.sampled_from(["", "The ACL is refused {bucket}", "Checksum", "publicly {doing}"]),
    )
)
def test_every_answer_says_what_happened_and_what_to_do(response: ErrorResponse) -> None:
    problem = refused(response, SETTINGS)
    assert problem.what.endswith(".")
    assert problem.remedies
    assert problem.raw == response.raw
    assert problem.code
    for text in (problem.what, problem.why, *(remedy.text for remedy in problem.remedies)):
        assert isinstance(text, Message)
        assert text
        own_words = text.replace(response.message, "") if response.message else text
        assert "{" not in own_words, "a place that was not filled in"


@pytest.mark.parametrize(
    ("response", "words", "field"),
    [
        (answer("InvalidAccessKeyId", 403), "does not know this access key", "access_key_id"),
        (answer("SignatureDoesNotMatch", 403), "secret key does not fit", "secret_access_key"),
        (answer("NoSuchBucket", 404), "no bucket books-media", "bucket"),
        (answer("", 404), "does not speak S3", "endpoint"),
        (answer("RequestTimeTooSkewed", 403), "clock is wrong", None),
        (answer("", 503), "too busy", None),
        (answer("XMinioStorageFull", 507), "no more data", None),
        (answer("AccessDenied", 403), "not allowed to write objects", "access_key_id"),
        (answer("AccessDenied", 403, "ListObjectsV2"), "not allowed to list the bucket", "bucket"),
        (answer("MethodNotAllowed", 405, "PutBucketCors"), "does not know how to set CORS", None),
        (answer("", 400, "PutObject", "plain HTTP request was sent"), "wants https", "endpoint"),
    ],
)
def test_what_is_told_apart(response: ErrorResponse, words: str, field: str | None) -> None:
    problem = refused(response, SETTINGS)
    assert words in problem.what
    assert problem.field == field


B2 = Settings(endpoint="https://s3.us-west-004.backblazeb2.com", bucket="books-media")
HETZNER = Settings(endpoint="https://fsn1.your-objectstorage.com", bucket="books-media")


@pytest.mark.parametrize(
    ("settings", "response", "words"),
    [
        (SETTINGS, answer("NoSuchBucket", 404, "ListObjectsV2"), "preferred project"),
        (SETTINGS, answer("BucketAlreadyExists", 409, "CreateBucket"), "preferred project"),
        (SETTINGS, answer("AccessDenied", 403, "ListObjectsV2"), "preferred project"),
        (B2, answer("AccessDenied", 403, "ListObjectsV2"), "names with a prefix"),
        (
            HETZNER,
            answer("BucketAlreadyExists", 409, "CreateBucket"),
            "account or project of yours",
        ),
    ],
)
def test_why_keys_do_not_see_a_bucket(
    settings: Settings, response: ErrorResponse, words: str
) -> None:
    problem = refused(response, settings)
    assert words in problem.why
    assert "belongs to somebody else" not in problem.what


def test_a_bucket_that_is_not_there_may_be_in_another_project() -> None:
    assert "preferred project" in missing_bucket(SETTINGS).why
    assert "project" not in missing_bucket(HETZNER).why


def test_rules_of_backblaze_s_own_stand_in_the_way() -> None:
    said = "The bucket contains B2 Native CORS rules."
    problem = refused(answer("InvalidRequest", 400, "PutBucketCors", said), B2)
    assert "own console" in problem.why
    assert said in problem.why
    assert "b2 bucket update --cors-rules '[]' books-media" in problem.remedies[0].text
    right = refused(answer("AccessDenied", 403, "PutBucketCors"), B2)
    assert "are not allowed to set CORS rules" in right.what


def test_the_region_that_the_service_names_is_passed_on() -> None:
    response = ErrorResponse(
        code="AuthorizationHeaderMalformed",
        status=400,
        message="the region 'fr-par' is wrong; expecting 'nl-ams'",
        operation="HeadObject",
        region="nl-ams",
    )
    problem = refused(response, SETTINGS)
    assert "another region than fr-par" in problem.what
    assert "nl-ams" in problem.why


def error_of(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")  # type: ignore[arg-type]


def test_an_answer_without_a_body_has_no_code() -> None:
    """botocore gives the status in its place."""
    response = error_response_of(error_of("404", 404))
    assert response
    assert (response.code, response.status) == ("", 404)
    assert error_response_of(ValueError("none of a service's")) is None


@pytest.mark.parametrize(("status", "passes"), [(503, True), (429, True), (403, False)])
def test_what_passes_by_itself(status: int, passes: bool) -> None:
    problem = Problem(verbatim("It refused."), verbatim("So it said."))
    assert not will_pass(problem), "raised from nothing, it says something of the storage"
    problem.__cause__ = error_of("Code", status)
    assert will_pass(problem) is passes
