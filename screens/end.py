"""The last screen: what was done, the way back, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from screens.base.wizard_screen import ButtonSpec, WizardScreen
from screens.state.marks import MARKS, shown_state
from screens.state.session import ARMED
from screens.widgets.lines import Line, Lines, marked, plain
from wizard.core.quantities import count, describe_duration
from wizard.core.settings import DeploymentKind, MigrationPath
from wizard.core.states import State

if TYPE_CHECKING:
    from wizard.migration import Status

_KEEP = (
    "Keep the local media. Other servers still ask for the old /images/ addresses, and pages "
    "in caches point there too; nginx goes on serving them from the disk.",
    "Back up the bucket as you did the disk: it now holds what your readers upload.",
)
_BACK = (
    "“Restart” can be undone on its screen (6, then u): your instance uses the local files again, "
    "which are all still there, and what was uploaded to the bucket meanwhile is copied back."
)
# A new instance has no media here, and nothing that it could go back to.
_KEEP_FRESH = (
    "Back up the bucket as you would have backed up the disk: it holds what your readers upload.",
)
_BACK_FRESH = (
    "“Enable S3” can be undone on its screen (3, then u): it puts .env back as it was, and your "
    "instance keeps its files on this server's disk."
)
_OVER = "bw-s3 is not needed any more; the journal stays."
_DEMO_OVER = "That was the rehearsal: all of it is taken away when you quit."
_LATER = (
    "Now follow BookWyrm's installation guide to its end. When the site runs, start bw-s3 again: "
    "it completes the steps that wait."
)
# Without Docker and without services of systemd's, only the site's own page tells that it runs.
_UNSEEN = (
    "If it runs and they still wait, bw-s3 cannot reach it at {url}: start it with --site-url and "
    "the address that answers on this machine."
)


class EndScreen(WizardScreen):
    """How the whole migration stands."""

    route = "end"
    heading = "Summary"
    help_heading = "The summary"
    HELP = (
        "This says how each step ended and how many proofs there are for it. Press a number to "
        "see the proofs themselves. When all is done you can quit: nothing of bw-s3 needs to "
        "keep running."
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
        self.show_title("Summary")
        self.query_one("#verdict", Lines).put(self._verdict(statuses))
        lines = (_result_line(number, status) for number, status in enumerate(statuses, 1))
        self.query_one("#results", Lines).put(lines)
        remarks = [f"{check.asked} {check.seen}" for check in self.session.migration.remarks()]
        self.query_one("#remarks", Lines).put(
            _paragraphs("Worth knowing", remarks) if remarks else []
        )
        heading = "What to do next" if following is None else "When all is done"
        self.query_one("#to-do", Lines).put(_paragraphs(heading, self._to_do(statuses)))
        self.query_one("#way-back", Lines).put(
            _paragraphs("The way back", [_BACK_FRESH if self._is_fresh else _BACK])
        )
        waits = any(status.state is State.LATER for status in statuses)
        over = _OVER if self.shell.source.kept else _DEMO_OVER
        self.show_safety("" if following or waits else over)
        if following is None:
            self.show_buttons([ButtonSpec("Finish", "app.quit")])
        else:
            self.show_buttons([ButtonSpec(self.session.next_label("end"), "next")])

    @property
    def _is_fresh(self) -> bool:
        return self.session.context.settings.path == MigrationPath.FRESH

    def _verdict(self, statuses: Sequence[Status]) -> list[Line]:
        overview = self.session.overview
        if overview.following is not None:
            unfinished = plain(f"Not finished: “{overview.following.title}” is next.", "bold")
            warning = marked("!", ARMED, "bold $text-warning", style="$text-warning")
            return [unfinished, *([warning] if overview.armed else [])]
        text = "Done. Your instance keeps its files in the bucket, and that is proven."
        if any(s.state is State.LATER for s in statuses):
            text = "What concerns the bucket is done and proven. The rest waits for your site."
        return [marked("✓", text, "bold $text-success", style="bold $text-success")]

    def _to_do(self, statuses: Sequence[Status]) -> list[str]:
        upkeep = self.session.context.deployment.upkeep
        keep = _KEEP_FRESH if self._is_fresh else _KEEP
        known = [*([upkeep] if upkeep else []), *keep]
        if all(status.state is not State.LATER for status in statuses):
            return known
        settings = self.session.context.settings
        unseen = settings.deployment == DeploymentKind.DOCKERLESS
        return [_LATER, *([_UNSEEN.format(url=settings.site_url)] if unseen else []), *known]

    def action_next(self) -> None:
        """Go to the step that is next."""
        self.shell.navigation.go_to_next("end")


def _result_line(number: int, status: Status) -> Line:
    mark = MARKS[shown_state(status)]
    result = status.result
    text: str = status.why
    if status.state is State.DONE and result:
        how_many, noun = count(result.passed_checks, "proof").split()
        text = f"{how_many:>2} {noun:<6}  {describe_duration(result.seconds):>9}"
    title = status.step.title[:14].ljust(14)
    name = Content.assemble((f"{mark.symbol} ", mark.style), f"{number} {title} ")
    return Line(name, Content.styled(text or mark.word, "$faint"))


def _paragraphs(heading: str, texts: Iterable[str]) -> list[Line]:
    return [plain(heading, "bold $text-primary"), *(marked("•", text) for text in texts)]
