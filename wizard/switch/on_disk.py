"""Whether the site runs from this server's disk, and all that was uploaded is there."""

from __future__ import annotations

from wizard.core.message import Message, msg
from wizard.core.problem import Problem
from wizard.step import Context
from wizard.switch.uploads_back import uploads_are_missing
from wizard.web.visitor import ServedFrom, SiteView, look_at_site


async def is_on_disk(context: Context) -> bool:
    """Tell whether nothing is left to do to be back on this server's disk."""
    if context.instance.uses_s3() or uploads_are_missing(context):
        return False
    return serves_itself(context, await look(context))


def require_s3_off(context: Context, otherwise: Message) -> None:
    """Raise a `Problem` where `.env` still enables S3; `otherwise` is what would come of it."""
    if context.instance.uses_s3():
        raise Problem(
            msg("S3 is still enabled in .env."),
            otherwise,
            msg("Do the step “Disable S3” first."),
            code="s3-still-enabled",
        )


def serves_itself(context: Context, view: SiteView) -> bool:
    """Tell whether the page's files come from the site itself."""
    return view.served_from(context.instance.domain) is ServedFrom.THIS_SERVER


async def look(context: Context) -> SiteView:
    """Return what the site shows now."""
    return await look_at_site(context.settings, context.instance.domain)
