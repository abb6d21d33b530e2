"""Each route leads to its own screen."""

from __future__ import annotations

from pathlib import Path

from screens.app.routes import SCREENS
from screens.base.step_screen import StepScreen
from tests.screens.kit import KitSource, all_scripts, make_app, make_instance
from wizard.migration import STEPS, WAY_BACK


async def test_every_step_has_a_screen_and_each_screen_its_route(tmp_path: Path) -> None:
    app = make_app(KitSource(make_instance(tmp_path / "bookwyrm"), all_scripts()))
    async with app.run_test():
        made = {route: make(app) for route, make in SCREENS.items()}
        steps = [step.name for step in (*STEPS, *WAY_BACK)]
        assert list(made) == ["start", *steps, "end"]
        assert [screen.route for screen in made.values()] == list(made)
        assert [r for r, screen in made.items() if isinstance(screen, StepScreen)] == steps
