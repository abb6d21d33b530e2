"""Every call that is made says in words what it is for; another one is named."""

from __future__ import annotations

import pytest

from wizard.storage.calls import call_of


@pytest.mark.parametrize(
    ("operation", "right", "denied"),
    [
        ("UploadPart", "s3:PutObject", "The keys are not allowed to write objects."),
        ("PutBucketCors", "s3:PutBucketCORS", "The keys are not allowed to set CORS rules."),
        ("NewCall", "s3:NewCall", "The keys are not allowed to make the call NewCall."),
    ],
)
def test_a_call_in_words(operation: str, right: str, denied: str) -> None:
    call = call_of(operation)
    assert (call.right, call.denied) == (right, denied)
    assert call.unknown.startswith("The storage does not know")
    assert call.refused.startswith("The storage refused")
