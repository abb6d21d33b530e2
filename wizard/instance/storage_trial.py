"""BookWyrm's own storage tried with the `.env` of now, before anything of the site is touched."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from wizard.core.events import Note, Report, passed
from wizard.core.message import Message, marked, msg
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy

# Overwritten and removed at each trial, so that no kill leaves more than one behind.
_CANARY = "bw-s3-check.txt"
_EDIT = Remedy(msg("Change the provider's settings."), Action.EDIT_PROVIDER)

# collectstatic asks HeadObject of every file and dies of a 403. A HEAD has no
# words, so that GetObject is asked for them. What the network does is raised.
_TRY = """
from botocore.exceptions import ClientError, SSLError
from django.contrib.staticfiles.storage import staticfiles_storage as storage
from django.core.files.base import ContentFile

def refused(step, error):
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return {"step": step, "status": status, "code": str(said.get("Code", "")),
            "message": said.get("Message", ""), "raw": str(error)}

def look_for(key):
    client = storage.connection.meta.client
    try:
        client.head_object(Bucket=storage.bucket_name, Key=key)
    except ClientError as error:
        seen = refused("look", error)
        if seen["status"] == 404:
            return None
        try:
            client.get_object(Bucket=storage.bucket_name, Key=key)
        except ClientError as second:
            words = refused("look", second)
            return {**words, "status": seen["status"], "raw": seen["raw"] + "\\n" + words["raw"]}
        return seen
    return None

def keep(name, text):
    step = "write"
    try:
        saved = storage.save(name, ContentFile(text))
        step = "read"
        with storage.open(saved) as file:
            if file.read() != text:
                return {"step": "same", "status": 0, "code": "", "message": "", "raw": ""}
        step = "remove"
        storage.delete(saved)
    except ClientError as error:
        return refused(step, error)
    return None

if getattr(storage, "bucket_name", None):
    place = storage.location.strip("/")
    missing = "/".join(filter(None, (place, values["missing"])))
    try:
        problem = look_for(missing) or keep(values["name"], values["text"].encode())
    except SSLError as error:
        problem = {"step": "tls", "status": 0, "code": "", "message": "", "raw": str(error)}
    answer({"bucket": storage.bucket_name, "place": place, "problem": problem})
else:
    answer({"bucket": "", "place": "", "problem": None})
"""
_ASKED = msg("Can BookWyrm itself use its storage with the settings in .env?")
# By the step of `_TRY` that the S3 service refused.
_NOT_ALLOWED = {
    "look": marked("The keys in .env are not allowed to look for a file in the bucket {bucket}."),
    "write": marked("The keys in .env are not allowed to write a file in the bucket {bucket}."),
    "read": marked("The keys in .env are not allowed to read a file in the bucket {bucket}."),
    "remove": marked("The keys in .env are not allowed to remove a file in the bucket {bucket}."),
}
_CANNOT = {
    "look": marked("BookWyrm cannot look for a file in the bucket {bucket}."),
    "write": marked("BookWyrm cannot write a file in the bucket {bucket}."),
    "read": marked("BookWyrm cannot read a file in the bucket {bucket}."),
    "remove": marked("BookWyrm cannot remove a file in the bucket {bucket}."),
}


async def try_storage(run_script: Callable[[str, str], Awaitable[str]], report: Report) -> None:
    """Look for, write, read and remove a file below `static/`; nothing but that is touched.

    `run_script` is that of a deployment. Raises `Problem` where the settings do
    not load, or the S3 service refuses one of these.
    """
    report(Note(msg("Trying BookWyrm's own storage with the settings in .env.")))
    token = secrets.token_hex(8)
    values = {"name": _CANARY, "missing": f"bw-s3-missing-{token}", "text": token}
    said = json.loads(await run_script(_TRY, json.dumps(values)))
    if said["problem"]:
        raise _refusal(said["problem"], said["bucket"])
    if said["bucket"]:
        seen = msg(
            "it wrote, read and removed {place}/{file} in {bucket}",
            place=said["place"],
            file=_CANARY,
            bucket=said["bucket"],
        )
    else:
        seen = msg("its settings load, and it stores files on this server")
    report(passed(_ASKED, seen, code="bookwyrm-storage"))


def _refusal(said: Mapping[str, Any], bucket: str) -> Problem:
    if said["step"] == "tls":
        return _not_trusted(said["raw"])
    code, what = _what(said, bucket)
    raw = "\n".join(filter(None, (said["raw"], said["message"])))
    return Problem(what, _why(said), _EDIT, TRY_AGAIN, raw=raw, code=code)


def _not_trusted(raw: str) -> Problem:
    return Problem(
        msg("BookWyrm does not accept the certificate of the S3 service."),
        msg(
            "BookWyrm trusts a list of authorities of its own, or those in the file that "
            "AWS_CA_BUNDLE names in .env. Nothing on the site was changed."
        ),
        msg(
            "If the certificate comes from a certificate authority of your own, add "
            "AWS_CA_BUNDLE to .env. Step 1 shows the line if bw-s3 was started with --ca-file."
        ),
        TRY_AGAIN,
        raw=raw,
        code="certificate-not-trusted",
    )


def _what(said: Mapping[str, Any], bucket: str) -> tuple[str, Message]:
    """Return the code of the problem, and what happened."""
    match said["code"]:
        case "InvalidAccessKeyId":
            what = msg("The S3 service does not know the key in AWS_ACCESS_KEY_ID.")
            return "access-key-unknown", what
        case "SignatureDoesNotMatch":
            what = msg("AWS_SECRET_ACCESS_KEY in .env does not belong to AWS_ACCESS_KEY_ID.")
            return "secret-key-wrong", what
        case "NoSuchBucket":
            what = msg(
                "There is no bucket {bucket} at the S3 service that .env names.", bucket=bucket
            )
            return "bucket-not-found", what
    if said["step"] == "same":
        what = msg(
            "What BookWyrm read from the bucket {bucket} is not what it had written.",
            bucket=bucket,
        )
        return "storage-read-differs", what
    if said["status"] == 403:
        return "right-missing", Message(_NOT_ALLOWED[said["step"]], "", {"bucket": bucket})
    return "storage-failed", Message(_CANNOT[said["step"]], "", {"bucket": bucket})


def _why(said: Mapping[str, Any]) -> Message:
    if said["step"] == "same":
        return msg("Another server or a cache answers for the S3 service.")
    words = said["message"] or said["code"] or f"HTTP {said['status']}"
    return msg(
        "The service said: {words}. Nothing on the site was changed.", words=words.rstrip(".")
    )
