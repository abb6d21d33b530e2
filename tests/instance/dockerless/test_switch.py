"""Switching without Docker: what visitors notice of it, whatever happens in the meantime."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests import ROOT
from tests.servers.nginx import running_nginx
from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.units import FakeSystemd, FakeUnit
from tests.support.visitors import Visitors
from wizard.copying.upload import copy_media
from wizard.core.events import Note, Report, Verdict
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.demo.checkout import free_port
from wizard.demo.seaweedfs import SeaweedFS
from wizard.instance.dockerless.deployment import Dockerless
from wizard.instance.dockerless.reload_switch import ReloadSwitch
from wizard.instance.switching import Switch, SwitchOffer, SwitchWay
from wizard.journal.entries import text_entry
from wizard.step import Context
from wizard.steps.restart import Restart
from wizard.system import memory
from wizard.system.processes import Process, with_variable

JOURNAL = "a-journal"
STEP = Restart(patience=60)
_STAGES = ["load", "reload", "drain", "jobs", "check"]
_WORKERS = 2
_RELOAD = "/bin/kill -s HUP $MAINPID"
# Plays celery: reads the settings when it starts, and says which it has.
_JOB = """\
import os, pathlib, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "bookwyrm.settings"
from django.conf import settings
pathlib.Path(sys.argv[1] + ".has").write_text(f"{settings.USE_S3} {os.getpid()}")
signal.sigwait({signal.SIGTERM})
"""
# Says of each worker that it has loaded the site.
_CONFIGURATION = """\
import pathlib
def post_worker_init(worker):
    pathlib.Path(f"loaded-{worker.pid}").touch()
