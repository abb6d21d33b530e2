"""Screen of the step that copies the media: progress, pause, rate limit, failed files."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from screens.base.step_parts import Activity
from screens.base.step_screen import StepScreen
from screens.base.wizard_screen import ButtonSpec
from screens.state.marks import MARKS, LiveState
from screens.state.phase import Phase
from screens.state.wording import signed
from screens.widgets.spoken import text
from wizard.copying.settle_public import has_declined
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.quantities import describe_rate

_RATES = (0, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000)


class CopyMediaScreen(StepScreen):
    """Shows the copy, which continues while other screens are shown."""

    route = "copy_media"
    start_label = msg("Copy")
    running_label = msg("Copying")
    help_heading = msg("Copy media")
    HELP = msg(
        "Copies every public picture to the bucket and compares the copy with the original, by "
        "size and MD5. The originals stay where they are. This may take a while: you can look "
        "at other screens, pause with p, or limit the speed with l so that your readers notice "
        "nothing. After a stop or an interruption it resumes where it left off: what is "
        "verified is not sent again. Files that are not pictures, such as exports, are private "
        "and are not copied."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", msg("Pause/resume"), id="copy.pause", tooltip=msg("Pause or resume")),
        Binding("l", "limit", msg("Limit speed"), id="copy.limit", tooltip=msg("Maximum speed")),
        Binding(
            "a",
            "ask_again",
            msg("Ask again"),
            id="copy.ask",
            tooltip=msg("Ask again about what is held back"),
        ),
        Binding(
            "f",
            "failed_files",
            msg("Failed files"),
            id="copy.failed",
            tooltip=msg("Show which files, and why"),
        ),
    ]

    @property
    def _paused(self) -> bool:
        return self.phase is Phase.RUNNING and self.session.context.control.paused

    def buttons(self) -> list[ButtonSpec]:
        """Offer to pause first while the copy runs."""
        if self.phase is not Phase.RUNNING:
            return super().buttons()
        label = msg("Continue") if self._paused else msg("Pause")
        return [ButtonSpec(label, "pause"), ButtonSpec(msg("Stop"), "stop")]

    @property
    def ignores_enter(self) -> bool:
        """Whether Enter does nothing: not while the copy is paused, when it resumes it."""
        return super().ignores_enter and not self._paused

    def activity(self) -> Activity:
        """Return what the copy does, or that it is paused."""
        return (
            Activity(MARKS[LiveState.PAUSED].symbol, msg("Paused"))
            if self._paused
            else super().activity()
        )

    def progress_label(self) -> Message:
        """Return what is shown in place of the time left, or that the copy is paused."""
        return msg("paused") if self._paused else super().progress_label()

    def safety_text(self) -> Message:
        """Return what is safe now; while the copy runs, its limit as well."""
        if self.phase is not Phase.RUNNING:
            return super().safety_text()
        limit = self.session.context.settings.limit_rate
        stop = msg("You can stop at any time: what is verified is not sent again.")
        if not limit:
            return stop
        return sentences(stop, msg("Limited to {rate}.", rate=describe_rate(limit)))

    def status_text(self) -> Content:
        """Return one line on how the copy stands: that files failed, before all else."""
        failed = self.session.failed_files()
        if not failed or self.phase is Phase.RUNNING:
            return super().status_text()
        said = plural(
            "{n} file failed. Press f to see which, and why.",
            "{n} files failed. Press f to see which, and why.",
            len(failed),
        )
        return text(signed("!", said), "$text-warning")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now; pausing needs a copy under way."""
        if action == "pause":
            return self.phase is Phase.RUNNING
        if action == "limit":
            return self.phase in (Phase.READY, Phase.RUNNING)
        if action == "ask_again":
            still = self.phase in (Phase.READY, Phase.DONE, Phase.FAILED)
            return still and not self.session.running and has_declined(self.session.context)
        if action == "failed_files":
            return bool(self.session.failed_files())
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        """Pause the copy, or resume it."""
        control = self.session.context.control
        if control.paused:
            control.resume()
        else:
            control.pause()
        self.show_header()
        self.show_step()

    def action_limit(self) -> None:
        """Ask for a maximum speed."""
        from screens.overlays.dialogs import ChoiceDialog

        limit = self.session.context.settings.limit_rate
        choices = [(str(r), describe_rate(r) if r else msg("no limit")) for r in _RATES]
        dialog = ChoiceDialog(
            msg("Maximum speed of the copy"),
            msg("The limit applies now and to every later copy."),
            choices=choices,
            chosen=str(limit),
        )
        self.app.push_screen(dialog, self._set_limit)

    def _set_limit(self, choice: str | None) -> None:
        if not choice:
            return
        context = self.session.context
        self.session.change_answers(replace(context.settings, limit_rate=int(choice)), context.keys)
        context.control.limit_rate(int(choice))
        self.show_step()

    def action_ask_again(self) -> None:
        """Forget what the admin wanted held back, and show the plan: the copy asks about it."""
        self.session.migration.ask_again_about_media()
        self.session.changes += 1
        self.discard()
        self.start_inspection()
        self.show_step()

    def action_failed_files(self) -> None:
        """Show which files failed, and why."""
        from screens.overlays.failed_files import FailedFilesScreen

        self.app.push_screen(FailedFilesScreen(self.session.failed_files), self._try_again)

    def _try_again(self, again: bool | None) -> None:
        if not again:
            return
        if self.phase is Phase.RUNNING:
            self.session.context.control.retry_failed()
            self.app.notify(
                msg("They will be tried again once the other files are done."),
                title=self.state.step.title,
            )
        else:
            self.retry()
