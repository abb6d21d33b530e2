"""What a screen may ask of the app that shows it. No textual."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from screens.state.session import Session
    from screens.state.sources import Source
    from wizard.core.language import Language
    from wizard.core.problem import Problem
    from wizard.step import Step


class Navigation(Protocol):
    """Leads from screen to screen. A route is "start", a step's name, or "end"."""

    def go_to(self, route: str) -> None:
        """Show the screen of this route."""

    def go_to_next(self, route: str) -> None:
        """Show what comes after the screen of this route."""

    def turn(self) -> None:
        """Show the steps of the other direction, from the start screen on."""

    def show_output(self, step: str) -> None:
        """Show all that the commands of the step of this name wrote."""


class Running(Protocol):
    """Carries steps out, one at a time, whatever is on the screen."""

    def start(self, step: Step) -> None:
        """Carry a step out."""

    def stop(self) -> None:
        """Stop the running step; what it has verified stays so."""

    def ask_to_undo(self, step: Step) -> None:
        """Undo a step, once the admin has confirmed it."""

    def inspect(self, route: str, inspect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let the screen of a route inspect the world, without holding anything up."""


class ProblemHandling(Protocol):
    """Shows problems, and carries out the remedies that are chosen."""

    def show(self, problem: Problem, step: Step | None = None) -> None:
        """Show a problem in full, with what can be done about it."""

    def edit_answers(self, problem: Problem) -> None:
        """Show the form, with the problem beside its field where it has one."""


class MigrationOpening(Protocol):
    """Opens the migration."""

    def open(self, **answers: str) -> None:
        """Open the migration, with these answers in place of what is not clear."""


class Shell(Protocol):
    """The app, as its screens know it."""

    @property
    def session(self) -> Session:
        """What is known and what runs."""

    @property
    def source(self) -> Source:
        """Where the migration comes from."""

    @property
    def unprotected_ssh(self) -> bool:
        """Whether a dropped connection would end the wizard."""

    @property
    def navigation(self) -> Navigation:
        """The way to other screens."""

    @property
    def runner(self) -> Running:
        """What carries steps out."""

    @property
    def problems(self) -> ProblemHandling:
        """What shows problems."""

    def speak(self, other: Language) -> None:
        """Show everything in another language; what runs continues."""

    @property
    def opener(self) -> MigrationOpening:
        """What opens the migration."""
