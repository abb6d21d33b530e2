"""A `.env` that one of its readers cannot read is found before anything changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkout import ENV
from tests.support.contexts import Listener, carry_out, storage_context
from tests.support.units import FakeSystemd, FakeUnit
from wizard.core.events import Check, Verdict
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import DeploymentKind, Settings
from wizard.step import Context, Question
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.enable_s3 import EnableS3
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
        found = listener.seen("read all of it")
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


# systemd, where units are given the file: to it a remark behind a value is part of it.

OWN = 'AWS_S3_REGION_NAME=us-east-1     # "fr-par"\n'
OTHERS = "DEBUG=false   # never true\nEMAIL_PASSWORD='hidden' # mine\nPORT=80\n"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A unit of this folder that is given `.env`, as those of YunoHost are."""
    with FakeSystemd(tmp_path) as systemd:
        argv = [str(tmp_path / "venv/bin/gunicorn"), "bookwyrm.wsgi:application"]
        systemd.units["bookwyrm-server"] = FakeUnit(argv=argv, environment_file=tmp_path / ".env")
        monkeypatch.setenv("PATH", systemd.path)
        yield


@pytest.mark.usefixtures("given")
async def test_what_systemd_reads_otherwise_is_rewritten(storage: Storage, tmp_path: Path) -> None:
    """Our own lines without a question, the admin's with a yes; all as they were by the undo."""
    env, listener = ENV + OWN + OTHERS, Listener()
    with storage_context(tmp_path, *storage, listener, env) as context:
        plan = await STEP.plan(context)
        texts = " ".join(item.text for item in plan.items if isinstance(item, Sentence))
        assert "systemd reads DEBUG, EMAIL_PASSWORD in .env otherwise" in texts
        await carry_out(STEP, context)
        written = context.instance.env_file()
        assert written.misread_by_systemd() == frozenset()
        text = (tmp_path / ".env").read_text()
        assert "# never true\nDEBUG=false\n# mine\nEMAIL_PASSWORD='hidden'\nPORT=80\n" in text
        assert '# "fr-par"\nAWS_S3_REGION_NAME=us-east-1\n' in text
        asked = [q.text for q in listener.questions if q.text.startswith("systemd reads")]
        assert len(asked) == 1
        assert "hidden" not in texts + asked[0]
        assert await STEP.undo(context)
        assert (tmp_path / ".env").read_text() == env


@pytest.mark.usefixtures("given")
async def test_the_admins_own_lines_stay_without_a_yes(storage: Storage, tmp_path: Path) -> None:
    async def no_rewriting(question: Question) -> bool:
        return not question.text.startswith("systemd reads")

    with storage_context(tmp_path, *storage, Listener(), ENV + OWN + OTHERS) as context:
        context = replace(context, ask=no_rewriting)
        await carry_out(STEP, context)
        text = (tmp_path / ".env").read_text()
        assert OTHERS in text
        assert '# "fr-par"\nAWS_S3_REGION_NAME=us-east-1\n' in text
        check = await readers_check(context)
        assert check.verdict is Verdict.REMARK
        assert "gives it to bookwyrm-server, reads DEBUG, EMAIL_PASSWORD otherwise" in check.seen


@pytest.mark.usefixtures("given")
async def test_a_line_that_systemd_reads_otherwise_is_not_done(
    storage: Storage, tmp_path: Path
) -> None:
    """USE_S3 as well: to systemd it would be no boolean, and the site would not start."""
    settings, keys = storage
    step = EnableS3()
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        await carry_out(STEP, context)
        path = tmp_path / ".env"
        path.write_text(path.read_text().replace("USE_S3=false", "USE_S3=true   # at last"))
        assert not (await step.inspect(context)).done
        await step.apply(context)
        assert "# at last\nUSE_S3=true\n" in path.read_text()
        assert (await step.inspect(context)).done


async def test_without_such_a_unit_a_remark_may_stay(storage: Storage, tmp_path: Path) -> None:
    listener = Listener()
    with storage_context(tmp_path, *storage, listener, ENV + OTHERS) as context:
        await carry_out(STEP, context)
        assert OTHERS in (tmp_path / ".env").read_text()
        assert [q for q in listener.questions if "systemd" in q.text] == []
