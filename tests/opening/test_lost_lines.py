"""`.env` written anew after the switch: said, and the steps it undid are to be done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checkout import ENV
from tests.support.contexts import Listener, storage_context
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.core.states import ResultState, State
from wizard.journal.journal import StepResult
from wizard.migration import STEPS, Migration
from wizard.opening.lost_lines import lost_lines, reopen_steps, show_as_undone
from wizard.step import Context

LINES = "AWS_STORAGE_BUCKET_NAME=books\n"


def migration_of(context: Context, restart: ResultState = ResultState.DONE) -> Migration:
    """One of which every step is done."""
    for step in STEPS:
        state = restart if step.name == "restart" else ResultState.DONE
        context.journal.save_result(
            StepResult(
                step=step.name, state=state, inputs=dict(step.inputs(context)), checks=(),
                problem=None, at=1.0, seconds=1.0,
            )
        )  # fmt: skip
    return Migration(context)


def test_it_is_said_and_the_steps_are_open_again(tmp_path: Path) -> None:
    settings = Settings(path="existing", bucket="books")
    with storage_context(tmp_path, settings, Keys(), Listener(), ENV) as context:
        migration = migration_of(context)
        words = lost_lines(migration)
        assert f"{tmp_path / '.env'} has lost its S3 lines" in words
        assert "or an old one was put back" in words
        show_as_undone(migration)
        assert migration.next_step() is STEPS[0]
        stale = {s.step.name for s in migration.statuses() if s.state is State.STALE}
        assert "restart" in stale
        assert "set_cors" not in stale
        assert lost_lines(migration) == words, "nothing is kept of it"
        reopen_steps(migration)
        open_again = {s.step.name for s in migration.statuses() if s.state is State.TODO}
        assert open_again == {
            "configure_provider", "copy_media", "enable_s3", "collect_static", "restart",
            "verify_cors",
        }  # fmt: skip
        assert lost_lines(migration) == "", "it is said once"


@pytest.mark.parametrize(
    ("env", "restart"),
    [
        (ENV + LINES, ResultState.DONE),
        (ENV.replace("USE_S3=false", "USE_S3=true"), ResultState.DONE),
        (ENV, ResultState.FAILED),
    ],
)
def test_nothing_is_lost(tmp_path: Path, env: str, restart: ResultState) -> None:
    settings = Settings(path="existing", bucket="books")
    with storage_context(tmp_path, settings, Keys(), Listener(), env) as context:
        assert lost_lines(migration_of(context, restart)) == ""
