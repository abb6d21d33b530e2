"""Who else trusts a certificate that only the admin's own CA file vouches for: BookWyrm, browsers.

BookWyrm's boto3 trusts certifi's list of authorities, and instead of it those in the file that
AWS_CA_BUNDLE names (botocore's `configprovider.py`: `ca_bundle`). That variable reaches it by
`.env`: Compose hands all of it to the containers, without Docker BookWyrm reads it itself. Which
files of this server a container sees, its mounts say.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wizard.core.events import Check, passed, remark
from wizard.core.message import Message, msg
from wizard.core.settings import DeploymentKind
from wizard.web.visitor import is_trusted_by_all

if TYPE_CHECKING:
    from wizard.step import Context

_VARIABLE = "AWS_CA_BUNDLE"
# BookWyrm's folder inside its containers. Up to v0.8.4 its docker-compose.yml mounts the checkout
# there, later ones do not (v0.8.5 to v0.9.2).
_IN_CONTAINER = PurePosixPath("/app")


async def authority_checks(context: Context) -> AsyncGenerator[Check, None]:
    """Yield whether BookWyrm and browsers trust what is trusted here; nothing without a CA file."""
    settings = context.settings
    if not settings.ca_file:
        return
    if settings.endpoint.startswith("https:") and not await is_trusted_by_all(settings.endpoint):
        yield await _bookwyrm_check(context)
    if settings.url_protocol == "https:":
        yield await _browsers_check(context)


async def _browsers_check(context: Context) -> Check:
    host, code = context.settings.custom_domain_host, "certificate-browsers"
    asked = msg("Do browsers trust the certificate of {host}?", host=host)
    if await is_trusted_by_all(context.settings.public_base):
        return passed(asked, msg("yes"), code=code)
    seen = msg(
        "no: visitors see no pictures, unless your certificate authority is installed in their "
        "browsers"
    )
    return remark(asked, seen, code=code)


async def _bookwyrm_check(context: Context) -> Check:
    asked = msg("Does BookWyrm itself trust the certificate of the storage?")
    code = "certificate-bookwyrm"
    named = context.instance.env_file().get(_VARIABLE) or ""
    shared = await context.deployment.shared_folders()
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


def _what_to_add(context: Context, shared: Mapping[PurePosixPath, Path]) -> Message:
    file = Path(context.settings.ca_file)
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
