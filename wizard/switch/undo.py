"""Undoing a switch: `.env` as it was, and the running services with it where they were touched."""

from __future__ import annotations

from wizard.step import Context
from wizard.switch.course import switched
from wizard.switch.follow import (
    PATIENCE,
    carry_out_switch,
    files_of,
    finish_switch,
    under_way,
    want_everything_back,
)
from wizard.switch.s3_lines import disarm
from wizard.switch.site_before import ran_with_s3_before
from wizard.switch.state import Direction, SwitchPhase, SwitchState
from wizard.switch.uploads_back import bring_uploads_back, uploads_are_missing
from wizard.web.visitor import look_at_site


async def disarm_and_put_back(context: Context) -> bool:
    """Put the lines back that enable S3, and the services where any was switched to it.

    Whether there was anything to do. Raises `Problem`.
    """
    if await _may_run_with_s3(context):
        await put_services_back(context)
        return True
    changed = await disarm(context)
    if not uploads_are_missing(context):
        return changed
    await bring_uploads_back(context)
    return True


async def put_services_back(context: Context, patience: float = PATIENCE) -> None:
    """Bring `.env` and the running services back to how they were, with what was uploaded since.

    Raises `Problem`, also where uploads stay in the bucket only.
    """
    state = under_way(context)
    if state:
        want_everything_back(context)
        state = await finish_switch(context, state)
    if state is None or state.phase is not SwitchPhase.PUT_BACK:
        ended = await carry_out_switch(context, patience, Direction.BACK)
        if ended.phase is not SwitchPhase.PUT_BACK and ended.problem:
            raise ended.problem
    if uploads_are_missing(context):
        await bring_uploads_back(context)


async def _may_run_with_s3(context: Context) -> bool:
    """Tell whether any service may run with S3, which it did not before bw-s3 came."""
    if ran_with_s3_before(context) and context.old_storage is None:
        return False
    state = files_of(context).read()
    if state is not None and _left_in_the_middle(state):
        return True
    view = await look_at_site(context.settings, context.instance.domain)
    if context.journal.recall(switched(context)):
        return view.points_to_bucket or not view.own_page
    return view.own_page and view.points_to_bucket and state is not None


def _left_in_the_middle(state: SwitchState) -> bool:
    return bool(state.stage) and state.phase not in (SwitchPhase.DONE, SwitchPhase.PUT_BACK)
