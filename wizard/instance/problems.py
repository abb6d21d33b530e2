"""Why an instance cannot be used, and what a failed `manage.py` command said, for people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.env.file import EnvFile
from wizard.instance.checkout import is_true

_RAW_LINES = 15
# The last line of a traceback: a name, perhaps with dots, and the message.
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Configured|Warning|Exit)\b.*")

# BookWyrm's own packages, which pip does not know (`bookwyrm`, `celerywyrm`).
_OWN_MODULE = re.compile(r"No module named '((?:bookwyrm|celerywyrm)(?:\.[\w.]+)?)'")
_EDIT = Remedy("Change the provider's settings.", Action.EDIT_PROVIDER)

# What to look for in the output; why it is so; what to do.
_KNOWN: tuple[tuple[str, str, tuple[Remedy, ...]], ...] = (
    (
        r"\(403\)|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch",
        "The S3 service refused the keys in .env, or they may not list and read the bucket.",
        (_EDIT, TRY_AGAIN),
    ),
    (
        r"\(404\)|NoSuchBucket",
        "The bucket that .env names is not there any more.",
        (_EDIT, TRY_AGAIN),
    ),
    (
        r"Invalid endpoint",
        "AWS_S3_ENDPOINT_URL in .env is no address: it needs a scheme, such as https://.",
        (_EDIT,),
    ),
    (
        r"EndpointConnectionError|ConnectTimeoutError|Could not connect to the endpoint",
        "The S3 service did not answer.",
        (TRY_AGAIN,),
    ),
    (
        r"No space left on device",
        "The disk is full.",
        (Remedy("Make room (df -h shows where), then try again."), TRY_AGAIN),
    ),
    (
        r"ImproperlyConfigured|EnvError|EnvValidationError",
        "BookWyrm does not accept a value in .env; its own words are below.",
        (Remedy("Correct the line in .env, then try again."), TRY_AGAIN),
    ),
)


@dataclass(frozen=True, slots=True)
class Advice:
    """What goes wrong around BookWyrm is fixed in another way with Docker than without.

    Each is why it is so, and what to do: `packages` where Python misses one,
    `services` where the database or Redis does not answer, `permission` where
    a file may not be written.
    """

    packages: tuple[str, str]
    services: tuple[str, str]
    permission: tuple[str, str]


def refuse_azure(env: EnvFile) -> None:
    """Raise a `Problem` where the instance keeps its files in Azure Blob Storage."""
    if is_true(env.get("USE_AZURE")):
        raise Problem(
            "This instance keeps its files in Azure Blob Storage.",
            ".env says USE_AZURE=true, and BookWyrm uses one or the other.",
            "bw-s3 migrates from the server's own disk to S3, not from Azure.",
            decision=True,
        )


def command_failed(
    argv: Sequence[str], status: int, lines: Sequence[str], advice: Advice
) -> Problem:
    """Return the problem of a command that ended with `status` and wrote `lines` (masked)."""
    why, remedies = _likely("\n".join(lines), advice)
    name = next((word for word in argv if word in ("compile_themes", "collectstatic")), "")
    command = f"manage.py {name}" if name else "a script in manage.py shell"
    return Problem(
        f"BookWyrm's own command failed: {command}.",
        why or _exception(lines) or f"It ended with status {status} and said why below.",
        *remedies,
        raw="\n".join([f"$ {shlex.join(without_scripts(argv))}", *lines[-_RAW_LINES:]]),
    )


def without_scripts(argv: Sequence[str]) -> list[str]:
    """Return a command for people to read, with an ellipsis in place of a script's text."""
    return ["…" if "\n" in word else word for word in argv]


def _likely(text: str, advice: Advice) -> tuple[str, tuple[Remedy, ...]]:
    for pattern, why, remedies in _KNOWN:
        if re.search(pattern, text):
            return why, remedies
    if missing := _OWN_MODULE.search(text):
        return (
            f"The module {missing[1]} of BookWyrm itself is missing in its folder: an update was "
            "interrupted, or files of two versions are mixed.",
            (
                Remedy("See what is missing or changed: git status; bring it back: git restore ."),
                TRY_AGAIN,
            ),
        )
    around = (
        (r"ModuleNotFoundError|Couldn't import Django", advice.packages),
        (r"OperationalError|could not connect to server|Connection refused", advice.services),
        (r"Permission denied|PermissionError", advice.permission),
    )
    for pattern, (why, remedy) in around:
        if re.search(pattern, text):
            return why, (Remedy(remedy), TRY_AGAIN)
    return "", (TRY_AGAIN,)


def _exception(lines: Sequence[str]) -> str:
    """Return the line that names the exception, as the last traceback ends."""
    return next((line for line in reversed(lines) if _EXCEPTION.match(line)), "")
