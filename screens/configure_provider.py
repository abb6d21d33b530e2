"""Screen of the step that chooses the storage: a form, then the plan, then the live checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from screens.base.frame import Key
from screens.base.step_screen import StepScreen
from screens.state.stage import Stage
from screens.widgets.provider_form import FORM_FIELDS, ProviderForm

if TYPE_CHECKING:
    from wizard.core.problem import Problem


class ConfigureProviderScreen(StepScreen):
    """Asks for provider, bucket and keys; fills in what follows from them."""

    here = "configure_provider"
    begin_label = "Try it, and write .env"
    busy_label = "Trying it with small test files"
    help_heading = "Provider"
    HELP = (
        "Say where the files shall go: who runs the storage, the bucket's name, and the pair of "
        "keys that your provider's console gave you. Endpoint (the address of the service) and "
        "custom domain (the address from which visitors load the files) follow from that; change "
        "them only if your provider says so. Blanks and quotes that come along when you paste are "
        "taken away. F2 shows the secret and hides it again. Nothing is written before you saw the "
        "plan."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit answers", id="provider.edit", tooltip="Change what you said"),
        Binding("f2", "reveal", "Show/hide secret", id="provider.reveal", tooltip="Look at it"),
        Binding("ctrl+n", "check", "Go on", show=False, id="provider.check"),
        # Before what is typed after it: over a slow line keys come in bursts.
        Binding("tab", "app.focus_next", show=False, priority=True, system=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True, system=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._editing: bool | None = None
        self._filled = False
        self._came_from_form = True
        self._revealed = False
        self._stale: list[str] = []

    def own_parts(self) -> Iterable[Widget]:
        """The form."""
        yield ProviderForm()

    @property
    def form(self) -> ProviderForm:
        """The form, whether it shows or not."""
        return self.query_one(ProviderForm)

    def show(self) -> None:
        """Fill the form when it is seen for the first time."""
        if self.is_whole and not self._filled:
            self._filled = True
            self.form.fill(self.session.context.settings, self.session.context.keys)
        super().show()

    def show_step(self) -> None:
        """The form shows while there is something to say, the rest when it is said."""
        super().show_step()
        editing = self._shows_form()
        self.form.display = editing
        if editing:
            for part in ("#plan", "#facts"):
                self.query_one(part).display = False
            self.query_one("#problem").display = bool(self._problem and not self._problem.field)

    def _show_evidence(self) -> None:
        """What was found wrong stands beside its field."""
        super()._show_evidence()
        if self._shows_form():
            for part in ("#proofs", "#checks"):
                self.query_one(part).display = False

    def _shows_form(self) -> bool:
        return bool(self._editing) and self.stage is not Stage.RUNNING

    # Keys ------------------------------------------------------------------------------------

    def keys(self) -> list[Key]:
        """While the form shows, the obvious thing is to go on to the plan."""
        if self._shows_form():
            blocked = self.stage is Stage.BLOCKED
            keys = [Key("Go on: see what will change", "check", enabled=not blocked)]
            if self._problem and not self._problem.field:
                keys.append(Key("What to do", "what_to_do"))
            return keys
        keys = super().keys()
        edit = Key("Edit answers", "edit")
        if self.stage in (Stage.READY, Stage.FAILED, Stage.DONE) and keys[0].label != edit.label:
            keys.append(edit)
        return keys

    def _focus_first(self) -> None:
        if not self._shows_form():
            super()._focus_first()
        elif self.focused is None or self.focused.has_class("key") or not self.focused.display:
            self._first_to_fill().focus()

    def _first_to_fill(self) -> Widget:
        return self.form.first_to_fill() or self.query_one("#key-0")

    def on_screen_suspend(self) -> None:
        """A secret that was looked at is hidden again when one goes elsewhere."""
        self._hide_secret()
        super().on_screen_suspend()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Changing needs the form hidden, showing the secret needs the form."""
        match action:
            case "edit":
                return not self._shows_form() and self.stage is not Stage.RUNNING
            case "reveal" | "check":
                return self._shows_form()
            case "output" | "again" | "take_back" | "what_to_do" if self._shows_form():
                return False
            case _:
                return super().check_action(action, parameters)

    @on(ProviderForm.Filled)
    def action_check(self) -> None:
        """Take what the form says, and show what it would change."""
        context = self.session.context
        settings, keys, problems = self.form.said(context.settings)
        if problems:
            for problem in reversed(problems):
                self.form.show_beside(problem)
            return
        changed = settings != context.settings or keys != context.keys
        self._came_from_form = True
        self._editing = False
        self._hide_secret()
        if changed:
            self._stale = self.session.change(settings, keys)
        else:
            self.session.try_anew(self.here)
        self._plan, self._problem = None, None
        self._again = True
        self.set_focus(None)
        self.show()
        if not changed:
            self.wizard.look_at(self)
            self.show_step()

    def action_edit(self) -> None:
        """Back to the form, with all that was said."""
        self._editing = True
        self.form.judge_anew()
        self.show_step()
        self.show_top()
        # Whoever asks for the form wants to type.
        (self.form.first_to_fill() or self.form.field("bucket").input).focus()

    def edit_because(self, problem: Problem) -> None:
        """Show the form, with the problem beside its field where it has one."""
        self._editing = True
        self._problem = None
        if self.is_whole:
            self.form.judge_anew()
            self.show_step()
            self.show_top()
            self.form.show_beside(problem)

    def action_back(self) -> None:
        """One back: from the plan to the form, and from the form to where it was opened.

        What was typed stays.
        """
        if not self._shows_form():
            if self._leads_to_form():
                self.action_edit()
            else:
                super().action_back()
        elif self.stage is Stage.DONE:
            self._editing = False
            self._hide_secret()
            self.show_step()
        else:
            self.wizard.go_to("start")

    def _leads_to_form(self) -> bool:
        return self._came_from_form and self.stage in (Stage.READY, Stage.FAILED)

    def action_again(self) -> None:
        """Back from here are the proofs, not the form."""
        self._came_from_form = False
        super().action_again()

    def action_reveal(self) -> None:
        """Show the secret, or hide it."""
        self._revealed = not self._revealed
        self.form.reveal(shown=self._revealed)

    def _hide_secret(self) -> None:
        self._revealed = False
        self.form.reveal(shown=False)

    def forget(self) -> None:
        """After a run: the form comes back only where it failed."""
        super().forget()
        work = self.work
        field = work.problem.field if work and work.problem else None
        self._editing = field in FORM_FIELDS

    def failed_here(self, problem: Problem) -> None:
        """A problem with a field is shown beside it, any other in full."""
        if problem.field in FORM_FIELDS:
            self._problem = problem
            self._editing = True
            self.show_step()
            self.show_top()
            self.form.show_beside(problem)
        else:
            super().failed_here(problem)

    async def look(self) -> None:
        """Ask the world only when there is something to ask about."""
        status = self.session.migration.status(self.step)
        if self._editing is None:
            self._editing = status.state == "todo"
        if self._editing:
            self._status = status
            self.show_frame()
            self.show_step()
            return
        await super().look()
        problem = self._problem
        if problem is not None and problem.field and not self._editing and self.work is None:
            self.failed_here(problem)

    def _why(self) -> Content:
        if self._stale and self.stage in (Stage.READY, Stage.LOOKING):
            text = f"↻ To be done again with this: {', '.join(self._stale)}."
            return Content.styled(text, "$text-warning")
        if self._shows_form():
            return Content("")
        return super()._why()
