"""The list that opens when one types, and a question too long for the window."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import OptionList

from screens.app.themes import NIGHT
from screens.overlays.dialogs import ConfirmDialog
from screens.widgets.choice import Choice
from tests.screens.waiting import until

_NAMES = ("Amazon AWS S3", "Scaleway", "SeaweedFS", "Other")


class _Choosing(App[None]):
    def compose(self) -> ComposeResult:
        yield Choice([(name, name) for name in _NAMES])


@pytest.mark.parametrize("at_once", [False, True])
async def test_typing_opens_the_list_and_searches(at_once: bool) -> None:
    """Letters that come in one go, as over a slow line, count as well."""
    app = _Choosing()
    async with app.run_test() as pilot:
        choice = app.query_one(Choice)
        choice.focus()
        await until(pilot, lambda: choice.has_focus)
        for letter in "sea":
            if at_once:
                choice.post_message(events.Key(letter, letter))
            else:
                await pilot.press(letter)
        options = app.query_one(OptionList)
        await until(pilot, lambda: app.focused is options and _marked(options) == "SeaweedFS")
        await pilot.press("enter")
        await until(pilot, lambda: choice.value == "SeaweedFS")


def _marked(options: OptionList) -> str:
    option = options.highlighted_option
    return str(option.prompt) if option else ""


class _Asking(App[None]):
    CSS_PATH = "../../../screens/app/dialogs.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    def on_mount(self) -> None:
        text = "\n".join(f"line {number}" for number in range(60))
        self.push_screen(ConfirmDialog("A question", text, yes="Do it", no="Leave it"))


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
async def test_the_answers_to_a_long_question_stay_in_sight(size: tuple[int, int]) -> None:
    app = _Asking()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(app.screen.query(".answers")))
        answers = app.screen.query_one(".answers")
        box = app.screen.query_one(".box")
        await until(pilot, lambda: box.content_region.contains_region(answers.region))
        text = app.screen.query_one(VerticalScroll)
        for _ in range(9):
            await pilot.press("pagedown")
        await until(pilot, lambda: text.scroll_y == text.max_scroll_y > 0)
