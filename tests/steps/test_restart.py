"""The restart on a real site: back with S3, or back as it was."""

from __future__ import annotations

import asyncio
import itertools
import json
import shlex
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.results import done
from wizard.copying.upload import copy_media
from wizard.core.events import Check, Event, Note, Progress, Verdict, Waiting
from wizard.core.message import verbatim
from wizard.core.plan import Command, Sentence
from wizard.core.problem import Action, Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.journal.entries import text_entry
from wizard.step import Applies
from wizard.steps.collect_static import CollectStatic
from wizard.steps.enable_s3 import EnableS3
from wizard.steps.restart import Restart
from wizard.switch.first_run import note_that_it_runs
from wizard.switch.site_before import SiteBefore
from wizard.switch.uploads_back import uploads_are_missing
from wizard.web.visitor import ServedFrom, look_at_site

STEP = Restart(patience=60)
# For a site that will not come back: waiting longer would prove no more.
BRIEF = Restart(patience=3)
_EXPECTED = "restart.uploads_in_bucket"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    tmp_path_factory: pytest.TempPathFactory, seaweedfs: SeaweedFS
) -> AsyncIterator[DemoScene]:
    """An instance with all done that comes before the restart."""
    async with demo_scene(tmp_path_factory.mktemp("restart"), seaweedfs) as scene:
        scene.open_bucket()
        media = await scene.context.deployment.media()
        await copy_media(scene.context, media)
        scene.enable_s3()
        await scene.context.deployment.collect_static(lambda event: None)
        yield scene


@pytest.fixture
def ready(shared: DemoScene) -> Iterator[DemoScene]:
    """The same before each test: the site runs without S3, `.env` is armed."""
    context = shared.context
    code = shared.folder / "bookwyrm" / "settings.py"
    text, env = code.read_text(), context.instance.env_path.read_bytes()
    shared.set_env(USE_S3="false")
    shared.demo.site("restart")
    shared.enable_s3()
    shared.events.clear()
    shared.questions.clear()
    shared.answer = True
    for name in ("restart.switched", "restart.caught_up", "enable_s3.lines", _EXPECTED):
        context.journal.forget(text_entry(name))
    yield shared
    shared.context = context
    code.write_text(text)
    context.instance.env_path.write_bytes(env)


async def test_the_site_comes_back_with_s3_and_catches_up(ready: DemoScene) -> None:
    context = ready.context
    upload(ready, "uploaded later.jpg")
    before = await STEP.inspect(context)
    assert (before.done, before.gone != "") == (False, True)
    checks = await ready.carry_out(STEP)
    assert ready.bucket.get("images/covers/uploaded later.jpg") == b"a cover of the last minute"
    assert (await STEP.inspect(context)).done
    left = [item for item in (await STEP.plan(context)).items if isinstance(item, Sentence)]
    assert "nothing is restarted" in left[0].text
    page = httpx.get(ready.demo.site_url).text
    cover = httpx.get(f"{context.settings.public_base}/images/covers/uploaded%20later.jpg")
    assert context.settings.public_base in page
    assert cover.content == b"a cover of the last minute"
    assert "1 file copied in this step" in checks[2].seen
    assert ready.questions == []
    # This site is up again within less than half a second, mostly: no look may have met that.
    told = [e.text for e in ready.events if isinstance(e, Note) and " of " in e.text]
    (downtime,) = (text for text in told if "requests failed" in text)
    print(downtime)
    assert downtime.startswith("The site was down for") or "seconds apart at most" in downtime


async def test_what_was_uploaded_since_the_copy_is_there_before_the_site_is_touched(
    ready: DemoScene,
) -> None:
    """Otherwise its pages show broken pictures until the end of the switch."""
    upload(ready, "before the switch.jpg")
    command = f"{is_there(ready, 'before%20the%20switch.jpg')} && ./site restart"
    restart_with(ready, shlex.join(["sh", "-c", command]))
    await ready.carry_out(STEP)
    told = [e.text if isinstance(e, Note) else type(e) for e in ready.events]
    switching = told.index(verbatim("Your own command restarts the services."))
    assert Progress not in told[:switching], "its bar would stay as long as the switch takes"


