"""A `.env` that one of its readers cannot read is found before anything changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkout import ENV
from tests.support.contexts import Listener, carry_out, storage_context
from wizard.core.events import Check, Verdict
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import DeploymentKind, Settings
from wizard.step import Context
from wizard.steps.configure_provider import ConfigureProvider
from wizard.storage.bucket import Bucket
from wizard.switch.env_readers import readers_check

Storage = tuple[Settings, Keys]
LINE = "EMAIL_SENDER_NAME=My Book (club\n"
STEP = ConfigureProvider()


def under_compose(context: Context) -> Context:
    return context.with_settings(replace(context.settings, deployment=DeploymentKind.COMPOSE))


@pytest.mark.parametrize("env", [LINE + ENV, ENV + LINE])
async def test_under_compose_it_stops_before_anything_changes(
    env: str, storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    with storage_context(tmp_path, settings, keys, Listener(), env) as context:
        context = under_compose(context)
        for attempt in (STEP.plan, STEP.apply):
            with pytest.raises(Problem) as caught:
                await attempt(context)
            number = env[: env.index(LINE)].count("\n") + 1
            assert f"line {number} of" in caught.value.what
            assert "EMAIL_SENDER_NAME='My Book (club'" in caught.value.remedies[0].text
        assert (tmp_path / ".env").read_text() == env
        assert list(Bucket(settings, keys).list_objects()) == []


async def test_without_docker_it_is_remarked(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    listener = Listener()
    with storage_context(tmp_path, settings, keys, listener, ENV + LINE) as context:
        await carry_out(STEP, context)
        found = listener.seen("read to its end")
        assert found.verdict is Verdict.REMARK
        assert "(EMAIL_SENDER_NAME)" in found.seen
        assert (await context_check(context, ENV)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("SECRET_TOKEN=it's-hidden\n", 'SECRET_TOKEN="…"'),
        ("MY_PASSWORD=hid den\n", "MY_PASSWORD='…'"),
        ("UID=1000\n", "another name"),
        ("hello there\n", "put a # before it"),
    ],
)
async def test_the_remedy_shows_no_secret(
    line: str, words: str, storage: Storage, tmp_path: Path
) -> None:
    with storage_context(tmp_path, *storage, Listener()) as context:
        context = under_compose(context)
        check = await context_check(context, f"{ENV}\n{line}")
        assert check.problem is not None
        assert words in check.problem.remedies[0].text
        assert "hid" not in str(check.problem.to_dict())


async def test_a_command_in_a_value_is_no_error(storage: Storage, tmp_path: Path) -> None:
    """bw-dev runs it and goes on, so it may be meant."""
    with storage_context(tmp_path, *storage, Listener()) as context:
        context = under_compose(context)
        check = await context_check(context, f"{ENV}HOST_NAME=$(hostname)\n")
        assert check.verdict is Verdict.REMARK
        assert "runs the command" in check.seen


async def test_lines_that_django_passes_over_are_named(storage: Storage, tmp_path: Path) -> None:
    with storage_context(tmp_path, *storage, Listener()) as context:
        check = await context_check(context, f"A=1\n\nB='open\n{ENV}")
        assert (check.verdict, "passes over line 3 of" in check.seen) == (Verdict.REMARK, True)


async def test_a_file_from_windows_is_converted_first(storage: Storage, tmp_path: Path) -> None:
    with storage_context(tmp_path, *storage, Listener()) as context:
        context = under_compose(context)
        assert (await context_check(context, ENV.replace("\n", "\r\n"))).verdict is Verdict.PASS


async def context_check(context: Context, env: str) -> Check:
    context.instance.env_path.write_bytes(env.encode())
    return await readers_check(context)