"""
_GUNICORN = """\
#!{python}
import sys
from gunicorn.app.wsgiapp import run
sys.exit(run())
"""


# As in front of a real instance, and nobody reaches gunicorn without: of itself, with threads, it
# closes a connection that asks nothing for five seconds, reload or not. Each request is passed on
# once, so that one that gunicorn loses is an error (502).
_NGINX = """\
location / {{
    proxy_pass http://127.0.0.1:{behind};
    proxy_set_header Host $http_host;
    proxy_request_buffering {buffering};
}}
"""


@dataclass
class Served:
    """A site that gunicorn serves behind nginx, with its jobs, as units that are played.

    `port` is gunicorn's own.
    """

    scene: DemoScene
    systemd: FakeSystemd
    port: int

    @property
    def deployment(self) -> Dockerless:
        settings = replace(self.scene.context.settings, restart_command="")
        return Dockerless(self.scene.context.instance, settings, JOURNAL)

    @property
    def web(self) -> FakeUnit:
        return self.systemd.units["bookwyrm"]

    def serve(self, *options: str, threads: bool = True, **unit: object) -> None:
        """Start all units anew, gunicorn with more options and its unit with more lines.

        With threads a slow upload keeps nobody waiting; without, nginx has to take it as a whole.
        """
        options = (*(("--threads", "8") if threads else ()), *options)
        for name in self.systemd.units:
            self.systemd.stop(name)
        self.systemd.units["bookwyrm"] = self.web_unit(*options, **unit)
        for name in self.systemd.units:
            self.systemd.start(name)
        self.wait_for_workers()

    def web_unit(self, *options: str, **unit: object) -> FakeUnit:
        argv = [
            *(str(self.scene.folder / "venv/bin/gunicorn"), "bookwyrm.wsgi:application"),
            *("--bind", f"127.0.0.1:{self.port}", "--workers", str(_WORKERS), *options),
        ]
        return FakeUnit(argv=argv, **unit)  # type: ignore[arg-type]

    def wait_for_workers(self) -> None:
        """Wait until all workers have loaded the site: until then they may read any `.env`."""
        deadline = time.monotonic() + 60
        while True:
            master = self.master()
            workers = master.children() if master else []
            loaded = [w for w in workers if (self.scene.folder / f"loaded-{w.pid}").exists()]
            if len(loaded) == _WORKERS:
                break
            assert time.monotonic() < deadline, self.systemd.log("bookwyrm")
            time.sleep(0.05)
        self.wait_for_page()

    def wait_for_page(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(self.scene.demo.site_url, timeout=10)
                if "stylesheet" in answer.text:
                    return answer.text
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.systemd.log("bookwyrm"))

    def points_to_bucket(self) -> bool:
        """Whether the site's style comes from the bucket, whichever worker answers."""
        bucket = self.scene.context.settings.bucket
        pages = [self.wait_for_page() for _ in range(8)]
        assert len({f"/{bucket}/static/" in page for page in pages}) == 1
        return f"/{bucket}/static/" in pages[0]

    def jobs(self) -> set[str]:
        """What USE_S3 is for those who do the background jobs, as long as they run."""
        found = set()
        for name in ("bookwyrm-worker", "bookwyrm-scheduler"):
            file, pid = self.scene.folder / f"{name}.has", self.systemd.units[name].pid
            deadline = time.monotonic() + 20
            while not file.exists() or file.read_text().split()[1] != str(pid):
                assert time.monotonic() < deadline, self.systemd.log(name)
                time.sleep(0.05)
            found.add(file.read_text().split()[0])
        return found

    def master(self) -> Process | None:
        return Process.of(self.web.pid)

    def has(self, name: str) -> bool:
        """Whether a cover is on the disk."""
        return (self.scene.folder / "images" / "covers" / name).exists()

    def uploads(self, visitors: Visitors) -> str:
        """Where the uploads are; none may be lost."""
        names = set(visitors.uploaded)
        on_disk = {path.name for path in (self.scene.folder / "images" / "covers").iterdir()}
        listed = self.scene.bucket.list_objects("images/covers/")
        in_bucket = {item.key.rpartition("/")[2] for item in listed}
        assert len(visitors.uploads) == len(visitors.uploaded)
        assert not names - on_disk - in_bucket
        return f"{len(names & on_disk)} uploads on the disk, {len(names & in_bucket)} in the bucket"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    tmp_path_factory: pytest.TempPathFactory, seaweedfs: SeaweedFS
) -> AsyncIterator[Served]:
    """One site for this module, its bucket open and its style in there."""
    async with demo_scene(tmp_path_factory.mktemp("u"), seaweedfs) as scene:
        scene.demo.site("stop")
        folder = scene.folder
        program = folder / "venv/bin/gunicorn"
        program.write_text(_GUNICORN.format(python=folder / "venv/bin/python3"))
        program.chmod(0o755)
        (folder / "job.py").write_text(_JOB)
        (folder / "gunicorn.conf.py").write_text(_CONFIGURATION)
        scene.open_bucket()
        before = (folder / ".env").read_bytes()
        scene.enable_s3()
        await scene.context.deployment.collect_static(scene.context.report)
        (folder / ".env").write_bytes(before)
        await scene.context.deployment.collect_static(scene.context.report)
        with FakeSystemd(folder) as systemd:
            for name in ("bookwyrm-worker", "bookwyrm-scheduler"):
                argv = [str(folder / "venv/bin/python3"), "job.py", name]
                systemd.units[name] = FakeUnit(argv=argv)
            yield Served(scene, systemd, free_port())


@pytest.fixture
def buffering() -> str:
    """Whether nginx takes an upload as a whole before it passes it on."""
    return "off"


@pytest.fixture
def served(
    running: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, buffering: str
) -> Iterator[Served]:
    """Each test finds the site on its disk, and leaves it there."""
    monkeypatch.setenv("PATH", running.systemd.path)
    path = running.scene.folder / ".env"
    before = path.read_bytes()
    running.scene.events.clear()
    front = _NGINX.format(behind=running.port, buffering=buffering)
    with running_nginx(tmp_path, running.scene.demo.port, front):
        running.serve()
        running.systemd.asked.clear()
        yield running
    path.write_bytes(before)


@pytest.mark.parametrize("exec_reload", ["", _RELOAD], ids=["HUP", "ExecReload"])
async def test_forward_and_back_without_a_failed_request(served: Served, exec_reload: str) -> None:
    served.serve(exec_reload=exec_reload)
    await forward_and_back(served)
    verbs = {argv[0] for argv in served.systemd.asked}
    assert ("reload" in verbs, "kill" in verbs) == (bool(exec_reload), not exec_reload)