async def test_what_is_uploaded_during_the_switch_is_there_before_its_end(ready: DemoScene) -> None:
    """The switch lasts a minute and more under Docker, and waits here for the file."""
    late = ready.folder / "images" / "covers" / "during.jpg"
    until = f"n=0; until {is_there(ready, late.name)}; do n=$((n+1)); [ $n -lt 60 ] || exit 1"
    command = f"./site restart; echo late >{shlex.quote(str(late))}; {until}; sleep 1; done"
    restart_with(ready, shlex.join(["sh", "-c", command]))
    checks = await ready.carry_out(STEP)
    assert "1 file copied in this step" in checks[2].seen


async def test_what_goes_to_the_bucket_during_the_undo_is_here_before_its_end(
    ready: DemoScene,
) -> None:
    """The old web takes uploads until it ends; the restart waits here for such a file."""
    await ready.carry_out(STEP)
    early, late = (ready.folder / "images" / "covers" / name for name in ("early.jpg", "late.jpg"))
    ready.bucket.put(f"images/covers/{early.name}", b"uploaded with S3")
    begun = ready.folder / "begun"
    wait = f"n=0; until test -e {shlex.quote(str(late))}; do n=$((n+1)); [ $n -lt 60 ] || exit 1"
    first = f"test -e {shlex.quote(str(early))} || exit 1; ./site restart; touch begun"
    restart_with(ready, shlex.join(["sh", "-c", f"{first}; {wait}; sleep 1; done"]))
    undoing = asyncio.create_task(STEP.undo(ready.context))
    while not begun.exists() and not undoing.done():
        await asyncio.sleep(0.1)
    ready.bucket.put(f"images/covers/{late.name}", b"uploaded in the middle")
    assert await undoing
    assert late.read_bytes() == b"uploaded in the middle"
    (asked,) = (
        e for e in ready.events if isinstance(e, Check) and e.code == "uploads-brought-back"
    )
    assert asked.seen.startswith("2 files copied back"), "those of all passes"
    await runs_as_before(ready)


async def test_what_readers_upload_after_the_restart_goes_to_the_bucket(ready: DemoScene) -> None:
    await ready.carry_out(STEP)
    cover = {"cover": ("new.jpg", b"a new cover")}
    url = f"{ready.demo.site_url}/create-book"
    answer = httpx.post(url, data={"title": "New"}, files=cover).json()
    assert httpx.get(answer["cover"]).content == b"a new cover"
    assert answer["cover"].startswith(ready.context.settings.public_base)
    mine = ready.folder / "images" / "covers" / "new.jpg"
    assert not mine.exists()
    ready.bucket.put("images/covers/a.jpg/b.jpg", b"a name that cannot be a file here")
    (mine.parent / "a.jpg").touch()
    with pytest.raises(Problem) as caught:
        await STEP.undo(ready.context)
    assert caught.value.what == "1 file could not be copied back from the bucket."
    assert "covers/a.jpg/b.jpg: one name for a file and for a folder" in caught.value.raw
    assert httpx.get(f"{ready.demo.site_url}/images/covers/new.jpg").content == b"a new cover"
    await runs_as_before(ready)
    assert uploads_are_missing(ready.context), "the next undo tries again"
    ready.bucket.delete("images/covers/a.jpg/b.jpg")
    running = ready.demo.site("status")
    assert await EnableS3().undo(ready.context)
    assert not uploads_are_missing(ready.context)
    assert ready.demo.site("status") == running


