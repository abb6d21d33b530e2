"""The least rights that the keys need, as a policy in Amazon's form that several services take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard.access.policy import PREFIXES, as_text
from wizard.core.message import msg
from wizard.core.plan import Document, PlanItem, Sentence
from wizard.storage.addresses import service_of
from wizard.storage.providers import PublicReadWay

if TYPE_CHECKING:
    from wizard.core.settings import Settings

# What the wizard and BookWyrm ask of the bucket, and of the objects in it.
_ON_BUCKET = (
    "s3:ListBucket",
    *("s3:GetBucketCORS", "s3:PutBucketCORS"),
    *("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
)
_ON_OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
_WITH_ACLS = ("s3:GetObjectAcl", "s3:PutObjectAcl")
_BLOCKING = ("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock")


def least_rights(settings: Settings) -> dict[str, Any]:
    """Return the policy for keys that are used for this bucket alone."""
    service, bucket = service_of(settings), f"arn:aws:s3:::{settings.bucket}"
    on_bucket = [*_ON_BUCKET, *(_BLOCKING if service.public_access_block else ())]
    on_objects = [*_ON_OBJECTS, *(_WITH_ACLS if PublicReadWay.ACL in service.opens else ())]
    # The canary outside of both folders shows that the rest stays closed.
    folders = [f"{bucket}/{prefix}*" for prefix in (*PREFIXES, "bw-s3-canary-")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": on_bucket, "Resource": bucket},
            {"Effect": "Allow", "Action": on_objects, "Resource": folders},
        ],
    }


def rights_plan(settings: Settings) -> list[PlanItem]:
    """Return what the plan says of the keys' rights, where the service takes such a policy."""
    if service_of(settings).rights != "iam":
        return []
    text = msg(
        "The keys need no more rights than these (to create the bucket, also s3:CreateBucket). If"
        " you limit them, this is the policy for it."
    )
    return [Sentence(text), Document(msg("rights of the keys"), as_text(least_rights(settings)))]
