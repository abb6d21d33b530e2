"""Who else trusts a certificate that only the admin's own CA file vouches for: BookWyrm, browsers.

BookWyrm's boto3 trusts certifi's list of authorities, and instead of it those in the file that
AWS_CA_BUNDLE names (botocore's `configprovider.py`: `ca_bundle`). That variable reaches it by
`.env`: Compose hands all of it to the containers, without Docker BookWyrm reads it itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.core.events import Check, passed, remark
from wizard.core.message import Message, msg
from wizard.core.settings import DeploymentKind
from wizard.web.visitor import is_trusted_by_all

if TYPE_CHECKING:
    from wizard.step import Context

_VARIABLE = "AWS_CA_BUNDLE"
# Where BookWyrm's docker-compose.yml mounts the checkout (`.:/app`).
_IN_CONTAINER = "/app"


async def authority_checks(context: Context) -> AsyncGenerator[Check, None]:
    """Yield whether BookWyrm and browsers trust what is trusted here; nothing without a CA file."""
    settings = context.settings
    if not settings.ca_file:
        return
    if settings.endpoint.startswith("https:") and not await is_trusted_by_all(settings.endpoint):
        yield _bookwyrm_check(context)
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


def _bookwyrm_check(context: Context) -> Check:
    asked = msg("Does BookWyrm itself trust the certificate of the storage?")
    code = "certificate-bookwyrm"
    named = context.instance.env_file().get(_VARIABLE) or ""
    file = _on_this_machine(context, named)
    if named and (file is None or file.is_file()):
        return passed(asked, msg("yes, with {line}", line=f"{_VARIABLE}={named}"), code=code)
    if named:
        return remark(asked, msg("no: there is no file {file}", file=str(file)), code=code)
    return remark(asked, _what_to_add(context), code=code)


def _on_this_machine(context: Context, named: str) -> Path | None:
    """Return where a file that `.env` names is here; None where only a container knows it."""
    if context.settings.deployment != DeploymentKind.COMPOSE:
        return Path(named)
    inside = Path(named)
    if not inside.is_relative_to(_IN_CONTAINER):
        return None
    return context.instance.folder / inside.relative_to(_IN_CONTAINER)


def _what_to_add(context: Context) -> Message:
    file = Path(context.settings.ca_file)
    if context.settings.deployment != DeploymentKind.COMPOSE:
        return msg(
            "no, and it cannot store files until it does: add {line} to .env, and let BookWyrm's "
            "user read that file",
            line=f"{_VARIABLE}={file}",
        )
    return msg(
        "no, the containers do not know the certificate authority, and cannot store files "
        "until they do: copy {file} into {folder} and add {line} to .env",
        file=str(file),
        folder=str(context.instance.folder),
        line=f"{_VARIABLE}={_IN_CONTAINER}/{file.name}",
    )