async def test_a_worker_that_was_not_restarted_is_named_and_blocks_nobody(
    ready: DemoScene,
) -> None:
    """It writes a file each quarter of a second, before, during and after; then it ends."""
    context, covers = ready.context, ready.folder / "images" / "covers"
    over = threading.Event()

    def write() -> None:
        for number in itertools.count():
            (covers / f"worker-{number:05}.jpg").write_bytes(b"%d" % number * 100)
            if over.wait(0.25):
                return

    worker = threading.Thread(target=write)
    worker.start()
    try:
        ready.answer = False
        with pytest.raises(Problem) as caught:
            await STEP.apply(context)
        assert caught.value.decision
        assert "covers/worker-" in caught.value.why
        assert "since " in caught.value.why
        assert "restart it, then try again" in caught.value.remedies[0].text
        ready.answer = True
        checks = await ready.carry_out(STEP)
    finally:
        over.set()
        worker.join()
    asked = [question.text for question in ready.questions]
    assert len(asked) == 2
    assert "Continue without it?" in asked[-1]
    late = next(check for check in checks if "every part" in check.asked)
    assert late.verdict is Verdict.REMARK
    assert "covers/worker-" in late.seen


async def test_the_way_back_is_refused_where_there_was_no_before(ready: DemoScene) -> None:
    await ready.carry_out(STEP)
    before = SiteBefore(
        served_from=ServedFrom.THIS_BUCKET,
        stylesheet=f"{ready.context.settings.public_base}/static/x.css",
        uses_s3=True,
        bucket=ready.context.settings.bucket,
        endpoint=ready.context.settings.endpoint,
        at=0.0,
    )
    entry = text_entry("site.before")
    ready.context.journal.remember(entry, json.dumps(asdict(before)))
    try:
        assert not await STEP.undo(ready.context)
        assert ready.context.instance.uses_s3()
    finally:
        ready.context.journal.forget(entry)


