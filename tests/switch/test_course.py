"""What a switch leaves in the journal, whoever brings it to its end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from tests.support.contexts import Listener, make_context
from wizard.core.secrets import Keys
from wizard.core.settings import DeploymentKind, Settings
from wizard.core.states import ResultState
from wizard.instance.checkout import open_instance
from wizard.instance.dockerless.deployment import Dockerless
from wizard.journal.journal import FOLDER, Journal, StepResult
from wizard.switch.course import course_of
from wizard.switch.state import Direction

_BEFORE_THE_SWITCH = {"configure_provider", "copy_media", "collect_static", "set_cors"}


@pytest.mark.parametrize("direction", [Direction.TO_S3, Direction.BACK])
async def test_what_came_with_s3_is_not_done_any_more_once_it_is_put_back(
    tmp_path: Path, direction: Direction
) -> None:
    """Also where the undo was killed, and the next start finished it."""
    folder = tmp_path / "books"
    make_checkout(folder)
    instance, said = open_instance(folder), Listener()
    settings = Settings(deployment=DeploymentKind.DOCKERLESS)
    journal = Journal.open(folder / FOLDER, folder)
    context = make_context(
        instance, Dockerless(instance, settings), journal,
        keys=Keys("AKIAFORTESTS", "a-very-secret-key"), report=said.report, ask=said.ask,
    )  # fmt: skip
    steps = {*_BEFORE_THE_SWITCH, "enable_s3", "restart", "verify_cors"}
    for name in steps:
        journal.save_result(
            StepResult(
                step=name, state=ResultState.DONE, inputs={}, checks=(), problem=None,
                at=time.time(), seconds=1.0,
            )
        )  # fmt: skip
    await course_of(direction).put_env_back(context)
    assert {name for name in steps if journal.is_done(name)} == _BEFORE_THE_SWITCH
    journal.close()
