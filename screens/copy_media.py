"""Screen of the step that copies the media: what is held back, and failed files."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from screens.copy_screen import CopyScreen
from screens.state.phase import Phase
from screens.state.wording import signed
from screens.widgets.spoken import text
from wizard.copying.settle_public import has_declined
from wizard.core.message import msg, plural
from wizard.core.symbols import WARNING


class CopyMediaScreen(CopyScreen):
    """Shows the copy to the bucket, and what could not be copied."""

    route = "copy_media"
    start_label = msg("Copy")
    running_label = msg("Copying")
    stop_is_safe = msg("You can stop at any time: what is verified is not sent again.")
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
        return text(signed(WARNING, said), "$text-warning")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now; nothing is asked again while a step works."""
        if action == "ask_again":
            still = self.phase in (Phase.READY, Phase.DONE, Phase.FAILED)
            return still and not self.session.running and has_declined(self.session.context)
        if action == "failed_files":
            return bool(self.session.failed_files())
        return super().check_action(action, parameters)

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
