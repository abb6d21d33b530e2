"""The switch in a process of its own: nothing that happens to bw-s3 ends it, and it ends well."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import secrets
import shlex
import signal
import stat
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.support.armed import BROKEN, LATER, SLOW, Armed, at_stage, over, waits_for_site
from wizard.opening.unfinished_switch import how_it_stands
from wizard.switch.files import Answer
from wizard.switch.state import SwitchPhase, SwitchState
from wizard.system.processes import Process, with_variable


@pytest.mark.parametrize("how", ["process", "group", "terminal"])
async def test_a_killed_wizard_does_not_end_it(armed: Armed, how: str) -> None:
    armed.restart_with(SLOW)
    outer, inner = pty.openpty()
    wizard = armed.start(terminal=inner if how == "terminal" else None)
    os.close(inner)
    await armed.until(at_stage)
    runner = armed.state.pid
    assert os.getsid(runner) == runner, "it has a session of its own"
    if how == "process":
        wizard.kill()
    elif how == "group":
        os.killpg(wizard.pid, signal.SIGKILL)
    os.close(outer)  # the kernel sends SIGHUP to all that have this terminal
    assert wizard.wait(10) in (-signal.SIGKILL, -signal.SIGHUP)
    assert armed.state.runner_lives
    with pytest.raises(Exception, match="Another bw-s3"), armed.journal():
        pass
    await armed.until(over)
    assert armed.state.phase is SwitchPhase.DONE
    assert not armed.state.told
    await armed.check_on_s3()
    running = armed.scene.demo.site("status")
    armed.start()
    assert armed.end() == {"end": "done"}
    assert "were switched to the bucket" in armed.said()
    assert armed.scene.demo.site("status") == running, "it was not restarted again"


async def test_copies_go_on_without_the_wizard(armed: Armed) -> None:
    """Pages point to the bucket for a minute and more, and the last uploads are on the disk."""
    late = armed.scene.folder / "images" / "covers" / "during.jpg"
    url = f"{armed.scene.context.settings.public_base}/images/covers/{late.name}"
    there = f"curl -sf -o /dev/null {shlex.quote(url)}"
    wait = f"n=0; until {there}; do n=$((n+1)); [ $n -lt 60 ] || exit 1; sleep 1; done"
    upload = f"echo late > {shlex.quote(str(late))}"
    armed.restart_with(shlex.join(["sh", "-c", f"sleep 2; ./site restart; {upload}; {wait}"]))
    wizard = armed.start()
    await armed.until(at_stage)
    wizard.kill()
    wizard.wait()
    await armed.until(over)
    assert (armed.state.phase, armed.state.copied) == (SwitchPhase.DONE, 1), armed.state
    late.unlink()


async def test_a_wizard_that_comes_meanwhile_follows(armed: Armed) -> None:
    armed.restart_with(SLOW)
    first = armed.start()
    await armed.until(at_stage)
    runner = armed.state.pid
    first.kill()
    armed.start()
    assert armed.end() == {"end": "done"}
    assert armed.state.pid == runner, "there was one runner"
    assert "follows it" in armed.said()
    assert "started: process" in armed.said(), "the output of the restart is passed on"
    await armed.check_on_s3()


@pytest.mark.parametrize(("moment", "command"), [(at_stage, SLOW), (waits_for_site, LATER)])
@pytest.mark.parametrize("wizard", ["alive", "dead"])
async def test_a_killed_runner_is_followed_by_one_that_finishes(
    armed: Armed, moment: Callable[[SwitchState], bool], command: str, wizard: str
) -> None:
    armed.restart_with(command)
    process = armed.start()
    await armed.until(moment)
    first = armed.state.pid
    if wizard == "dead":
        process.kill()
    os.kill(first, signal.SIGKILL)
    if wizard == "dead":
        process.wait()
        await asyncio.sleep(0.2)
        assert "was interrupted" in how_it_stands(armed.files.folder.parent, armed.scene.folder)
        armed.start()
    assert armed.end() == {"end": "done"}
    assert "was interrupted" in armed.said()
    assert (armed.state.phase, armed.state.pid != first) == (SwitchPhase.DONE, True)
    await armed.check_on_s3()


@pytest.mark.parametrize("strikes", [3, pytest.param(60, marks=pytest.mark.slow)])
async def test_signals_at_random_moments(armed: Armed, strikes: int) -> None:
    """To wizard, runner and what restarts the services, alone and together; the seed is printed."""
    armed.restart_with(SLOW)
    seed = os.environ.get("BW_S3_SEED") or secrets.token_hex(4)
    print(f"BW_S3_SEED={seed}")
    chance = random.Random(seed)
    put_back = ""
    for _ in range(strikes):
        strike(armed, chance)
        state = armed.files.read()
        # One that was struck before it began leaves the state of the one before.
        if state and state.phase is SwitchPhase.PUT_BACK and state.id != put_back:
            await armed.check_as_before()
            put_back = state.id
            armed.scene.enable_s3()
    armed.start()
    ended = armed.end()
    if ended != {"end": "done"}:  # a command that was killed: all was put back
        await armed.check_as_before()
        armed.scene.enable_s3()
        armed.start()
        assert armed.end() == {"end": "done"}, armed.said()
    await armed.check_on_s3()


def strike(armed: Armed, chance: random.Random) -> None:
    """Start a bw-s3, and send signals after a while."""
    process = armed.start()
    try:
        process.wait(chance.uniform(0.5, 12))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, chance.choice([signal.SIGHUP, signal.SIGKILL]))
    state = armed.files.read()
    if state and state.runner_lives and chance.random() < 0.5:
        os.kill(state.pid, chance.choice([signal.SIGHUP, signal.SIGKILL]))
    if chance.random() < 0.5:
        with armed.reading() as journal:
            marked = with_variable("BW_S3_RESTART", f"{journal.id} ")
        # The site itself carries it as well, once it was started by the command.
        for command in (found for found, _ in marked if chance.random() < 0.5):
            command.kill()
    process.wait()
    print(state and (state.phase, state.stage))


async def test_a_site_that_fails_is_put_back_though_nobody_is_there(armed: Armed) -> None:
    armed.scene.set_env(**BROKEN)
    wizard = armed.start(patience=5)
    await armed.until(at_stage)
    wizard.kill()
    await armed.until(over)
    await armed.check_as_before()
    state = armed.state
    assert (state.phase, state.told) == (SwitchPhase.PUT_BACK, False)
    assert state.problem
    assert "runs as before" in state.problem.what
    with armed.journal() as journal:
        result = journal.result("restart")
    assert result
    assert result.problem
    assert result.problem.what == state.problem.what
    armed.start()
    assert "not enabled" in armed.end()["what"], "S3 is to be enabled again first"
    assert "runs as before" in armed.said()


@pytest.mark.parametrize("answer", ["yes", "never"])
async def test_a_page_that_browsers_would_block_is_put_back(armed: Armed, answer: str) -> None:
    """A custom domain with a path makes BookWyrm's own policy block every stylesheet."""
    armed.scene.set_env(CSP_ADDITIONAL_HOSTS="")
    wizard = armed.start(answer)
    if answer == "never":
        await armed.until(lambda state: state.phase is SwitchPhase.ASKING)
        question = armed.state.question
        assert question
        assert "Visitors see unstyled pages now." in question.text
        assert question.deadline, "visitors do not wait for an answer"
        wizard.kill()
        await armed.until(over)
    else:
        armed.end()
    problem = armed.state.problem
    assert problem
    assert armed.state.phase is SwitchPhase.PUT_BACK
    assert "runs as before" in problem.what
    assert "Content-Security-Policy keeps browsers from loading" in problem.why
    assert any("CSP_ADDITIONAL_HOSTS" in remedy.text for remedy in problem.remedies)
    await armed.check_as_before()


