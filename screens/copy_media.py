"""Screen of the step that copies the media: progress, pause, rate limit, failed files."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from screens.base.frame import Key
from screens.base.step_screen import StepScreen
from screens.state import marks as words
from screens.state.stage import Stage
from wizard.core.quantities import count

_RATES = (0, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000)


class CopyMediaScreen(StepScreen):
    """Shows the copy, which goes on while one looks at other screens."""

    here = "copy_media"
    begin_label = "Copy"
    busy_label = "Copying"
    help_heading = "Copy media"
    HELP = (
        "Every public picture is copied to the bucket and compared there, by size and MD5. The "
        "originals stay where they are. It may take long; you can look at other screens, pause "
        "with p, or make it slower with l so that your readers do not notice. Stopped or "
        "interrupted, it goes on where it was: what is proven is not sent again. Files that are "
        "not pictures, such as exports, are private and are not copied."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause/resume", id="copy.pause", tooltip="Rest, or go on"),
        Binding("l", "limit", "Limit rate", id="copy.limit", tooltip="How fast at most"),
        Binding("f", "failed_files", "Failed files", id="copy.failed", tooltip="Which, and why"),
    ]

    def keys(self) -> list[Key]:
        """Pause is the obvious thing while it runs."""
        if self.stage is Stage.RUNNING:
            paused = self.session.context.control.paused
            return [Key("Go on" if paused else "Pause", "pause"), Key("Stop", "stop")]
        return super().keys()

    @property
    def _paused(self) -> bool:
        return self.stage is Stage.RUNNING and self.session.context.control.paused

    @property
    def enter_rests(self) -> bool:
        """A paused copy waits for somebody to press it."""
        return super().enter_rests and not self._paused

    def busy(self) -> str:
        """A paused copy says so."""
        return "Paused" if self._paused else super().busy()

    def sign_at_work(self) -> str:
        """Nor does it look like one that runs."""
        return words.STATES["paused"].symbol if self._paused else super().sign_at_work()

    def meter_word(self) -> str:
        """In the bar, too."""
        return "paused" if self._paused else super().meter_word()

    def _safe(self) -> str:
        if self.stage is Stage.RUNNING:
            limit = self.session.context.settings.limit_rate
            limited = f" Limited to {words.rate(limit)}." if limit else ""
            return f"You may stop at any time: what is proven is not sent again.{limited}"
        return super()._safe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Pausing needs a copy under way."""
        if action == "pause":
            return self.stage is Stage.RUNNING
        if action == "limit":
            return self.stage in (Stage.READY, Stage.RUNNING)
        if action == "failed_files":
            return bool(self.session.failed_files())
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        """Rest, or go on."""
        control = self.session.context.control
        if control.paused:
            control.resume()
        else:
            control.pause()
        self.show_frame()
        self.show_step()

    def action_limit(self) -> None:
        """Ask for a limit."""
        from screens.overlays.dialogs import OneOf

        limit = self.session.context.settings.limit_rate
        choices = [(str(r), words.rate(r) if r else "no limit") for r in _RATES]
        text = "It applies now, and each time you copy from now on."
        dialog = OneOf("How fast may it copy?", text, choices, str(limit))
        self.app.push_screen(dialog, self._limit)

    def _limit(self, choice: str | None) -> None:
        if not choice:
            return
        context = self.session.context
        self.session.change(replace(context.settings, limit_rate=int(choice)), context.keys)
        context.control.limit_rate(int(choice))
        self.show_step()

    def action_failed_files(self) -> None:
        """Show which files failed, and why."""
        from screens.overlays.failed_files import FailedFilesScreen

        self.app.push_screen(FailedFilesScreen(), self._after_failed)

    def _after_failed(self, again: bool | None) -> None:
        if not again:
            return
        if self.stage is Stage.RUNNING:
            self.session.context.control.retry_failed()
            text = "They are tried again as soon as the others are through."
            self.notify(text, title=self.step.title, markup=False)
        else:
            self.action_retry()

    def _why(self) -> Content:
        failed = self.session.failed_files()
        if failed and self.stage is not Stage.RUNNING:
            text = f"! {count(len(failed), 'file')} failed. f shows which, and why."
            return Content.styled(text, "$text-warning")
        return super()._why()
