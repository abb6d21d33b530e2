"""Going back from a switch that was begun: `.env` and the running services together."""

from __future__ import annotations

import os
import shlex
import signal

from tests.support.armed import BROKEN, LATER, Armed, at_stage, over, waits_for_site
from wizard.switch.state import Direction, SwitchPhase


async def test_disarming_before_the_switch_restarts_nothing(armed: Armed) -> None:
    running = armed.scene.demo.site("status")
    called = armed.call("disarm")
    assert called.returncode == 0, called.stdout + called.stderr
    assert "Disarmed" in called.stdout
    assert armed.files.read() is None
    assert armed.scene.demo.site("status") == running
    await armed.check_as_before()


async def test_disarming_puts_an_interrupted_switch_back(armed: Armed) -> None:
    armed.restart_with(LATER)
    wizard = armed.start()
    await armed.until(waits_for_site)
    wizard.kill()
    os.kill(armed.state.pid, signal.SIGKILL)
    wizard.wait()
    assert "interrupted" in armed.call("status").stdout.splitlines()[0]
    called = armed.call("disarm")
    assert called.returncode == 0, called.stdout + called.stderr
    assert "runs as before" in called.stdout
    assert armed.state.phase is SwitchPhase.PUT_BACK
    await armed.check_as_before()


async def test_disarming_puts_a_switch_back_that_is_under_way(armed: Armed) -> None:
    # It goes on once somebody has told the runner something, however long that takes.
    told = ".bw-s3/switch/answer.json"
    wait = f"n=0; until [ -e {told} ]; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.2; done"
    armed.restart_with(shlex.join(["sh", "-c", f"{wait}; ./site restart"]))
    wizard = armed.start()
    await armed.until(at_stage)
    runner = armed.state.pid
    wizard.kill()
    wizard.wait()
    assert "stage 1 of 1" in armed.call("status").stdout.splitlines()[0]
    called = armed.call("disarm")
    assert called.returncode == 0, called.stdout + called.stderr
    assert "runs as before" in called.stdout
    assert (armed.state.phase, armed.state.pid) == (SwitchPhase.PUT_BACK, runner)
    await armed.check_as_before()


async def test_disarming_puts_back_what_was_left_as_it_is(armed: Armed) -> None:
    armed.scene.set_env(**BROKEN)
    armed.start("no", patience=5)
    await armed.until(over)
    armed.end()
    assert armed.state.phase is SwitchPhase.FAILED
    assert armed.scene.context.instance.uses_s3()
    called = armed.call("disarm")
    assert called.returncode == 0, called.stdout + called.stderr
    assert (armed.state.direction, armed.state.phase) == (Direction.BACK, SwitchPhase.PUT_BACK)
    await armed.check_as_before()