@pytest.mark.parametrize("phase", [SwitchPhase.ASKING, SwitchPhase.PUTTING_BACK])
async def test_a_runner_killed_on_the_way_back_is_followed_by_one_that_puts_back(
    armed: Armed, phase: SwitchPhase
) -> None:
    armed.scene.set_env(**BROKEN)
    armed.restart_with(SLOW)
    wizard = armed.start("never" if phase is SwitchPhase.ASKING else "yes", patience=5)
    await armed.until(lambda state: state.phase is phase)
    wizard.kill()
    os.kill(armed.state.pid, signal.SIGKILL)
    wizard.wait()
    armed.start()
    armed.end()
    assert armed.state.phase is SwitchPhase.PUT_BACK
    await armed.check_as_before()


async def test_a_question_that_nobody_answers_is_over_after_a_while(armed: Armed) -> None:
    armed.scene.set_env(**BROKEN)
    armed.start("never", patience=5)
    await armed.until(lambda state: state.phase is SwitchPhase.ASKING)
    question = armed.state.question
    assert question
    assert question.deadline
    assert 20 < question.deadline - time.time() < 31
    assert "Visitors see errors now" in question.text
    await armed.until(lambda state: state.phase is SwitchPhase.PUTTING_BACK)
    assert time.time() >= question.deadline
    assert "runs as before" in armed.end()["what"]
    await armed.check_as_before()