@pytest.mark.parametrize("buffering", ["on"])
async def test_as_bookwyrms_own_unit(served: Served) -> None:
    """Workers without threads; a slow upload is nginx's matter."""
    served.serve(threads=False)
    await forward_and_back(served)


async def forward_and_back(served: Served) -> None:
    """The whole way there and back, with visitors."""
    with unchanged_env(served), Visitors(served.scene.demo.site_url) as visitors:
        time.sleep(2)
        master = served.master()
        served.scene.enable_s3()
        began = time.monotonic()
        await carry_out(await reload_of(served))
        forward = time.monotonic() - began
        assert served.points_to_bucket()
        assert served.jobs() == {"True"}
        time.sleep(2)
        restore_env(served)
        began = time.monotonic()
        await (await reload_of(served)).undo(served.scene.context.report)
        back = time.monotonic() - began
        time.sleep(2)
    print(f"{visitors.figures}; {served.uploads(visitors)}; forward {forward:.1f} s, {back:.1f} s")
    assert not served.points_to_bucket()
    assert served.jobs() == {"False"}
    assert served.master() == master, "gunicorn's master was not restarted"
    assert not visitors.failed


async def test_settings_that_do_not_load_end_gunicorn_without_a_trial(served: Served) -> None:
    """Why they are loaded in a process of their own first."""
    served.scene.enable_s3(USE_S3="maybe")
    subprocess.run(["systemctl", "kill", "--signal=HUP", "bookwyrm"], check=True)
    deadline = time.monotonic() + 30
    while served.web.pid and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not served.web.pid
    assert "Worker failed to boot" in served.systemd.log("bookwyrm")
    assert httpx.get(served.scene.demo.site_url).status_code == 502


async def test_settings_that_do_not_load_never_reach_gunicorn(served: Served) -> None:
    before = (served.master(), served.jobs())
    with Visitors(served.scene.demo.site_url) as visitors, unchanged_env(served):
        served.scene.enable_s3(USE_S3="maybe")
        with pytest.raises(Problem) as tried:
            await served.deployment.try_storage(served.scene.context.report)
        switch = await reload_of(served)
        with pytest.raises(Problem) as loaded:
            await carry_out(switch)
        assert not await switch.touched()
        restore_env(served)
        await switch.undo(served.scene.context.report)
    assert "does not accept a value in .env" in tried.value.why
    assert '"USE_S3" invalid' in tried.value.raw
    assert loaded.value.what == "gunicorn cannot load BookWyrm with the settings in .env."
    assert "does not accept a value in .env" in loaded.value.why
    assert (served.master(), served.jobs()) == before
    assert not visitors.failed
    changing = [argv for argv in served.systemd.asked if argv[0] in ("kill", "restart", "reload")]
    assert changing == [], "nothing was touched, neither forward nor back"


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        (
            "AWS_SECRET_ACCESS_KEY",
            "x" * 40,
            "AWS_SECRET_ACCESS_KEY in .env does not belong to AWS_ACCESS_KEY_ID.",
        ),
        (
            "AWS_ACCESS_KEY_ID",
            "nobody-s-key",
            "The S3 service does not know the key in AWS_ACCESS_KEY_ID.",
        ),
    ],
)
async def test_wrong_keys_are_refused_before_anything_is_touched(
    served: Served, name: str, value: str, what: str
) -> None:
    served.scene.enable_s3(**{name: value})
    with pytest.raises(Problem) as caught:
        await served.deployment.try_storage(served.scene.context.report)
    assert caught.value.what == what
    assert "(403)" in caught.value.raw
    assert "x" * 40 not in caught.value.raw
    assert not served.points_to_bucket()


@pytest.mark.parametrize(
    "everything",
    [
        # The other one does all that this does, and more.
        pytest.param(False, id="us alone", marks=pytest.mark.slow),
        pytest.param(True, id="what we started too"),
    ],
)
async def test_killed_at_each_stage_and_continued(served: Served, everything: bool) -> None:
    """The next one goes through all of it again, and does what is left; and so on the way back."""
    chance = random.Random(everything)
    with unchanged_env(served), Visitors(served.scene.demo.site_url) as visitors:
        for uses_s3 in (True, False):
            if uses_s3:
                served.scene.enable_s3()
            else:
                restore_env(served)
            for stage in _STAGES:
                kill_at(served, stage, chance.uniform(0.0, 0.8), everything=everything)
            await carry_out(await reload_of(served))
            assert served.points_to_bucket() is uses_s3
            assert served.jobs() == {str(uses_s3)}
    print(f"everything: {everything}: {visitors.figures}; {served.uploads(visitors)}")
    assert not visitors.failed


