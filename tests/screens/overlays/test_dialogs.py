"""A question that does not wait for ever."""

from __future__ import annotations

import asyncio
import time

from textual.app import App
from textual.widgets import Static

from screens.overlays.dialogs import ConfirmDialog


class _Asking(App[None]):
    answer: bool | None = None

    def on_mount(self) -> None:
        dialog = ConfirmDialog(
            "Restart", "Put it back?", yes="Put it back", no="Leave it", deadline=time.time() + 2.4
        )
        self.push_screen(dialog, self._take)

    def _take(self, answer: bool | None) -> None:
        self.answer = answer


async def test_a_question_counts_down_and_is_answered_with_yes() -> None:
    app = _Asking()
    seen: list[str] = []
    async with app.run_test() as pilot:
        deadline = time.monotonic() + 20
        while app.answer is None and time.monotonic() < deadline:
            lines = app.screen.query("#time-left").results(Static)
            seen.extend(str(line.render()) for line in lines)
            await pilot.pause()
            await asyncio.sleep(0.1)
    assert app.answer is True
    assert "Without an answer, bw-s3 chooses “Put it back” in 2 seconds." in seen
    assert "Without an answer, bw-s3 chooses “Put it back” in 1 second." in seen