async def test_a_question_is_over_when_whoever_was_asked_is_killed(armed: Armed) -> None:
    armed.scene.set_env(**BROKEN)
    wizard = armed.start("never", patience=5)
    await armed.until(lambda state: state.phase is SwitchPhase.ASKING)
    wizard.kill()
    asked = time.monotonic()
    await armed.until(lambda state: state.phase is SwitchPhase.PUTTING_BACK)
    assert time.monotonic() - asked < 10
    await armed.until(over)
    await armed.check_as_before()


@pytest.mark.parametrize("copies", ["work", "fail"])
async def test_stopping_puts_back(armed: Armed, copies: str) -> None:
    """Whatever becomes of what is copied beside it."""
    armed.restart_with("sh -c 'sleep 20; ./site restart'")
    wizard = armed.start()
    await armed.until(at_stage)
    in_the_way = armed.scene.folder / ".bw-s3" / "inventory.sqlite3"
    while copies == "fail" and not in_the_way.is_dir():
        with contextlib.suppress(FileExistsError):  # while a pass is under way
            in_the_way.mkdir()
    armed.files.say(Answer(put_back=True), armed.state)
    wizard.wait(120)
    end = armed.end()
    if copies == "fail":
        in_the_way.rmdir()
        assert "bw-s3 itself failed" in armed.said()
    assert "was stopped" in end["what"]
    assert armed.state.phase is SwitchPhase.PUT_BACK
    await armed.check_as_before()


async def test_a_failing_command_is_not_asked_about_for_ever(armed: Armed) -> None:
    """The site runs as before: there is no hurry, and no deadline."""
    armed.restart_with("false")
    armed.start("never")
    await armed.until(lambda state: state.phase is SwitchPhase.ASKING)
    question = armed.state.question
    assert question
    assert question.deadline is None
    armed.files.say(Answer(question.id, answer=True), armed.state)
    assert armed.end()["what"] == "Nothing was restarted: the command for it failed."
    await armed.check_as_before()


async def test_secrets_stay_out_of_what_is_kept(armed: Armed) -> None:
    armed.restart_with("sh -c 'cat .env; ./site restart'")
    armed.start()
    assert armed.end() == {"end": "done"}
    secret = armed.scene.demo.keys.secret_access_key
    assert secret in (armed.scene.folder / ".env").read_text()
    texts = {path.name: path.read_text() for path in armed.files.folder.iterdir()}
    assert "AWS_SECRET_ACCESS_KEY=••••" in texts["output.log"]
    assert [name for name, text in texts.items() if secret in text] == []
    assert secret not in armed.said()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in armed.files.folder.iterdir()}
    assert modes == {0o600}


async def test_what_the_restart_starts_does_not_hold_the_lock(armed: Armed) -> None:
    armed.restart_with("sh -c './site restart; sleep 60 > /dev/null 2>&1 &'")
    armed.start()
    assert armed.end() == {"end": "done"}
    runner = Process(armed.state.pid, armed.state.pid_started)
    await armed.until(lambda _: not runner.lives())
    with armed.journal():
        pass


async def test_nobody_notices_or_the_seconds_are_said(armed: Armed) -> None:
    armed.start()
    assert armed.end() == {"end": "done"}
    down = armed.state.downtime
    assert down.looks > 2
    assert ("The site was down" in armed.said()) == bool(down.failures)
    assert "Did visitors notice the switch?" in armed.said()