async def test_the_plan_says_what_is_interrupted_and_what_goes_back(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        plan = await STEP.plan(scene.context)
    commands = [item.argv for item in plan.items if isinstance(item, Command)]
    assert commands == [("./site", "restart")]
    texts = " ".join(getattr(item, "text", "") for item in plan.items)
    assert "is down" in texts
    assert "undoes “Enable S3” in .env" in texts


async def test_a_site_that_does_not_start_is_put_back(ready: DemoScene) -> None:
    ready.context.journal.save_result(done("enable_s3"))
    break_the_server(ready, "with S3", "USE_S3")
    problem = await failing(ready)
    await runs_as_before(ready)
    assert ready.context.journal.result("enable_s3") is None, "so that it is done again"
    assert "runs as before" in problem.what
    assert "broken with S3" in problem.raw
    assert problem.raw.count("failed: the site ended") == 1
    assert len(ready.questions) == 1


async def test_settings_that_do_not_load_are_put_back_before_anything_is_restarted(
    ready: DemoScene,
) -> None:
    running = ready.demo.site("status")
    ready.set_env(AWS_STORAGE_BUCKET_NAME=None)
    problem = await failing(ready)
    await runs_as_before(ready)
    assert "The site runs as before: the old .env was put back." in problem.what
    assert "AWS_STORAGE_BUCKET_NAME" in problem.raw
    assert ready.demo.site("status") == running
    assert ready.questions == [], "nothing was done that could be left as it is"


async def test_wrong_keys_are_found_before_anything_is_restarted(ready: DemoScene) -> None:
    running = ready.demo.site("status")
    ready.set_env(AWS_SECRET_ACCESS_KEY="not-the-one-that-belongs-to-it")
    problem = await failing(ready)
    await runs_as_before(ready)
    assert "AWS_SECRET_ACCESS_KEY" in problem.what
    assert problem.remedies[0].action is Action.EDIT_PROVIDER
    assert ready.demo.site("status") == running
    assert ready.questions == []


async def test_a_site_that_comes_back_with_the_error_page_is_put_back(ready: DemoScene) -> None:
    ready.set_env(AWS_S3_CUSTOM_DOMAIN=None)
    seen: list[str] = []
    problem = await failing(ready, seen)
    await runs_as_before(ready)
    assert "runs as before" in problem.what
    assert "error page" in problem.why
    assert seen, "nothing showed that it was waited"


async def test_without_consent_nothing_is_put_back(ready: DemoScene) -> None:
    ready.set_env(AWS_S3_CUSTOM_DOMAIN=None)
    ready.answer = False
    problem = await failing(ready)
    assert ready.context.instance.uses_s3()
    assert Action.RESTORE_ENV in [remedy.action for remedy in problem.remedies]
    assert "Oops!" in httpx.get(ready.demo.site_url).text
    assert await STEP.undo(ready.context), "that remedy"
    await runs_as_before(ready)


async def test_a_restart_that_changes_nothing_is_noticed(ready: DemoScene) -> None:
    restart_with(ready, "true")
    with pytest.raises(Problem) as caught:
        await BRIEF.apply(ready.context)
    await runs_as_before(ready)
    assert "did not reach the process" in caught.value.why


@pytest.mark.parametrize(
    ("command", "words", "raw"),
    [
        ("./nowhere restart", "“./nowhere” cannot be started", "no such program"),
        ("./.env restart", "not executable", "not executable"),
        ("sh -c 'echo no bus; exit 3'", "exited with status 3", "no bus"),
    ],
)
async def test_a_command_that_fails_at_once_restarts_nothing(
    ready: DemoScene, command: str, words: str, raw: str
) -> None:
    running = ready.demo.site("status")
    restart_with(ready, command)
    problem = await failing(ready)
    assert problem.what == "Nothing was restarted: the command for it failed."
    assert words in problem.why
    assert "none of its processes was restarted" in problem.why
    assert raw in problem.raw
    assert problem.field == "restart_command"
    assert ready.demo.site("status") == running
    await runs_as_before(ready)
    assert len(ready.questions) == 1


async def test_it_fails_and_env_stays_as_it_is(ready: DemoScene) -> None:
    ready.answer = False
    restart_with(ready, "false")
    problem = await failing(ready)
    assert ready.context.instance.uses_s3()
    assert "still says USE_S3=true" in problem.why
    assert "bw-s3 disarm" in problem.remedies[-1].text


async def test_a_command_that_fails_after_it_restarted_the_site_is_put_back(
    ready: DemoScene,
) -> None:
    restart_with(ready, "sh -c './site restart; exit 1'")
    problem = await failing(ready)
    assert "its own page, with its style from this server" in problem.what
    await runs_as_before(ready)


async def test_a_command_that_fails_after_it_started_a_worker_is_put_back(
    ready: DemoScene,
) -> None:
    """The site itself was never away, but what was started anew has the new settings."""
    restart_with(ready, "sh -c 'sleep 20 & exit 1'")
    problem = await failing(ready)
    assert "Nothing was restarted" not in problem.what
    assert not ready.context.instance.uses_s3()


async def test_a_restart_command_that_is_not_there_is_said_by_the_plan(ready: DemoScene) -> None:
    restart_with(ready, "./nowhere restart")
    with pytest.raises(Problem, match="cannot be started"):
        await STEP.plan(ready.context)


async def test_a_site_that_does_not_come_back_at_all(ready: DemoScene) -> None:
    break_the_server(ready, "for good", "True")
    with pytest.raises(Problem) as caught:
        await BRIEF.apply(ready.context)
    assert not ready.context.instance.uses_s3()
    assert "not even with the old .env" in caught.value.what
    assert "broken for good" in caught.value.raw


async def test_somebody_elses_object_is_a_conflict_and_stays(ready: DemoScene) -> None:
    context = ready.context
    (ready.folder / "images" / "covers" / "twice.jpg").write_bytes(b"ours, uploaded late")
    ready.bucket.put("images/covers/twice.jpg", b"theirs")
    with pytest.raises(Problem) as caught:
        await STEP.apply(context)
    assert caught.value.decision
    assert "images/covers/twice.jpg" in caught.value.raw
    assert ready.bucket.get("images/covers/twice.jpg") == b"theirs"
    assert not (await STEP.inspect(context)).done, "the site runs, but is not caught up"
    running = ready.demo.site("status")
    ready.bucket.delete("images/covers/twice.jpg")
    await ready.carry_out(STEP)
    assert ready.bucket.get("images/covers/twice.jpg") == b"ours, uploaded late"
    assert ready.demo.site("status") == running, "it was not restarted again"


async def test_a_site_that_was_away_before_is_asked_about(ready: DemoScene) -> None:
    ready.demo.site("stop")
    ready.answer = False
    problem = await failing(ready)
    assert (problem.decision, problem.field) == (True, "site_url")
    assert "stopped" in ready.demo.site("status")
    ready.answer = True
    await ready.carry_out(STEP)
    assert "even before the restart" in ready.questions[0].text


async def test_a_slow_site_is_waited_for(ready: DemoScene) -> None:
    later = "sh -c 'sleep 4; ./site restart' > later.log 2>&1 &"
    restart_with(ready, shlex.join(["sh", "-c", f"./site stop; {later}"]))
    await ready.carry_out(STEP)
    waits = [e for e in ready.events if isinstance(e, Waiting)]
    waited = [e.seconds for e in waits if e.text.startswith("Waiting for")]
    assert waited == sorted(waited)
    assert waited[-1] > 1
    assert ready.questions == []


async def test_another_bucket_means_another_restart(ready: DemoScene) -> None:
    await ready.carry_out(STEP)
    inputs = dict(STEP.inputs(ready.context))
    ready.change(replace(ready.context.settings, custom_domain="media.example.org"))
    context = ready.context
    assert dict(STEP.inputs(context)) != inputs
    finding = await STEP.inspect(context)
    assert not finding.done
    checks = await STEP.verify(context, 0)
    assert [c.verdict for c in checks][1] is Verdict.FAIL


async def test_it_is_refused_while_s3_is_off(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        running = scene.demo.site("status")
        with pytest.raises(Problem) as caught:
            await STEP.apply(scene.context)
        assert "not enabled" in caught.value.what
        assert scene.demo.site("status") == running


async def test_on_a_fresh_install_it_waits_and_then_is_done(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        context = scene.context
        scene.open_bucket()
        scene.enable_s3()
        await scene.carry_out(CollectStatic())
        waits = STEP.applies(context)
        assert waits.applies is Applies.LATER
        assert "installation guide" in waits.reason
        scene.demo.finish_installation()
        note_that_it_runs(context.journal)
        assert STEP.applies(context).applies is Applies.YES
        assert (await STEP.inspect(context)).done
        running = scene.demo.site("status")
        checks = await scene.carry_out(STEP)
        assert scene.demo.site("status") == running, "it runs with S3 already"
    assert len(checks) == 2, "there is nothing to catch up"


def upload(scene: DemoScene, name: str) -> None:
    """Have a reader upload a cover to the disk."""
    (scene.folder / "images" / "covers" / name).write_bytes(b"a cover of the last minute")


def is_there(scene: DemoScene, name: str) -> str:
    """For a shell: whether the public can read a cover in the bucket."""
    url = f"{scene.context.settings.public_base}/images/covers/{name}"
    return f"curl -sf -o /dev/null {shlex.quote(url)}"


def break_the_server(scene: DemoScene, how: str, when: str) -> None:
    """Have the site end at its start; BookWyrm's own commands still load the settings."""
    settings = scene.folder / "bookwyrm" / "settings.py"
    lines = f"""
import sys
if sys.argv[0] == "serve.py" and {when}:
    raise RuntimeError("broken {how}")
"""
    settings.write_text(settings.read_text() + lines)


def restart_with(scene: DemoScene, command: str) -> None:
    """Have the instance restarted by another command."""
    scene.change(replace(scene.context.settings, restart_command=command))


async def failing(scene: DemoScene, waited: list[str] | None = None) -> Problem:
    """Apply the step, which must fail; what was waited for lands in `waited`."""
    events = len(scene.events)
    with pytest.raises(Problem) as caught:
        await BRIEF.apply(scene.context)
    if waited is not None:
        new: list[Event] = scene.events[events:]
        waited += [event.text for event in new if isinstance(event, Waiting)]
    return caught.value


async def runs_as_before(scene: DemoScene) -> None:
    """The site shows its own page with its own static files, and `.env` says no S3."""
    context = scene.context
    view = await look_at_site(context.settings, context.instance.domain)
    assert (view.own_page, view.points_to_bucket) == (True, False)
    assert not context.instance.uses_s3()
    for sheet in view.stylesheets:
        assert httpx.get(sheet).status_code == 200
