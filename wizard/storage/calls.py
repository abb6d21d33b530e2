"""What each call to a storage is for, in words: where the keys lack the right, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wizard.core.message import Message, msg


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of S3: the right that it takes, and a sentence for each way in which it fails.

    `denied`: the keys lack that right. `unknown`: the service does not know the call.
    `refused`: it refused for another reason.
    """

    right: str
    denied: Message
    unknown: Message
    refused: Message


_WRITE_OBJECTS = Call(
    right="s3:PutObject",
    denied=msg("The keys are not allowed to write objects."),
    unknown=msg("The storage does not know how to write objects."),
    refused=msg("The storage refused to write objects."),
)
_READ_OBJECTS = Call(
    right="s3:GetObject",
    denied=msg("The keys are not allowed to read objects."),
    unknown=msg("The storage does not know how to read objects."),
    refused=msg("The storage refused to read objects."),
)
_CALLS: Mapping[str, Call] = MappingProxyType(
    {
        "ListObjectsV2": Call(
            right="s3:ListBucket",
            denied=msg("The keys are not allowed to list the bucket."),
            unknown=msg("The storage does not know how to list the bucket."),
            refused=msg("The storage refused to list the bucket."),
        ),
        "CreateBucket": Call(
            right="s3:CreateBucket",
            denied=msg("The keys are not allowed to create the bucket."),
            unknown=msg("The storage does not know how to create the bucket."),
            refused=msg("The storage refused to create the bucket."),
        ),
        "PutObject": _WRITE_OBJECTS,
        "CreateMultipartUpload": _WRITE_OBJECTS,
        "UploadPart": _WRITE_OBJECTS,
        "CopyObject": _WRITE_OBJECTS,
        "PutObjectAcl": Call(
            right="s3:PutObjectAcl",
            denied=msg("The keys are not allowed to set ACLs."),
            unknown=msg("The storage does not know how to set ACLs."),
            refused=msg("The storage refused to set ACLs."),
        ),
        "GetObject": _READ_OBJECTS,
        "HeadObject": _READ_OBJECTS,
        "DeleteObject": Call(
            right="s3:DeleteObject",
            denied=msg("The keys are not allowed to delete objects."),
            unknown=msg("The storage does not know how to delete objects."),
            refused=msg("The storage refused to delete objects."),
        ),
        "GetBucketCors": Call(
            right="s3:GetBucketCORS",
            denied=msg("The keys are not allowed to read the CORS rules."),
            unknown=msg("The storage does not know how to read the CORS rules."),
            refused=msg("The storage refused to read the CORS rules."),
        ),
        "PutBucketCors": Call(
            right="s3:PutBucketCORS",
            denied=msg("The keys are not allowed to set CORS rules."),
            unknown=msg("The storage does not know how to set CORS rules."),
            refused=msg("The storage refused to set CORS rules."),
        ),
        "DeleteBucketCors": Call(
            right="s3:PutBucketCORS",
            denied=msg("The keys are not allowed to delete CORS rules."),
            unknown=msg("The storage does not know how to delete CORS rules."),
            refused=msg("The storage refused to delete CORS rules."),
        ),
        "GetBucketPolicy": Call(
            right="s3:GetBucketPolicy",
            denied=msg("The keys are not allowed to read the bucket policy."),
            unknown=msg("The storage does not know how to read the bucket policy."),
            refused=msg("The storage refused to read the bucket policy."),
        ),
        "PutBucketPolicy": Call(
            right="s3:PutBucketPolicy",
            denied=msg("The keys are not allowed to set the bucket policy."),
            unknown=msg("The storage does not know how to set the bucket policy."),
            refused=msg("The storage refused to set the bucket policy."),
        ),
        "DeleteBucketPolicy": Call(
            right="s3:DeleteBucketPolicy",
            denied=msg("The keys are not allowed to delete the bucket policy."),
            unknown=msg("The storage does not know how to delete the bucket policy."),
            refused=msg("The storage refused to delete the bucket policy."),
        ),
        "GetBucketAcl": Call(
            right="s3:GetBucketAcl",
            denied=msg("The keys are not allowed to read the bucket's ACL."),
            unknown=msg("The storage does not know how to read a bucket's ACL."),
            refused=msg("The storage refused to read the bucket's ACL."),
        ),
        "PutBucketAcl": Call(
            right="s3:PutBucketAcl",
            denied=msg("The keys are not allowed to set the bucket's ACL."),
            unknown=msg("The storage does not know how to set a bucket's ACL."),
            refused=msg("The storage refused to set the bucket's ACL."),
        ),
        "GetPublicAccessBlock": Call(
            right="s3:GetBucketPublicAccessBlock",
            denied=msg("The keys are not allowed to read Block Public Access."),
            unknown=msg("The storage does not know how to read Block Public Access."),
            refused=msg("The storage refused to read Block Public Access."),
        ),
        "PutPublicAccessBlock": Call(
            right="s3:PutBucketPublicAccessBlock",
            denied=msg("The keys are not allowed to change Block Public Access."),
            unknown=msg("The storage does not know how to change Block Public Access."),
            refused=msg("The storage refused to change Block Public Access."),
        ),
    }
)


def call_of(operation: str) -> Call:
    """Return the call of this name, as botocore has it (`PutObject`)."""
    return _CALLS.get(operation) or Call(
        right=f"s3:{operation}",
        denied=msg("The keys are not allowed to make the call {call}.", call=operation),
        unknown=msg("The storage does not know the call {call}.", call=operation),
        refused=msg("The storage refused the call {call}.", call=operation),
    )
