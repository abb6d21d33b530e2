"""The rail's lines are as wide as the rail in every language."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from screens.state.session import RailItem
from screens.widgets.rail import Rail
from wizard.core.message import msg, verbatim
from wizard.core.states import State


class _WithRail(App[None]):
    def compose(self) -> ComposeResult:
        yield Rail()


@pytest.mark.parametrize(
    ("title", "word", "line"),
    [
        ("Static assets", "skip", "  Static assets   skip"),
        ("Restart", "", "  Restart             "),
        ("Static assets", "decide", "  Static assets decide"),
        ("Ressources statiques", "", "  Ressources statiques"),
        ("Ressources statiques", "refaire", "  Ressources…  refaire"),
        ("Connecteur", "à refaire", "  Connecteur à refaire"),
    ],
)
async def test_title_and_word_fit(title: str, word: str, line: str) -> None:
    async with _WithRail().run_test() as pilot:
        rail = pilot.app.query_one(Rail)
        step = RailItem(
            name="s", title=verbatim(title), state=State.TODO, number=7, word=msg("{w}", w=word)
        )
        rail.show([step], "start")
        shown = str(rail.get_option("s").prompt)
        assert shown.partition("7")[2] == line[1:]
        assert len(shown) == 24
