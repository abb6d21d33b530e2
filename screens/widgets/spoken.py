"""Texts in the language in use: handed to Textual here, and again when another one is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypeVar, runtime_checkable

from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from screens.widgets.wrapped import WrappedStatic
from wizard.core.language import language_in_use, shown
from wizard.core.message import msg

ResultT = TypeVar("ResultT")
# A text, with a style of Textual's such as "$text-success".
Part = Content | str | tuple[str, str]
# What Textual's own keys are called, where it shows them (`SelectOverlay`, textual 8.2).
_TEXTUALS_OWN = {"Dismiss menu": msg("Close")}


def text(said: str, style: str = "") -> Content:
    """Return a text as Textual shows it, in the language in use."""
    return Content.styled(shown(said), style)


def assemble(*parts: Part) -> Content:
    """Return texts one behind the other, each in its style."""
    return Content.assemble(*map(_shown, parts))


def _shown(part: Part) -> Part:
    match part:
        case Content():
            return part
        case str():
            return shown(part)
    return shown(part[0]), part[1]


@runtime_checkable
class Spoken(Protocol):
    """A widget that keeps what it says, and can say it in another language."""

    def say_again(self) -> None:
        """Show the same in the language in use."""


class Said(WrappedStatic):
    """A text that no one else shows again when the language changes."""

    def __init__(self, *parts: Part, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(assemble(*parts), id=id, classes=classes, markup=False)
        self._parts = parts

    def say(self, *parts: Part) -> None:
        """Show another text."""
        self._parts = parts
        self.say_again()

    def say_again(self) -> None:
        """Show the same in the language in use."""
        self.update(assemble(*self._parts))


class SpokenInput(Input):
    """A line to type in; `placeholder` is a text as others."""

    def __init__(
        self,
        placeholder: str,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 (Textual's own name)
        password: bool = False,
    ) -> None:
        super().__init__(
            placeholder=shown(placeholder), name=name, id=id, password=password, compact=True
        )
        self._said = placeholder

    def say(self, placeholder: str) -> None:
        """Show another text while nothing is typed."""
        self._said = placeholder
        self.say_again()

    def say_again(self) -> None:
        """Show the same in the language in use."""
        self.placeholder = shown(self._said)


class SpokenScreen(Screen[ResultT]):
    """A screen that follows the language in use, also where it changes below another screen."""

    _language = ""

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys that work now, as footer, help and palette name them."""
        return {key: _spoken(active) for key, active in super().active_bindings.items()}

    def on_mount(self) -> None:
        """Note in which language the screen was made."""
        self._language = language_in_use().code

    def on_screen_resume(self) -> None:
        """Say again what was said in another language."""
        if self._language != language_in_use().code:
            self.say_again()

    def say_again(self) -> None:
        """Show everything in the language in use."""
        self._language = language_in_use().code
        for part in self.walk_children():
            if isinstance(part, Spoken):
                part.say_again()
        self.refresh_bindings()


def _spoken(active: ActiveBinding) -> ActiveBinding:
    binding = active.binding
    description = shown(_TEXTUALS_OWN.get(binding.description, binding.description))
    tooltip = shown(active.tooltip)
    if (description, tooltip) == (binding.description, active.tooltip):
        return active
    return active._replace(
        binding=replace(binding, description=description, tooltip=tooltip), tooltip=tooltip
    )
