"""Screen of the step that chooses the storage: a form, then the plan, then the live checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from screens.frame import Key
from screens.step_screen import Stage, StepScreen
from screens.widgets.choice import Choice
from screens.widgets.field import Field
from wizard.problem import Problem
from wizard.providers import PRESETS, clean, contradictions, follow, preset
from wizard.secrets import Keys

if TYPE_CHECKING:
    from wizard.settings import Settings

_SETTINGS = ("bucket", "region", "endpoint", "custom_domain")
_KEYS = ("access_key_id", "secret_access_key")


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
        "taken away. F2 shows the secret for a moment. Nothing is written until you saw the plan."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Change", id="provider.edit", tooltip="Change what you said"),
        Binding("f2", "reveal", "Show secret", id="provider.reveal", tooltip="Show or hide it"),
        Binding("ctrl+n", "check", "Go on", show=False, id="provider.check"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._editing: bool | None = None
        self._draft: Settings | None = None
        self._revealed = False
        self._stale: list[str] = []

    def own_parts(self) -> Iterable[Widget]:
        """The form."""
        yield Vertical(
            self._provider_line(),
            Field("bucket", "Bucket", placeholder="books-media"),
            Field("region", "Region", placeholder="as the console names it"),
            Field("access_key_id", "Access key", placeholder="paste it here"),
            Field("secret_access_key", "Secret key", placeholder="paste it here", secret=True),
            Field(
                "endpoint", "Endpoint", placeholder="https://…",
                hint="The address of the service, without the bucket.",
            ),
            Field(
                "custom_domain", "Custom domain", placeholder="media.example.org",
                hint="From where visitors load the files, without https://.",
            ),
            id="form",
        )  # fmt: skip

    def _provider_line(self) -> Widget:
        # Plain text: only that can be searched by typing; the titles are our own.
        options = [(p.title, name) for name, p in PRESETS.items()]
        choice = Choice(options, prompt="choose, or type its name", id="provider", compact=True)
        return Horizontal(Static("Provider", classes="label"), choice, classes="line field")

    # The form and what follows from it -------------------------------------------------------

    def show(self) -> None:
        """Fill the form when it is seen for the first time."""
        if self.is_whole and self._draft is None:
            self._draft = self.session.context.settings
            self._fill(self.session.context.keys)
        super().show()

    def show_step(self) -> None:
        """The form shows while there is something to say, the rest when it is said."""
        super().show_step()
        editing = self._shows_form()
        self.query_one("#form").display = editing
        if editing:
            for part in ("#plan", "#facts", "#checks"):
                self.query_one(part).display = False
            self.query_one("#problem").display = bool(self._problem and not self._problem.field)

    def _shows_form(self) -> bool:
        return bool(self._editing) and self.stage is not Stage.RUNNING

    def _fill(self, keys: Keys) -> None:
        draft = self._settings()
        choice = self.query_one("#provider", Select)
        with choice.prevent(Select.Changed):
            choice.value = draft.provider if draft.provider in PRESETS else Select.NULL
        for name in _SETTINGS:
            self._field(name).put(getattr(draft, name))
        for name in _KEYS:
            self._field(name).put(getattr(keys, name))
        self._field("region").suggest(preset(draft.provider).regions)
        self._judge_all()

    def _field(self, name: str) -> Field:
        return self.query_one(f"#field-{name}", Field)

    @on(Select.Changed, "#provider")
    def _provider_chosen(self, event: Select.Changed) -> None:
        event.stop()
        name = str(event.value) if event.value is not Select.NULL else ""
        if name and name != self._settings().provider:
            self._follow(replace(self._settings(), provider=name))
            self._field("region").suggest(preset(name).regions)
            self._field("bucket").input.focus()

    @on(Field.Edited)
    def _edited(self, event: Field.Edited) -> None:
        event.stop()
        name = event.field.name or ""
        value, problem = clean(name, event.field.value)
        event.field.judge(problem)
        if name in _SETTINGS:
            self._follow(_with(self._settings(), {name: value}), typed=name)

    def _settings(self) -> Settings:
        """What the form says so far."""
        return self._draft or self.session.context.settings

    def _follow(self, after: Settings, typed: str = "") -> None:
        self._draft = follow(self._settings(), after)
        for name in _SETTINGS:
            if name != typed:
                self._field(name).put(getattr(self._draft, name))
        self._judge_all(but=typed)

    def _judge_all(self, but: str = "") -> None:
        for name in (*_SETTINGS, *_KEYS):
            field = self._field(name)
            if name != but:
                problem = clean(name, field.value)[1]
                field.judge(problem if field.value else None)

    def on_descendant_blur(self) -> None:
        """Put the cleaned value in place of what was pasted."""
        for name in (*_SETTINGS, *_KEYS):
            field = self._field(name)
            if not field.input.has_focus and field.value:
                field.put(clean(name, field.value)[0])

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next empty field, and on when there is none."""
        event.stop()
        fields = [self._field(name) for name in (*_SETTINGS, *_KEYS)]
        here = next((f for f in fields if f.input is event.input), None)
        in_order = list(self.query(Field))
        empty = [f for f in in_order if not f.value and f is not here]
        if here is not None and here.problem:
            return
        if empty:
            empty[0].input.focus()
        else:
            self.action_check()

    def said(self) -> tuple[Settings, Keys, list[Problem]]:
        """What the form says, cleaned, and all that is wrong with it."""
        values: dict[str, str] = {}
        problems: list[Problem] = []
        for name in (*_SETTINGS, *_KEYS):
            values[name], problem = clean(name, self._field(name).value)
            problems += [problem] if problem else []
        settings = _with(self._settings(), {name: values[name] for name in _SETTINGS})
        if not settings.provider:
            settings = replace(settings, provider="other")
        problems += contradictions(settings)
        return settings, Keys(values["access_key_id"], values["secret_access_key"]), problems

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
        if self.stage in (Stage.READY, Stage.FAILED, Stage.DONE):
            keys.append(Key("Change", "edit"))
        return keys

    def _focus_first(self) -> None:
        if not self._shows_form():
            super()._focus_first()
        elif self.focused is None or self.focused.has_class("key") or not self.focused.display:
            self._first_empty().focus()

    def _first_empty(self) -> Widget:
        choice = self.query_one("#provider", Select)
        if self._draft is None or not self._draft.provider:
            return choice
        wrong = [f for f in self.query(Field) if f.problem]
        empty = [f for f in self.query(Field) if not f.value]
        first = next(iter([*wrong, *empty]), None)
        return first.input if first else self.query_one("#key-0")

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

    def action_check(self) -> None:
        """Take what the form says, and show what it would change."""
        settings, keys, problems = self.said()
        if problems:
            for problem in reversed(problems):
                self._show_beside(problem)
            return
        context = self.session.context
        changed = settings != context.settings or keys != context.keys
        self._editing = False
        self._hide_secret()
        if changed:
            self._stale = self.session.change(settings, keys)
        self._draft = self.session.context.settings
        self._plan, self._problem = None, None
        self._again = True
        if self.work is not None and self.work.problem is not None:
            self.session.works.pop(self.here)
        self.set_focus(None)
        self.show()
        if not changed:
            self.wizard.look_at(self)
            self.show_step()

    def _show_beside(self, problem: Problem) -> None:
        if problem.field in (*_SETTINGS, *_KEYS):
            field = self._field(problem.field)
            field.judge(problem)
            field.input.focus()

    def action_edit(self) -> None:
        """Back to the form, with all that was said."""
        self._editing = True
        self.show_step()
        self._first_empty().focus()

    def edit_because(self, problem: Problem) -> None:
        """Show the form, with the problem beside its field where it has one."""
        self._editing = True
        self._problem = None
        if self.is_whole:
            self.show_step()
            self._show_beside(problem)

    def action_back(self) -> None:
        """From the plan to the form, from the form to the start; what was typed stays."""
        if not self._shows_form() and self.stage in (Stage.READY, Stage.FAILED):
            self.action_edit()
        else:
            super().action_back()

    def action_reveal(self) -> None:
        """Show the secret, or hide it."""
        self._revealed = not self._revealed
        self._field("secret_access_key").reveal(shown=self._revealed)

    def _hide_secret(self) -> None:
        self._revealed = False
        self._field("secret_access_key").reveal(shown=False)

    def forget(self) -> None:
        """After a run: the form comes back only where it failed."""
        super().forget()
        work = self.work
        field = work.problem.field if work and work.problem else None
        self._editing = field in (*_SETTINGS, *_KEYS)

    def failed_here(self, problem: Problem) -> None:
        """A problem with a field is shown beside it, any other in full."""
        if problem.field in (*_SETTINGS, *_KEYS):
            self._problem = problem
            self._editing = True
            self.show_step()
            self._show_beside(problem)
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


def _with(settings: Settings, values: Mapping[str, str]) -> Settings:
    return replace(settings, **values)  # type: ignore[arg-type]
