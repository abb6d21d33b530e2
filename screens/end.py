"""The last screen: what was done, the way back, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from screens.base.wizard_screen import ButtonSpec, WizardScreen
from screens.state.marks import MARKS, shown_state
from screens.widgets.lines import Line, Lines, behind, plain
from screens.widgets.spoken import assemble, text
from wizard.core.language import shown
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.quantities import describe_duration
from wizard.core.settings import DeploymentKind, MigrationPath
from wizard.core.states import State
from wizard.core.symbols import BULLET, DONE, WARNING

if TYPE_CHECKING:
    from wizard.migration import Status

_KEEP = (
    msg(
        "Keep the local media. Other servers still request the old /images/ addresses, and "
        "cached pages point there too; nginx continues to serve these files from the disk."
    ),
    msg("Back up the bucket as you backed up the disk: it now holds what your readers upload."),
)
_BACK = msg(
    "At any time, months later too, press 0 and then b (“Leave S3”): files that only the bucket "
    "has are copied back, and your instance uses this server's disk again."
)
_KEEP_AFTER_BACK = (
    msg("Back up this server's disk: what your readers upload is stored there again."),
    msg(
        "Keep the bucket for as long as you can: while it is public, other servers still load old "
        "addresses from it. No object was deleted."
    ),
)
_THERE_AGAIN = msg("Press 0 and then b (“Steps to S3”): what the bucket has is not sent again.")
_KEEP_MOVED = (
    msg(
        "Keep the old storage as it is for as long as you can. Other servers still request its "
        "addresses, and cached pages point there too."
    ),
    _KEEP[-1],
)
_BACK_MOVED = msg(
    "You can undo “Restart” on its screen (6, then u): your instance uses the old storage again, "
    "which is left as it is, and files uploaded to the new one in the meantime are copied there."
)
_KEEP_ADDRESS = (
    msg(
        "Keep the old address working for as long as you can. Other servers still request it, "
        "and cached pages point there too."
    ),
    _KEEP[-1],
)
_BACK_ADDRESS = msg(
    "You can undo “Restart” on its screen (6, then u): your instance uses the old address again."
)
# A new instance has no media here, and nothing that it could go back to.
_KEEP_FRESH = (
    msg("Back up the bucket as you would back up the disk: it holds what your readers upload."),
)
_BACK_FRESH = msg(
    "You can undo “Enable S3” on its screen (3, then u): .env is restored as it was, and your "
    "instance keeps its files on this server's disk."
)
_OVER = msg("You no longer need bw-s3; its journal is kept.")
_DEMO_OVER = msg("That was the demo: everything in it is deleted when you quit.")
_LATER = msg(
    "Now follow BookWyrm's installation guide to the end. Once the site runs, start bw-s3 "
    "again: it completes the remaining steps."
)

# What a title, the checks and the time take at least.
_TITLE_WIDTH, _CHECKS_WIDTH, _TIME_WIDTH = 14, 9, 9


class EndScreen(WizardScreen):
    """How the whole migration stands."""

    route = "end"
    heading = msg("Summary")
    help_heading = msg("Summary")
    HELP = msg(
        "Shows how each step ended and how many of its checks passed. Press a step's number to "
        "see its checks. When everything is done you can quit: no part of bw-s3 needs to keep "
        "running."
    )

    def body(self) -> Iterable[Widget]:
        """Return the verdict, a line for each step, what to do next, the way back."""
        yield Lines(id="verdict")
        yield Lines(id="results")
        yield Lines(id="remarks")
        yield Lines(id="to-do")
        yield Lines(id="way-back")

    def show(self) -> None:
        """Bring the summary up to date."""
        super().show()
        if not self.is_composed:
            return
        statuses = self.session.overview.statuses
        following = self.session.overview.following
        self.show_title(self.heading)
        self.query_one("#verdict", Lines).put(self._verdict(statuses))
        self.query_one("#results", Lines).put(_result_lines(statuses))
        remarks = [sentences(c.asked, c.seen) for c in self.session.migration.remarks()]
        self.query_one("#remarks", Lines).put(
            _paragraphs(msg("Worth knowing"), remarks) if remarks else []
        )
        heading = msg("What to do next") if following is None else msg("When everything is done")
        self.query_one("#to-do", Lines).put(_paragraphs(heading, self._to_do(statuses)))
        self.query_one("#way-back", Lines).put(_paragraphs(*self._other_way()))
        waits = any(status.state is State.LATER for status in statuses)
        over = _OVER if self.shell.source.kept else _DEMO_OVER
        self.show_safety("" if following or waits else over)
        if following is None:
            self.show_buttons([ButtonSpec(msg("Finish"), "app.quit")])
        else:
            self.show_buttons([ButtonSpec(self.session.next_label("end"), "next")])

    def _other_way(self) -> tuple[Message, list[Message]]:
        if self.session.leads_back:
            return msg("How to use S3 again"), [_THERE_AGAIN]
        ways = [_BACK_FRESH if self._is_fresh else _BACK]
        if self.session.moves:
            ways.insert(0, _BACK_ADDRESS if self.session.moves_address_only else _BACK_MOVED)
        return msg("How to go back"), ways

    @property
    def _is_fresh(self) -> bool:
        return self.session.context.settings.path == MigrationPath.FRESH

    def _verdict(self, statuses: Sequence[Status]) -> list[Line]:
        overview = self.session.overview
        if overview.following is not None:
            step = overview.following.title
            unfinished = plain(msg("Not finished: “{step}” is next.", step=step), "bold")
            said = self.session.armed_warning
            warning = behind(WARNING, said, "bold $text-warning", style="$text-warning")
            return [unfinished, *([warning] if overview.armed else [])]
        said = msg("Done and verified: your instance now keeps its files in the bucket.")
        if self.session.leads_back:
            said = msg("Done and verified: your instance keeps its files on this server's disk.")
        if any(s.state is State.LATER for s in statuses):
            said = msg(
                "Everything to do with the bucket is done and verified. The rest waits until "
                "your site runs."
            )
        return [behind(DONE, said, "bold $text-success", style="bold $text-success")]

    def _to_do(self, statuses: Sequence[Status]) -> list[str]:
        upkeep = self.session.context.deployment.upkeep
        if self.session.leads_back:
            return list(_KEEP_AFTER_BACK)
        keep = _KEEP_FRESH if self._is_fresh else _KEEP
        if self.session.moves:
            keep = _KEEP_ADDRESS if self.session.moves_address_only else _KEEP_MOVED
        known = [*([upkeep] if upkeep else []), *keep]
        if all(status.state is not State.LATER for status in statuses):
            return known
        settings = self.session.context.settings
        # Without Docker and services of systemd's, only the site's own page tells that it runs.
        unseen = settings.deployment == DeploymentKind.DOCKERLESS
        return [_LATER, *([_unseen(settings.site_url)] if unseen else []), *known]

    def action_next(self) -> None:
        """Go to the step that is next."""
        self.shell.navigation.go_to_next("end")


def _unseen(url: str) -> Message:
    return msg(
        "If the site runs and these steps still wait, bw-s3 cannot reach it at {url}: start "
        "bw-s3 with --site-url and the address at which this machine reaches the site.",
        url=url,
    )


def _result_lines(statuses: Sequence[Status]) -> list[Line]:
    """Return a line for each step, its title, checks and time below those of the others."""
    title_width = max((_TITLE_WIDTH, *(len(shown(s.step.title)) for s in statuses)))
    checks_width = max((_CHECKS_WIDTH, *(len(_checks(s)) for s in statuses)))
    time_width = max((_TIME_WIDTH, *(len(_took(s)) for s in statuses)))
    lines = []
    for number, status in enumerate(statuses, 1):
        mark = MARKS[shown_state(status)]
        said = shown(status.why or mark.word)
        if status.state is State.DONE and status.result:
            said = f"{_checks(status).ljust(checks_width)}  {_took(status).rjust(time_width)}"
        title = shown(status.step.title).ljust(title_width)
        name = assemble((f"{mark.symbol} ", mark.style), f"{number} {title} ")
        lines.append(Line(name, text(said, "$faint")))
    return lines


def _took(status: Status) -> str:
    return shown(describe_duration(status.result.seconds)) if status.result else ""


def _checks(status: Status) -> str:
    """Return how many checks there are, their number ending where others' do; "" for none."""
    number = status.result.passed_checks if status.result else 0
    if not number:
        return ""
    checks = shown(plural("{n} check", "{n} checks", number))
    return checks if number > 9 else f" {checks}"


def _paragraphs(heading: Message, texts: Iterable[str]) -> list[Line]:
    return [plain(heading, "bold $text-primary"), *(behind(BULLET, said) for said in texts)]