async def test_what_is_done_already_is_not_done_again(served: Served) -> None:
    served.scene.enable_s3()
    await carry_out(await reload_of(served))
    served.systemd.asked.clear()
    await carry_out(await reload_of(served))
    changing = [argv for argv in served.systemd.asked if argv[0] in ("kill", "restart", "reload")]
    assert changing == []


async def test_a_gunicorn_that_ended_on_the_way_is_started_by_the_way_back(served: Served) -> None:
    with unchanged_env(served):
        served.scene.enable_s3()
        switch = await reload_of(served)
        await switch.carry_out(switch.stages()[0], served.scene.context.report)
        # Between the trial and the reload somebody makes it unreadable.
        served.scene.enable_s3(USE_S3="maybe")
        with pytest.raises(Problem) as caught:
            for stage in switch.stages()[1:]:
                await switch.carry_out(stage, served.scene.context.report)
        assert "gunicorn exited" in caught.value.what
        assert await switch.touched()
        restore_env(served)
        await switch.undo(served.scene.context.report)
    assert not served.points_to_bucket()
    assert served.jobs() == {"False"}


async def test_a_worker_that_never_ends_is_ended(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gunicorn itself would let it wait for ever, as it was told to."""
    served.serve("--timeout", "0", "--graceful-timeout", "300", threads=False)
    monkeypatch.setattr(ReloadSwitch, "quiet_seconds", 3)
    body = b"--x\r\nContent-Disposition: form-data; name=title\r\n\r\nhalf"
    with half_an_upload(served, body):
        served.scene.enable_s3()
        await carry_out(await reload_of(served), served.scene.events.append)
    notes = [e.text for e in served.scene.events if isinstance(e, Note) and "old worker" in e.text]
    assert len(notes) == 1
    assert served.points_to_bucket()


# As its runner does it: the step “Restart”, from its plan to its report.


async def test_the_step_there_and_back_restarts_nothing_and_nobody_notices(served: Served) -> None:
    context = context_of(served)
    await copy_media(context, await context.deployment.media())
    served.scene.enable_s3()
    master = served.master()
    plan = await STEP.plan(context)
    with Visitors(served.scene.demo.site_url) as visitors:
        checks = await STEP.verify(context, await STEP.apply(context))
        assert served.points_to_bucket()
        on_s3 = {name for name in list(visitors.uploaded) if not served.has(name)}
        assert await STEP.undo(context)
        assert not served.points_to_bucket()
    print(f"by the step: {visitors.figures}; {served.uploads(visitors)}; {len(on_s3)} on S3")
    assert on_s3, "nobody uploaded anything to the bucket"
    visitors.check_uploads_on(served.scene.demo.site_url)
    back = next(c for c in served.scene.checks if "uploaded to the bucket" in c.asked)
    assert "copied back" in back.seen
    texts = " ".join(getattr(item, "text", "") for item in plan.items)
    assert "Visitors notice nothing" in texts
    assert "(--switch)" in texts
    commands = [item.argv for item in plan.items if isinstance(item, Command)]
    assert [argv[0] for argv in commands[1:]] == ["systemctl", "systemctl"]
    assert commands[0][-1] == "--check-config"
    assert [c for c in checks if c.verdict is Verdict.FAIL] == []
    noticed = next(check for check in checks if "notice" in check.asked)
    assert noticed.seen.startswith("No visitor saw an error (0 of ")
    assert served.master() == master
    assert not visitors.failed


async def test_the_step_with_wrong_keys_touches_nothing(served: Served) -> None:
    context = context_of(served)
    before = (served.master(), served.jobs())
    served.scene.enable_s3(AWS_SECRET_ACCESS_KEY="x" * 40)
    served.systemd.asked.clear()
    with Visitors(served.scene.demo.site_url) as visitors, pytest.raises(Problem) as caught:
        await STEP.apply(context)
    assert "AWS_SECRET_ACCESS_KEY in .env does not belong" in caught.value.what
    assert "(403)" in caught.value.raw
    assert (served.master(), served.jobs()) == before
    assert not served.points_to_bucket()
    assert not visitors.failed
    changing = [argv for argv in served.systemd.asked if argv[0] in ("kill", "restart", "reload")]
    assert changing == []


async def test_the_step_puts_back_what_did_not_come_up(served: Served) -> None:
    """The trials pass, and then celery's worker does not start: gunicorn is reloaded again."""
    context = context_of(served)
    served.scene.enable_s3()
    master = served.master()
    job = served.scene.folder / "job.py"
    job.write_text(
        f"{_JOB}".replace("signal.sigwait", "assert not settings.USE_S3; signal.sigwait")
    )
    try:
        with Visitors(served.scene.demo.site_url) as visitors, pytest.raises(Problem) as caught:
            await STEP.apply(context)
    finally:
        job.write_text(_JOB)
    print(f"put back: {visitors.figures}; {served.uploads(visitors)}")
    assert "The site runs as before" in caught.value.what
    assert not served.points_to_bucket()
    assert served.jobs() == {"False"}
    assert served.master() == master
    assert not visitors.failed


# Where it cannot be had.


async def test_a_unit_that_is_given_the_file_needs_a_restart(served: Served) -> None:
    """As YunoHost's units."""
    served.serve(environment_file=served.scene.folder / ".env")
    reload, restart = await served.deployment.switches()
    assert "EnvironmentFile=" in reload.obstacle
    assert not restart.obstacle
    served.scene.enable_s3()
    with Visitors(served.scene.demo.site_url) as visitors:
        time.sleep(1)
        subprocess.run(["systemctl", "kill", "--signal=HUP", "bookwyrm"], check=True)
        time.sleep(5)
        assert not served.points_to_bucket(), "a reload would change nothing"
        await carry_out(restart.switch)
        served.wait_for_page()
        time.sleep(1)
    print(f"restart: {visitors.figures}")
    assert served.points_to_bucket()
    assert served.jobs() == {"True"}
    assert visitors.down_seconds > 0
    assert "5 to 15 seconds" in restart.switch.downtime()


async def test_variables_of_the_unit_go_before_the_file(served: Served) -> None:
    served.serve(environment={"USE_S3": "false", "AWS_S3_REGION_NAME": "us-east-1"})
    served.scene.enable_s3()
    reload, restart = await served.deployment.switches()
    assert "AWS_S3_REGION_NAME, USE_S3 of its own" in reload.obstacle
    assert "USE_S3 of its own" in restart.obstacle
    assert "a restart would change nothing" in restart.obstacle


async def test_preloaded_code_needs_a_restart(served: Served) -> None:
    served.serve("--preload")
    reload, restart = await served.deployment.switches()
    assert "preload_app" in reload.obstacle
    assert not restart.obstacle


async def test_preloading_in_the_configuration_file_is_seen(served: Served) -> None:
    file = served.scene.folder / "gunicorn.conf.py"
    file.write_text(f"{_CONFIGURATION}preload_app = True\n")
    try:
        assert "preload_app" in (await served.deployment.switches())[0].obstacle
    finally:
        file.write_text(_CONFIGURATION)


@pytest.mark.parametrize(
    ("version", "threads", "loses"),
    [("23.0.0", True, True), ("24.0.0", True, False), ("23.0.0", False, False)],
)
async def test_an_old_gunicorn_with_threads_may_lose_a_request(
    served: Served, version: str, threads: bool, loses: bool
) -> None:
    """Seen with 23.0.0: 2 of 348 pages."""
    served.serve(threads=threads)
    program = served.scene.folder / "venv/bin/gunicorn"
    text = program.read_text()
    told = f"if sys.argv[-1] == '--version': sys.exit(print('gunicorn (version {version})'))\n"
    program.write_text(text.replace("sys.exit(run())", f"{told}sys.exit(run())"))
    try:
        offer = (await served.deployment.switches())[0]
    finally:
        program.write_text(text)
    assert not offer.obstacle
    said = "gunicorn 23.0.0 with threads may lose a request" in offer.switch.downtime()
    assert said is loses


async def test_another_server_and_none(served: Served) -> None:
    served.systemd.stop("bookwyrm")
    assert "is not running at the moment" in (await served.deployment.switches())[0].obstacle
    served.web.environment = {"PORT": str(served.port)}
    served.web.argv = [str(served.scene.folder / "venv/bin/python3"), "serve.py"]
    served.systemd.start("bookwyrm")
    served.wait_for_page()
    assert "runs python3, and only gunicorn" in (await served.deployment.switches())[0].obstacle


async def test_too_little_memory(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 2000000 kB\nMemAvailable:    20480 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", meminfo)
    assert "only 21.0 MB are free" in (await served.deployment.switches())[0].obstacle


async def test_the_admins_own_command_comes_first(served: Served) -> None:
    deployment = served.deployment.with_settings(
        replace(served.deployment.settings, restart_command="systemctl restart bookwyrm")
    )
    command, reload = await deployment.switches()
    assert (command.switch.way, command.obstacle) == (SwitchWay.COMMAND, "")
    assert (reload.switch.way, reload.obstacle) == (SwitchWay.RELOAD, "")
    master = served.master()
    await carry_out(command.switch)
    served.wait_for_page()
    assert served.master() != master


async def test_a_restart_that_failed_before_it_began_is_not_repeated(served: Served) -> None:
    deployment = served.deployment.with_settings(
        replace(served.deployment.settings, restart_command="false")
    )
    switch = (await deployment.switches())[0].switch
    with pytest.raises(Problem):
        await carry_out(switch)
    assert not await switch.touched()
    await switch.undo(served.scene.context.report)


def context_of(served: Served) -> Context:
    """What the step is given: the units, and no restart command."""
    context = served.scene.context.with_settings(served.deployment.settings)
    for name in ("restart.switched", "restart.caught_up", "enable_s3.lines"):
        context.journal.forget(text_entry(name))
    return context


async def reload_of(served: Served) -> Switch:
    """The best way, which nothing stands against."""
    offer: SwitchOffer = (await served.deployment.switches())[0]
    assert (offer.switch.way, offer.obstacle) == (SwitchWay.RELOAD, "")
    assert [stage.name for stage in offer.switch.stages()] == _STAGES
    return offer.switch


async def carry_out(switch: Switch, report: Report = lambda event: None) -> None:
    for stage in switch.stages():
        await switch.carry_out(stage, report)


@contextmanager
def unchanged_env(served: Served) -> Iterator[None]:
    """Keep `.env` as it is for `restore_env`."""
    path = served.scene.folder / ".env"
    kept = path.with_name(".env.kept")
    kept.write_bytes(path.read_bytes())
    yield
    kept.unlink()


def restore_env(served: Served) -> None:
    path = served.scene.folder / ".env"
    path.write_bytes(path.with_name(".env.kept").read_bytes())


def kill_at(served: Served, stage: str, seconds: float, *, everything: bool) -> None:
    """Carry it out in a process that is killed so long after it began with `stage`."""
    script = f"""
        import asyncio, json, sys
        from pathlib import Path
        from wizard.core.settings import Settings
        from wizard.instance.checkout import open_instance
        from wizard.instance.dockerless.deployment import Dockerless
        async def work():
            instance = open_instance(Path({str(served.scene.folder)!r}))
            settings = Settings.from_dict(json.loads(sys.argv[1]))
            switch = (await Dockerless(instance, settings, {JOURNAL!r}).switches())[0].switch
            for stage in switch.stages():
                print(stage.name, flush=True)
                await switch.carry_out(stage, lambda event: None)
        asyncio.run(work())
    """
    settings = json.dumps(served.deployment.settings.to_dict())
    argv = [sys.executable, "-c", textwrap.dedent(script), settings]
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert any(line.strip() == stage for line in process.stdout), stage
        time.sleep(seconds)
        os.killpg(process.pid, 9)
    if everything:
        for found, _ in with_variable("BW_S3_RESTART", JOURNAL):
            found.kill()


@contextmanager
def half_an_upload(served: Served, body: bytes) -> Iterator[None]:
    """A visitor who sends the beginning of a form, and then nothing."""
    with socket.create_connection(("127.0.0.1", served.scene.demo.port)) as connection:
        head = (
            "POST /create-book HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        time.sleep(1)
        yield
