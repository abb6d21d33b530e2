"""The way back, step 3: the static assets on this server's disk, before any page points there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.assets.static import ask_django
from wizard.core.events import Check, Note, failed, passed
from wizard.core.message import msg, plural
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.journal.entries import Entry, flag_entry
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.switch.on_disk import is_on_disk, require_s3_off

# That the files were collected: by this version of BookWyrm, with this very `.env`.
_COLLECTED = flag_entry("local_static.collected")


class LocalStatic(TypedStep[None]):
    """Runs `compile_themes` (where the version has it) and `collectstatic`, without S3."""

    name = "local_static"
    title = msg("Static assets")
    purpose = msg(
        "Stylesheets, scripts, icons and fonts are collected on this server again: those that "
        "are here may be from an older BookWyrm."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return BookWyrm's version: another has other files."""
        return {"BookWyrm": context.instance.version}

    async def inspect(self, context: Context) -> Finding:
        """Look whether the site serves its own already, or they were collected for it."""
        version = Fact(msg("BookWyrm"), context.instance.version)
        collected = context.journal.recall(_collected(context)) is True
        return Finding(collected or await is_on_disk(context), (version,))

    async def plan(self, context: Context) -> Plan:
        """Return the commands. Raises `Problem` where they cannot run."""
        commands = await context.deployment.static_commands()
        text = msg("BookWyrm writes its static files to this server's disk.")
        safe = msg("The running site keeps the bucket's static files until the restart.")
        return Plan((*commands, Sentence(text)), safe)

    async def apply(self, context: Context) -> None:
        """Run the commands, with what `.env` says now."""
        require_s3_off(context, msg("The static files would be collected in the bucket."))
        await context.deployment.collect_static(context.report)

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Ask Django where it keeps them."""
        asked, code = msg("Does Django keep static files on this server?"), "static-files-place"
        context.report(Note(msg("Asking Django which static files the site needs.")))
        assets = await ask_django(context.deployment, context.instance.abilities.compile_themes)
        if assets.bucket:
            problem = Problem(
                msg("Django stores static files elsewhere."),
                msg("Something besides .env says that S3 is on; the services would use it too."),
                msg("See which settings they get: docker compose config, or systemctl cat"),
                TRY_AGAIN,
                code="settings-overridden",
            )
            check = failed(asked, problem, code=code)
        else:
            number = len(assets.files)
            check = passed(asked, plural("yes, {n} file", "yes, {n} files", number), code=code)
            context.journal.remember(_collected(context), True)
        context.report(check)
        return [check]


def _collected(context: Context) -> Entry[bool]:
    written = str(context.instance.env_path.stat().st_mtime_ns)
    return _COLLECTED.true_of({"BookWyrm": context.instance.version, ".env": written})
