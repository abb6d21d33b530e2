"""Screen of the step that chooses the storage: a form, then the plan, then the live checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from screens.base.step_screen import StepScreen
from screens.base.wizard_screen import ButtonSpec
from screens.overlays.paste import PasteScreen
from screens.state.phase import Phase
from screens.state.wording import signed
from screens.widgets.field import SettingsPasted
from screens.widgets.provider_form import FORM_FIELDS, ProviderForm
from screens.widgets.spoken import text
from wizard.core.message import listed, msg
from wizard.core.states import State
from wizard.core.symbols import STALE

if TYPE_CHECKING:
    from screens.state.shell import Shell
    from wizard.core.problem import Problem
    from wizard.storage.recognition import Recognised


class ConfigureProviderScreen(StepScreen):
    """Asks for provider, bucket and keys; fills in what follows from them."""

    route = "configure_provider"
    start_label = msg("Test it, then write .env")
    running_label = msg("Testing with small files")
    waits_for_person = True
    help_heading = msg("Provider")
    HELP = msg(
        "Enter where the files will go: the storage provider, the name and region of the "
        "bucket, and the two keys from your provider's console. The endpoint (the address of "
        "the service) and the custom domain (the address from which visitors load the files) "
        "are filled in from that; change them only if your provider tells you to. Spaces and "
        "quotes around what you paste are removed. With F3 you can paste everything at once: an "
        "endpoint, the address of a bucket, settings of rclone, s3cmd or the AWS CLI, or an old "
        ".env. F2 shows or hides the secret key. Nothing is written until you have seen the plan."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "edit",
            msg("Edit answers"),
            id="provider.edit",
            tooltip=msg("Change what you entered"),
        ),
        Binding(
            "f2",
            "reveal",
            msg("Show/hide secret"),
            id="provider.reveal",
            tooltip=msg("Show the secret key, or hide it"),
        ),
        Binding(
            "f3",
            "paste",
            msg("Paste settings"),
            id="provider.paste",
            tooltip=msg("Fill in the form from settings you copied elsewhere"),
        ),
        Binding("ctrl+n", "check", msg("Continue"), show=False, id="provider.check"),
        # Before what is typed after it: over a slow line keys come in bursts.
        Binding("tab", "app.focus_next", show=False, priority=True, system=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True, system=True),
    ]

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.form = ProviderForm()
        # None until it is known whether the form is needed first.
        self._editing: bool | None = None
        self._filled = False
        self._back_leads_to_form = True
        self._revealed = False
        self._stale: list[str] = []

    @property
    def _shows_form(self) -> bool:
        return bool(self._editing) and self.phase is not Phase.RUNNING

    # The hooks of all screens ----------------------------------------------------------------

    def show(self) -> None:
        """Bring the screen up to date, and fill the form the first time."""
        if self.is_composed and not self._filled:
            self._filled = True
            self.form.fill(self.session.context.settings, self.session.context.keys)
        super().show()

    def focus_target(self) -> Widget | None:
        """Return what is to be filled in while the form shows."""
        return self._first_to_fill() if self._shows_form else super().focus_target()

    def _first_to_fill(self) -> Widget:
        return self.form.first_to_fill() or self.query_one("#key-0")

    def problem_raised(self, problem: Problem) -> None:
        """Show a problem beside its field, or in full where it has none."""
        if problem.field not in FORM_FIELDS:
            super().problem_raised(problem)
            return
        self.state.problem = problem
        self._editing = True
        self.show_step()
        self.show_top()
        self.form.show_beside(problem)

    def discard(self) -> None:
        """Forget what was seen; the form comes back only where one of its fields failed."""
        super().discard()
        run = self.state.run
        self._editing = run is not None and _field(run.problem) in FORM_FIELDS

    # The hooks of steps ----------------------------------------------------------------------

    def own_parts(self) -> Iterable[Widget]:
        """Return the form."""
        yield self.form

    def hidden_parts(self) -> Collection[Widget]:
        """Return what the form replaces; a problem of a field is shown beside that field."""
        if not self._shows_form:
            return ()
        parts = self.parts
        hidden = (parts.plan, parts.facts, parts.final_checks, parts.checks)
        return (*hidden, parts.problem) if _field(self.state.problem) else hidden

    def buttons(self) -> list[ButtonSpec]:
        """Offer to continue to the plan while the form shows, else to edit the answers."""
        if self._shows_form:
            return self._buttons_of_form()
        buttons = super().buttons()
        edit = ButtonSpec(msg("Edit answers"), "edit")
        offered = buttons and buttons[0].action == "change_provider"
        if self.phase in (Phase.READY, Phase.FAILED, Phase.DONE) and not offered:
            buttons.append(edit)
        return buttons

    def _buttons_of_form(self) -> list[ButtonSpec]:
        enabled = self.phase is not Phase.BLOCKED
        buttons = [ButtonSpec(msg("Continue: see what will change"), "check", enabled=enabled)]
        if self.state.problem and not self.state.problem.field:
            buttons.append(ButtonSpec(msg("What to do"), "what_to_do"))
        return buttons

    def status_text(self) -> Content:
        """Return one line on how the step stands: which others it makes stale, before all else."""
        if self._stale and self.phase in (Phase.READY, Phase.INSPECTING):
            again = msg(
                "With these answers, these steps need to be redone: {steps}.",
                steps=listed(self._stale),
            )
            return text(signed(STALE, again), "$text-warning")
        return Content("") if self._shows_form else super().status_text()

    def show_step(self) -> None:
        """Show the form while there is something to fill in, the rest when it is filled in."""
        super().show_step()
        self.form.display = self._shows_form

    async def inspect(self) -> None:
        """Ask the world only when there is something to ask about."""
        state = self.state
        status = self.session.migration.status(state.step)
        if self._editing is None:
            self._editing = status.state is State.TODO
        if self._editing:
            state.status = status
            self.show_header()
            self.show_step()
            return
        await super().inspect()
        problem = state.problem
        if problem is not None and problem.field and not self._editing and state.run is None:
            self.problem_raised(problem)

    # Keys ------------------------------------------------------------------------------------

    def on_screen_suspend(self) -> None:
        """Hide a secret that was shown when another screen comes."""
        self._hide_secret()
        super().on_screen_suspend()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now: to edit without the form, to show the secret in it."""
        match action:
            case "edit":
                return not self._shows_form and self.phase is not Phase.RUNNING
            case "reveal" | "check" | "paste":
                return self._shows_form
            case "output" | "again" | "undo" | "what_to_do" if self._shows_form:
                return False
            case _:
                return super().check_action(action, parameters)

    @on(ProviderForm.Filled)
    def action_check(self) -> None:
        """Take the answers of the form, and show what they would change."""
        context = self.session.context
        settings, keys, problems = self.form.answers(context.settings)
        if problems:
            for problem in reversed(problems):
                self.form.show_beside(problem)
            return
        changed = settings != context.settings or keys != context.keys
        self._back_leads_to_form = True
        self._editing = False
        self._hide_secret()
        if changed:
            self._stale = self.session.change_answers(settings, keys)
        else:
            self.session.forget_failure(self.route)
        self.state.repeat()
        self.set_focus(None)
        self.show()
        if not changed:
            self.start_inspection()
            self.show_step()

    def action_edit(self) -> None:
        """Show the form again, with all that was filled in."""
        self._editing = True
        self._show_form_from_top()
        # Whoever asks for the form wants to type.
        (self.form.first_to_fill() or self.form.field("bucket").input).focus()

    def action_paste(self, pasted: str = "") -> None:
        """Fill in the form from settings that are pasted as a whole."""
        self.app.push_screen(PasteScreen(pasted), self._take_found)

    @on(SettingsPasted)
    def _settings_pasted(self, event: SettingsPasted) -> None:
        event.stop()
        self.action_paste(event.pasted)

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted while the focus is on no field."""
        event.stop()
        if self._shows_form:
            self.action_paste(event.text)

    def _take_found(self, found: Recognised | None) -> None:
        if found:
            self.form.take(found)
            self.show_top()
            self._first_to_fill().focus()

    def edit_because_of(self, problem: Problem) -> None:
        """Show the form, with the problem beside its field where it has one."""
        self._editing = True
        self.state.problem = None
        if self.is_composed:
            self._show_form_from_top()
            self.form.show_beside(problem)

    def _show_form_from_top(self) -> None:
        self.form.revalidate()
        self.show_step()
        self.show_top()

    def action_back(self) -> None:
        """Go back: from the plan to the form, and from the form to where it was opened.

        What was typed stays.
        """
        if not self._shows_form:
            if self._back_leads_to_form and self.phase in (Phase.READY, Phase.FAILED):
                self.action_edit()
            else:
                super().action_back()
        elif self.phase is Phase.DONE:
            self._editing = False
            self._hide_secret()
            self.show_step()
        else:
            self.shell.navigation.go_to("start")

    def action_again(self) -> None:
        """Show the plan of doing it again; back from there are the checks, not the form."""
        self._back_leads_to_form = False
        super().action_again()

    def action_reveal(self) -> None:
        """Show the secret, or hide it."""
        self._revealed = not self._revealed
        self.form.reveal(shown=self._revealed)

    def _hide_secret(self) -> None:
        self._revealed = False
        self.form.reveal(shown=False)


def _field(problem: Problem | None) -> str | None:
    """Return the field that a problem belongs to."""
    return problem.field if problem else None
