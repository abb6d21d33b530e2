"""Settings of a storage pasted as a whole: what was found in them, before the form takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Footer, OptionList
from textual.widgets.option_list import Option

from screens.overlays.dialogs import Dialog
from screens.state.wording import signed
from screens.widgets.key_button import KeyButton
from screens.widgets.paste_field import PasteField
from screens.widgets.spoken import Said, assemble, text
from wizard.core.language import shown
from wizard.core.message import Message, msg
from wizard.core.problem import Problem
from wizard.core.symbols import REMEDY, WARNING
from wizard.storage.providers import preset
from wizard.storage.recognition import Recognised, recognise

_ASKED = msg(
    "Paste an endpoint, the address of a bucket or of a file in it, settings of rclone, s3cmd or "
    "the AWS CLI, AWS_… lines, or a whole .env. Only what is found in it is shown and kept."
)


class PasteScreen(Dialog[Recognised | None]):
    """Takes a pasted text, shows what was found in it, and returns it where it is agreed to.

    The text itself is forgotten as soon as it is read; keys are never shown.
    """

    help_heading = msg("Paste settings")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", msg("Back"), id="dialog.back"),
    ]

    def __init__(self, pasted: str = "") -> None:
        super().__init__()
        self._pasted = pasted
        self._found: Sequence[Recognised] = ()
        self._chosen: Recognised | None = None
        self._problem: Problem | None = None

    def compose(self) -> ComposeResult:
        """Compose heading, text, field, the storages to choose from, three buttons."""
        with Vertical(classes="box"):
            yield Said(msg("Paste settings"), classes="heading")
            with VerticalScroll(classes="text", can_focus=False):
                yield Said(id="paste-said")
            yield PasteField()
            yield OptionList(id="paste-choices", compact=True)
            with Horizontal(classes="answers"):
                yield KeyButton(msg("Fill in the form"), id="fill")
                yield KeyButton(msg("Read the text"), id="read")
                yield KeyButton(msg("Paste something else"), id="again")
                yield KeyButton(msg("Back"), id="back")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Read what was pasted into the form, or ask for a text."""
        pasted, self._pasted = self._pasted, ""
        if pasted:
            self._read(pasted)
        else:
            self._show()

    def on_paste(self, event: events.Paste) -> None:
        """Read what is pasted, wherever the focus is."""
        event.stop()
        self._read(event.text)

    def say_again(self) -> None:
        """Show the same in the language in use."""
        super().say_again()
        choices = self.query_one("#paste-choices", OptionList)
        for index in range(choices.option_count):
            choices.replace_option_prompt_at_index(index, text(self._found[index].title))
        self._show_text()

    def _read(self, pasted: str) -> None:
        self.query_one(PasteField).clear()
        self._found, self._chosen, self._problem = (), None, None
        try:
            self._found = recognise(pasted)
        except Problem as problem:
            self._problem = problem
        if len(self._found) == 1:
            self._chosen = self._found[0]
        self._show()

    # Showing ---------------------------------------------------------------------------------

    def _show(self) -> None:
        several = bool(self._found) and not self._chosen
        choices = self.query_one("#paste-choices", OptionList)
        choices.clear_options()
        choices.add_options(Option(text(each.title)) for each in self._found if several)
        choices.highlighted = 0 if several else None
        choices.display = several
        self.query_one(PasteField).display = not self._found
        self._show_buttons()
        self._show_text()
        first = "#fill" if self._chosen else "#paste-choices" if several else "#paste-field"
        self.query_one(first).focus()

    def _show_buttons(self) -> None:
        self.query_one("#fill").display = bool(self._chosen)
        self.query_one("#again").display = bool(self._found)
        self.query_one("#read").display = not self.query_one(PasteField).is_empty

    def _show_text(self) -> None:
        said = self.query_one("#paste-said", Said)
        if self._chosen:
            said.say(Content("\n").join(_lines_of(self._chosen)))
        elif self._found:
            said.say(
                msg("The text contains several storage services. Which one do you want to use?")
            )
        elif self._problem:
            said.say(Content("\n").join(_lines_of_problem(self._problem)))
        else:
            said.say(_ASKED)

    # Keys ------------------------------------------------------------------------------------

    @on(PasteField.Changed)
    def _typed(self, event: PasteField.Changed) -> None:
        event.stop()
        self._show_buttons()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._chosen = self._found[event.option_index]
        self._show()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "fill":
                self.dismiss(self._chosen)
            case "read":
                self._read(self.query_one(PasteField).take())
            case "again":
                self._found, self._chosen = (), None
                self._show()
            case _:
                self.action_leave()

    def action_leave(self) -> None:
        """Leave without anything."""
        self.query_one(PasteField).clear()
        self.dismiss(None)


def _lines_of(found: Recognised) -> Iterator[Content]:
    """Return what was found, then what was fixed."""
    lines = list(_values_of(found))
    width = max(len(shown(label)) for label, _ in lines) + 2
    for label, value in lines:
        yield assemble((shown(label).ljust(width), "$faint"), (value, "bold"))
    if found.notes:
        yield Content("")
    for note in found.notes:
        yield text(signed(WARNING, note), "$text-warning")


def _values_of(found: Recognised) -> Iterator[tuple[Message, str]]:
    settings, keys = found.settings, found.keys
    title = preset(settings.provider).title if settings.provider else ""
    for label, value in (
        (msg("Provider"), title),
        (msg("Bucket"), settings.bucket),
        (msg("Region"), settings.region),
        (msg("Endpoint"), settings.endpoint),
        (msg("Custom domain"), settings.custom_domain),
    ):
        if value:
            yield label, value
    there, missing = msg("found, not shown here"), msg("not found")
    yield msg("Access key"), there if keys.access_key_id else missing
    yield msg("Secret key"), there if keys.secret_access_key else missing


def _lines_of_problem(problem: Problem) -> Iterator[Content]:
    yield text(problem.what, "$text-error")
    yield text(problem.why)
    for remedy in problem.remedies:
        yield text(signed(REMEDY, remedy.text))
