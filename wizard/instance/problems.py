"""Why an instance cannot be used, and what a failed `manage.py` command said, for people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.core.message import Message, msg, verbatim
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.env.file import EnvFile
from wizard.instance.checkout import is_true

_RAW_LINES = 15
# The last line of a traceback: a name, perhaps with dots, and the message.
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Configured|Warning|Exit)\b.*")

# BookWyrm's own packages, which pip does not know (`bookwyrm`, `celerywyrm`).
_OWN_MODULE = re.compile(r"No module named '((?:bookwyrm|celerywyrm)(?:\.[\w.]+)?)'")
# What is fixed in another way with Docker than without.
_NO_PACKAGE = r"ModuleNotFoundError|Couldn't import Django"
_NO_SERVICE = r"OperationalError|could not connect to server|Connection refused"
_NO_PERMISSION = r"Permission denied|PermissionError"
_EDIT = Remedy(msg("Change the provider's settings."), Action.EDIT_PROVIDER)


@dataclass(frozen=True, slots=True)
class _Cause:
    """A known cause of a failure: its code, why it is so, what to do."""

    code: str
    why: Message
    remedies: tuple[Remedy, ...]


# What to look for in the output, and what it tells.
_KNOWN: tuple[tuple[str, _Cause], ...] = (
    (
        r"\(403\)|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch",
        _Cause(
            "keys-refused",
            msg(
                "The S3 service refused the keys in .env, or they are not allowed to list and "
                "read the bucket."
            ),
            (_EDIT, TRY_AGAIN),
        ),
    ),
    (
        r"\(404\)|NoSuchBucket",
        _Cause(
            "bucket-not-found",
            msg("The bucket that .env names is not there any more."),
            (_EDIT, TRY_AGAIN),
        ),
    ),
    (
        r"Invalid endpoint",
        _Cause(
            "endpoint-invalid",
            msg(
                "AWS_S3_ENDPOINT_URL in .env is not an address: it needs a scheme, such as "
                "https://."
            ),
            (_EDIT,),
        ),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        _Cause(
            "certificate-not-trusted",
            msg(
                "BookWyrm does not trust the certificate of the S3 service: it knows a list of "
                "authorities of its own, or those in the file that AWS_CA_BUNDLE names in .env."
            ),
            (
                Remedy(
                    msg(
                        "The checks of the step “Provider” say which line to add to .env.",
                    ),
                    Action.EDIT_PROVIDER,
                ),
                TRY_AGAIN,
            ),
        ),
    ),
    (
        r"EndpointConnectionError|ConnectTimeoutError|Could not connect to the endpoint",
        _Cause("endpoint-unreachable", msg("The S3 service did not answer."), (TRY_AGAIN,)),
    ),
    (
        r"No space left on device",
        _Cause(
            "disk-full",
            msg("The disk is full."),
            (Remedy(msg("Make room (df -h shows where), then try again.")), TRY_AGAIN),
        ),
    ),
    (
        r"ImproperlyConfigured|EnvError|EnvValidationError",
        _Cause(
            "env-value-refused",
            msg("BookWyrm does not accept a value in .env; its error message is below."),
            (Remedy(msg("Correct the line in .env, then try again.")), TRY_AGAIN),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Advice:
    """What goes wrong around BookWyrm is fixed in another way with Docker than without.

    Each is why it is so, and what to do: `packages` where Python misses one,
    `services` where the database or Redis does not answer, `permission` where
    a file may not be written.
    """

    packages: tuple[Message, Message]
    services: tuple[Message, Message]
    permission: tuple[Message, Message]


def refuse_azure(env: EnvFile) -> None:
    """Raise a `Problem` where the instance keeps its files in Azure Blob Storage."""
    if is_true(env.get("USE_AZURE")):
        raise Problem(
            msg("This instance keeps its files in Azure Blob Storage."),
            msg(".env says USE_AZURE=true, and BookWyrm uses either Azure or S3, not both."),
            msg("bw-s3 migrates from the server's own disk to S3, not from Azure."),
            decision=True,
            code="instance-uses-azure",
        )


def command_failed(
    argv: Sequence[str], status: int, lines: Sequence[str], advice: Advice
) -> Problem:
    """Return the problem of a command that ended with `status` and wrote `lines` (masked)."""
    likely = _likely("\n".join(lines), advice) or _unknown(status, lines)
    name = next((word for word in argv if word in ("compile_themes", "collectstatic")), "")
    what = (
        msg("BookWyrm's own command failed: manage.py {command}.", command=name)
        if name
        else msg("A script that bw-s3 ran in BookWyrm's manage.py shell failed.")
    )
    return Problem(
        what,
        likely.why,
        *likely.remedies,
        raw="\n".join([f"$ {shlex.join(without_scripts(argv))}", *lines[-_RAW_LINES:]]),
        code=likely.code,
    )


def how_it_ended(argv: Sequence[str], status: int) -> Message:
    """Return how a command ended that failed; a signal's number is below 0 (`Completed`)."""
    command = shlex.join(argv)
    if status < 0:
        return msg(
            "“{command}” was killed by signal {signal}.", command=command, signal=str(-status)
        )
    return msg("“{command}” exited with status {status}.", command=command, status=str(status))


def without_scripts(argv: Sequence[str]) -> list[str]:
    """Return a command for people to read, with an ellipsis in place of a script's text."""
    return ["…" if "\n" in word else word for word in argv]


def _likely(text: str, advice: Advice) -> _Cause | None:
    for pattern, cause in _KNOWN:
        if re.search(pattern, text):
            return cause
    if missing := _OWN_MODULE.search(text):
        return _module_missing(missing[1])
    around = (
        (_NO_PACKAGE, "package-missing", advice.packages),
        (_NO_SERVICE, "services-unreachable", advice.services),
        (_NO_PERMISSION, "folder-not-writable", advice.permission),
    )
    for pattern, code, (why, remedy) in around:
        if re.search(pattern, text):
            return _Cause(code, why, (Remedy(remedy), TRY_AGAIN))
    return None


def _module_missing(name: str) -> _Cause:
    return _Cause(
        "module-missing",
        msg(
            "The module {module} of BookWyrm itself is missing in its folder: an update was "
            "interrupted, or files of two versions are mixed.",
            module=name,
        ),
        (
            Remedy(msg("See what is missing or changed: git status; restore it: git restore .")),
            TRY_AGAIN,
        ),
    )


def _unknown(status: int, lines: Sequence[str]) -> _Cause:
    if exception := _exception(lines):
        why = verbatim(exception)
    else:
        why = msg("It exited with status {status}; its reason is below.", status=str(status))
    return _Cause("bookwyrm-command-failed", why, (TRY_AGAIN,))


def _exception(lines: Sequence[str]) -> str:
    """Return the line that names the exception, as the last traceback ends."""
    return next((line for line in reversed(lines) if _EXCEPTION.match(line)), "")
