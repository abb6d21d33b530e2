"""The way back, step 2: tell BookWyrm to use this server's disk from its next start on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.core.events import Check, failed, passed
from wizard.core.message import msg, verbatim
from wizard.core.plan import Diff, Plan, Sentence
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.instance.checkout import is_true
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.switch.env_change import conversion_plan, values_in_bash
from wizard.switch.s3_lines import name_the_disk, with_disk
from wizard.switch.updates import about_update


class DisableS3(TypedStep[None]):
    """Sets `USE_S3` as it was before S3, and what was changed with it; `AWS_*` stays for now."""

    name = "disable_s3"
    title = msg("Disable S3")
    purpose = msg(
        "One line in .env tells BookWyrm to keep its files on this server's disk. It takes effect "
        "the next time the services start."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return nothing: it depends on no answer."""
        return {}

    async def inspect(self, context: Context) -> Finding:
        """Look at what `.env` says now."""
        value = context.instance.env_file().get("USE_S3")
        shown = msg("not set in .env") if value is None else verbatim(f"{value}")
        return Finding(not is_true(value), (Fact(verbatim("USE_S3"), shown),))

    async def plan(self, context: Context) -> Plan:
        """Return the diff, and what it means until the restart."""
        whole, items = conversion_plan(context, context.instance.env_file())
        new = with_disk(context, whole)
        backup = msg(
            "The current {env} is kept in {folder}.",
            env=str(whole.path),
            folder=str(context.journal.shown_folder),
        )
        until = msg(
            "From here on whatever starts the services next (a reboot, an upgrade, a crash) "
            "switches them to this server's disk. So continue to the restart soon."
        )
        keys = msg(
            "The lines with the keys stay: what is uploaded until the restart is fetched with them."
        )
        change = Diff(str(whole.path), whole.diff(new, context.masker))
        return Plan(
            (
                *items, change, *await about_update(context), Sentence(until, warning=True),
                Sentence(keys), Sentence(backup),
            ),
            msg("The running site does not change yet."),
        )  # fmt: skip

    async def apply(self, context: Context) -> None:
        """Back `.env` up and set the lines."""
        await name_the_disk(context)

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Read `.env` again, as Django does and as bash does."""
        asked, code = msg("Is S3 off in .env for everything that reads it?"), "env-s3-off"
        env = context.instance.env_file()
        try:
            in_bash = (await values_in_bash(env, ["USE_S3"]))["USE_S3"]
        except Problem:
            in_bash = ""  # as before: what keeps bash from reading it is not ours
        if is_true(env.get("USE_S3")) or is_true(in_bash):
            problem = Problem(
                msg("USE_S3 is still true in .env."),
                msg("Somebody changed the file after bw-s3 did, or a line above it is broken."),
                TRY_AGAIN,
                code="env-lines-changed",
            )
            check = failed(asked, problem, code=code)
        else:
            check = passed(asked, verbatim(f"USE_S3={env.get('USE_S3') or ''}"), code=code)
        context.report(check)
        return [check]
