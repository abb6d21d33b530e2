"""Who else trusts a certificate from the admin's own authority: BookWyrm, browsers.

It is trusted here by `--ca-file`, or since somebody told this machine to trust it.

BookWyrm's boto3 trusts certifi's list of authorities, and instead of it those in the file that
AWS_CA_BUNDLE names (botocore's `configprovider.py`: `ca_bundle`). That variable reaches it by
`.env`: Compose hands all of it to the containers, without Docker BookWyrm reads it itself. Which
files of this server a container sees, its mounts say.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wizard.core.events import Check, Verdict, passed, remark
from wizard.core.message import Message, msg
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.settings import DeploymentKind, Settings
from wizard.web.visitor import is_trusted_by_all

if TYPE_CHECKING:
    from wizard.step import Context

_VARIABLE = "AWS_CA_BUNDLE"
# BookWyrm's folder inside its containers. Up to v0.8.4 its docker-compose.yml mounts the checkout
# there, later ones do not (v0.8.5 to v0.9.2).
_IN_CONTAINER = PurePosixPath("/app")
# Debian's and its like, Fedora's and its like.
_ON_MACHINES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


async def authority_checks(context: Context) -> AsyncGenerator[Check, None]:
    """Yield whether BookWyrm and browsers trust what is trusted here; nothing where all do."""
    settings = context.settings
    for check in await bookwyrm_checks(context):
        yield check
    if settings.url_protocol == "https:":
        known = await is_trusted_by_all(settings.public_base)
        if settings.ca_file or not known:
            yield _browsers_check(settings, known=known)


async def bookwyrm_checks(context: Context) -> Sequence[Check]:
    """Return whether BookWyrm trusts the storage; nothing where everybody does."""
    if not await _is_of_own_authority(context.settings):
        return ()
    return (_bookwyrm_check(context, await context.deployment.shared_folders()),)


async def refuse_untrusted(context: Context) -> None:
    """Raise a `Problem` where it is certain that BookWyrm does not trust the storage.

    Once S3 is enabled, it could neither collect static files nor store what is uploaded.
    """
    if not await _is_of_own_authority(context.settings):
        return
    shared = await context.deployment.shared_folders()
    check = _bookwyrm_check(context, shared)
    if check.verdict is Verdict.PASS or _is_inside_only(context, shared):
        return
    raise Problem(
        msg("BookWyrm itself does not trust the certificate of the storage."),
        msg("With S3, it could neither store nor read files. Nothing was changed."),
        msg("What the check of the step “Provider” says: {seen}", seen=check.seen),
        TRY_AGAIN,
        code="certificate-not-trusted",
    )


async def _is_of_own_authority(settings: Settings) -> bool:
    https = settings.endpoint.startswith("https:")
    return https and not await is_trusted_by_all(settings.endpoint)


def _is_inside_only(context: Context, shared: Mapping[PurePosixPath, Path]) -> bool:
    """Tell whether `.env` names a file that only the image of the containers can have."""
    named = context.instance.env_file().get(_VARIABLE) or ""
    return bool(named) and _on_this_machine(PurePosixPath(named), shared) is None


def _browsers_check(settings: Settings, *, known: bool) -> Check:
    host, code = settings.custom_domain_host, "certificate-browsers"
    asked = msg("Do browsers trust the certificate of {host}?", host=host)
    if known:
        return passed(asked, msg("yes"), code=code)
    seen = msg(
        "no: visitors see no pictures, unless your certificate authority is installed in their "
        "browsers"
    )
    return remark(asked, seen, code=code)


def _bookwyrm_check(context: Context, shared: Mapping[PurePosixPath, Path]) -> Check:
    asked = msg("Does BookWyrm itself trust the certificate of the storage?")
    code = "certificate-bookwyrm"
    named = context.instance.env_file().get(_VARIABLE) or ""
    if not named:
        return remark(asked, _what_to_add(context, shared), code=code)
    file = _on_this_machine(PurePosixPath(named), shared)
    if file is None:
        seen = msg(
            "only if the image of web contains {file}: Compose mounts nothing there", file=named
        )
        return remark(asked, seen, code=code)
    if not file.is_file():
        return remark(asked, msg("no: there is no file {file}", file=str(file)), code=code)
    return passed(asked, msg("yes, with {line}", line=f"{_VARIABLE}={named}"), code=code)


def _on_this_machine(inside: PurePosixPath, shared: Mapping[PurePosixPath, Path]) -> Path | None:
    """Return where a file that `.env` names is here; None where only a container knows it."""
    above = [target for target in shared if inside.is_relative_to(target)]
    if not above:
        return None
    closest = max(above, key=lambda target: len(target.parts))
    return shared[closest] / inside.relative_to(closest)


def _of_this_machine() -> str:
    """Return the file of all authorities that this machine was told to trust."""
    own = ssl.get_default_verify_paths().cafile or ""
    return next((path for path in (own, *_ON_MACHINES) if Path(path).is_file()), _ON_MACHINES[0])


def _what_to_add(context: Context, shared: Mapping[PurePosixPath, Path]) -> Message:
    file = Path(context.settings.ca_file or _of_this_machine())
    if context.settings.deployment != DeploymentKind.COMPOSE:
        return msg(
            "no, and it cannot store files until it does: add {line} to .env, and let BookWyrm's "
            "user read that file",
            line=f"{_VARIABLE}={file}",
        )
    inside, folder = _IN_CONTAINER / file.name, context.instance.folder
    line = f"{_VARIABLE}={inside}"
    mounted = shared.get(_IN_CONTAINER)
    if mounted and mounted.resolve() == folder.resolve():
        return msg(
            "no, the containers do not know the certificate authority, and cannot store files "
            "until they do: copy {file} into {folder} and add {line} to .env",
            file=str(file),
            folder=str(folder),
            line=line,
        )
    return msg(
        "no, the containers do not know the certificate authority, and cannot store files until "
        "they do: in docker-compose.override.yml, add “- {mount}” to the volumes of web and "
        "celery_worker, and add {line} to .env",
        mount=f"{file}:{inside}:ro",
        line=line,
    )
