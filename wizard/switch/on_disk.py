"""Whether the site runs from this server's disk, and all that was uploaded is there."""

from __future__ import annotations

from wizard.step import Context
from wizard.switch.uploads_back import uploads_are_missing
from wizard.web.visitor import ServedFrom, SiteView, look_at_site


async def is_on_disk(context: Context) -> bool:
    """Tell whether nothing is left to do to be back on this server's disk."""
    if context.instance.uses_s3() or uploads_are_missing(context):
        return False
    return serves_itself(context, await look(context))


def serves_itself(context: Context, view: SiteView) -> bool:
    """Tell whether the page's files come from the site itself."""
    return view.served_from(context.instance.domain) is ServedFrom.THIS_SERVER


async def look(context: Context) -> SiteView:
    """Return what the site shows now."""
    return await look_at_site(context.settings, context.instance.domain)
