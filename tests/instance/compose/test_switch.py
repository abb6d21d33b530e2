"""Switching the running services: what visitors notice of it, whatever happens meanwhile."""

from __future__ import annotations

import os
import random
import re
import secrets
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests import ROOT
from tests.servers.docker import IMAGE, BridgedSeaweedFS, docker
from tests.servers.run_names import unique
from tests.servers.slow import SlowLine
from tests.standin import StandIn
from tests.standin.small import JOURNAL, SmallProject
from tests.standin.standing import Standing
from tests.support.visitors import Visitors
from wizard.core.events import Check, Note
from wizard.core.problem import Problem
from wizard.instance.compose.deployment import Compose
from wizard.instance.switching import Switch, SwitchWay
from wizard.storage.bucket import Bucket
from wizard.system import memory
from wizard.system.processes import with_variable

_STAGES = [
    *("standby", "pause", "use_standby", "stop_web", "renew_web"),
    *("use_web", "resume", "remove_standby", "check"),
]
# Folders for DOCKER_CONFIG, each with another version of Compose in `cli-plugins`.
_OTHER_VERSIONS = [Path(p) for p in os.environ.get("BW_S3_COMPOSE", "").split(":") if p]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One instance for this module, which stores on its disk."""
    place = tmp_path_factory.mktemp("switch")
    storage = BridgedSeaweedFS(place / "weed")
    reader = storage.add_keys("reader", ["Read", "List"])
    with StandIn(place / "bookwyrm", covers=12) as instance, storage:
        instance.install()
        yield Standing(instance, storage, reader=reader)


@pytest.fixture(autouse=True)
def as_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test finds the instance on its disk, and leaves it there."""
    if "standing" not in request.fixturenames:
        yield
        return
    standing: Standing = request.getfixturevalue("standing")
    path = standing.instance.folder / ".env"
    before = path.read_bytes()
    standing.events.clear()
    yield
    path.write_bytes(before)
    for name in standbys():
        docker("rm", "--force", name)
    standing.instance.compose("up", "-d")
    # It has made web anew, of which nginx learns by this only.
    docker("exec", standing.instance.container("nginx"), "nginx", "-s", "reload")
    standing.instance.wait_for_site()


async def test_forward_and_back_without_a_failed_request(standing: Standing) -> None:
    """As root here, with uploads all the time, slow ones that straddle each reload too."""
    await forward_and_back(standing, "quiet-books")


@pytest.mark.parametrize("settings", _OTHER_VERSIONS, ids=lambda path: path.name)
async def test_other_versions_of_compose(
    standing: Standing, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(settings))
    await forward_and_back(standing, f"books-{re.sub('[^a-z0-9]', '-', settings.name.lower())}")


@pytest.mark.parametrize(
    "way", [pytest.param(SwitchWay.NO_DEPS, marks=pytest.mark.slow), SwitchWay.UP]
)
async def test_plain_ways_are_down_for_a_while(standing: Standing, way: SwitchWay) -> None:
    """What the same visitors meet then; and what the plan says of it is not less."""
    before = standing.containers()
    standing.use_bucket("plain-books")
    switch = await way_of(standing, way)
    with Visitors(standing.instance.site_url) as visitors:
        await carry_out(standing, switch)
    show(way, visitors)
    assert visitors.down_seconds > 3
    assert any(page.wrong.startswith("HTTP 502") for page in visitors.pages)
    assert points_to(standing, "plain-books")
    after = standing.containers()
    assert after["web"] != before["web"]
    assert (after["db"] == before["db"]) is (way is SwitchWay.NO_DEPS)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (
            {"AWS_SECRET_ACCESS_KEY": "x" * 40},
            "AWS_SECRET_ACCESS_KEY in .env does not belong to AWS_ACCESS_KEY_ID.",
        ),
        (
            {"AWS_ACCESS_KEY_ID": "nobody-s-key"},
            "The S3 service does not know the key in AWS_ACCESS_KEY_ID.",
        ),
    ],
    ids=["secret", "key"],
)
async def test_storage_is_tried_first(
    standing: Standing, values: dict[str, str], what: str
) -> None:
    before = standing.containers()
    standing.use_bucket("tried-books", **values)
    with pytest.raises(Problem) as caught:
        await standing.deployment.try_storage(standing.events.append)
    assert caught.value.what == what
    assert "The service said" in caught.value.why
    assert "(403) when calling the HeadObject operation" in caught.value.raw
    assert "x" * 40 not in caught.value.raw
    assert standing.containers() == before


async def test_keys_that_may_not_write(standing: Standing) -> None:
    standing.use_bucket(
        "read-books",
        AWS_ACCESS_KEY_ID=standing.reader.access_key_id,
        AWS_SECRET_ACCESS_KEY=standing.reader.secret_access_key,
    )
    with pytest.raises(Problem) as caught:
        await standing.deployment.try_storage(standing.events.append)
    said = "The keys in .env are not allowed to write a file in the bucket read-books."
    assert caught.value.what == said


async def test_storage_that_works_is_left_as_it_was(standing: Standing) -> None:
    await standing.deployment.try_storage(standing.events.append)
    assert "on this server" in checked(standing)[-1]
    standing.use_bucket("good-books")
    await standing.deployment.try_storage(standing.events.append)
    assert "static/bw-s3-check.txt in good-books" in checked(standing)[-1]
    bucket = Bucket(standing.storage.settings("good-books"), standing.storage.keys)
    assert not list(bucket.list_objects(""))


async def test_wrong_keys_stop_at_the_container_beside(standing: Standing) -> None:
    """Even where nobody tried the storage before; the site never notices."""
    before = standing.containers()
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    standing.use_bucket("wrong-books", AWS_SECRET_ACCESS_KEY="x" * 40)
    switch = await standby_switch(standing)
    with Visitors(standing.instance.site_url) as visitors:
        with pytest.raises(Problem) as caught:
            await carry_out(standing, switch)
        touched = await switch.touched()
        path.write_bytes(old)
        await switch.undo(standing.events.append)
    show("wrong keys", visitors)
    assert not touched
    assert "refused the keys" in caught.value.why
    assert "(403)" in caught.value.raw
    assert not visitors.failed
    assert not standbys()
    assert standing.containers() == before


async def test_a_policy_that_blocks_the_bucket_stops_there_too(standing: Standing) -> None:
    """A custom domain with a path makes BookWyrm's own policy block every stylesheet."""
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    standing.use_bucket("blocked-books", CSP_ADDITIONAL_HOSTS="")
    switch = await standby_switch(standing)
    with Visitors(standing.instance.site_url) as visitors:
        with pytest.raises(Problem) as caught:
            await carry_out(standing, switch)
        touched = await switch.touched()
        path.write_bytes(old)
        await switch.undo(standing.events.append)
    show("blocked by the policy", visitors)
    assert not touched
    assert caught.value.what == "The site's style would be missing with these settings."
    assert "Content-Security-Policy keeps browsers from loading" in caught.value.why
    assert not visitors.failed
    assert not standbys()


async def test_storage_that_never_answers_stops_there_too(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = standing.containers()
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    host, port = standing.storage.endpoint.removeprefix("http://").split(":")
    monkeypatch.setattr(Compose, "quiet_seconds", 10)
    with (
        SlowLine(host, host, int(port), 0) as line,
        Visitors(standing.instance.site_url) as visitors,
    ):
        line.stall()
        standing.enable_s3(line.url, "silent-books")
        switch = await standby_switch(standing)
        with pytest.raises(Problem) as caught:
            await carry_out(standing, switch)
        path.write_bytes(old)
        await switch.undo(standing.events.append)
    show("no answer", visitors)
    assert caught.value.what == "BookWyrm's web container does not become ready."
    assert not visitors.failed
    assert not standbys()
    assert standing.containers() == before


async def test_100_ms_a_request(standing: Standing) -> None:
    host, port = standing.storage.endpoint.removeprefix("http://").split(":")
    with (
        SlowLine(host, host, int(port), 0.1) as line,
        Visitors(standing.instance.site_url) as visitors,
    ):
        standing.enable_s3(line.url, "slow-books")
        await carry_out(standing, await standby_switch(standing))
        assert points_to(standing, "slow-books")
    show("100 ms a request", visitors)
    assert not visitors.failed
    check_uploads(standing, visitors, "slow-books")


async def test_taken_back_from_every_side(standing: Standing) -> None:
    """From where only the container beside serves, and from where web is another already."""
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    with Visitors(standing.instance.site_url) as visitors:
        for last in ("use_standby", "stop_web", "renew_web"):
            standing.use_bucket("back-books")
            await carry_out(standing, await standby_switch(standing), until=last)
            # It comes back after a reboot, unlike what `docker compose run` makes.
            (standby,) = standbys()
            policy = docker("inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", standby)
            assert policy == "unless-stopped\n"
            path.write_bytes(old)
            await (await standby_switch(standing)).undo(standing.events.append)
            assert not standbys(), last
            assert points_to_disk(standing), last
            assert not visitors.failed, last
    show("taken back", visitors)
    check_workers(standing, "false")
    check_uploads(standing, visitors, "back-books")


async def test_the_temporary_container_ends_while_it_serves(standing: Standing) -> None:
    """Before the old web is stopped, nobody is the worse for it; afterwards web takes over."""
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    standing.use_bucket("lost-books")
    switch = await standby_switch(standing)
    await carry_out(standing, switch, until="use_standby")
    stages = {stage.name: stage for stage in switch.stages()}
    docker("kill", *standbys())
    with pytest.raises(Problem) as caught:
        await switch.carry_out(stages["stop_web"], standing.events.append)
    assert caught.value.what.startswith("The temporary web container does not serve")
    assert points_to_disk(standing), "the old web has the visitors again"
    path.write_bytes(old)
    await switch.undo(standing.events.append)
    assert not standbys()
    standing.use_bucket("lost-books")
    with Visitors(standing.instance.site_url) as visitors:
        await carry_out(standing, await standby_switch(standing), until="stop_web")
        docker("kill", *standbys())
        for stage in list(stages)[4:]:
            await switch.carry_out(stages[stage], standing.events.append)
    show("the temporary container was killed", visitors)
    assert points_to(standing, "lost-books")
    assert not standbys()
    assert visitors.down_seconds > 0
    lost = [e.text for e in standing.events if isinstance(e, Note) and "exited by itself" in e.text]
    assert len(lost) == 1
    assert not visitors.pages[-1].wrong


@pytest.mark.parametrize(
    "everything",
    [
        # The other one does all that this does, and more.
        pytest.param(False, id="us alone", marks=pytest.mark.slow),
        pytest.param(True, id="what we started too"),
    ],
)
async def test_killed_at_each_stage_and_gone_on_with(standing: Standing, everything: bool) -> None:
    """The next one goes through all of it again, and does what is left."""
    bucket = f"killed-books-{everything:d}"
    standing.use_bucket(bucket)
    chance = random.Random(everything)
    with Visitors(standing.instance.site_url) as visitors:
        for stage in _STAGES[:-1]:
            kill_at(standing, stage, chance.uniform(0.1, 3), everything=everything)
        await carry_out(standing, await standby_switch(standing))
    show(f"killed, everything: {everything}", visitors)
    assert not visitors.failed
    assert not standbys()
    assert points_to(standing, bucket)
    check_workers(standing, "true")
    check_uploads(standing, visitors, bucket)


@pytest.mark.parametrize("strikes", [2, pytest.param(25, marks=pytest.mark.slow)])
async def test_signals_at_random_moments(standing: Standing, strikes: int) -> None:
    """To us, to Compose, and to both, forward and back; the seed is printed."""
    seed = os.environ.get("BW_S3_SEED") or secrets.token_hex(4)
    print(f"BW_S3_SEED={seed}")
    chance = random.Random(seed)
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    with Visitors(standing.instance.site_url) as visitors:
        standing.use_bucket("struck-books")
        new = path.read_bytes()
        for _ in range(strikes):
            path.write_bytes(chance.choice([old, new]))
            strike(standing, chance)
        path.write_bytes(new)
        await carry_out(standing, await standby_switch(standing))
    show("struck at random", visitors)
    assert not visitors.failed
    assert not standbys()
    assert points_to(standing, "struck-books")
    check_workers(standing, "true")
    check_uploads(standing, visitors, "struck-books")


# Where it cannot be had.


_WITH_NGINX = """
services:
  web:
    image: bw-s3-standin:2
    command: sleep infinity
    stop_signal: SIGKILL
    env_file: .env
    {web}
  nginx:
    image: bw-s3-standin:2
    command: sleep infinity
    stop_signal: SIGKILL
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
"""


@pytest.mark.parametrize(
    ("web", "nginx", "obstacle"),
    [
        ("", "", "nginx does not pass visitors on to the service “web”."),
        (
            f"container_name: {unique('my-books-web')}",
            "upstream web { server web:8000; }",
            "Two web containers cannot run side by side: "
            f"the name {unique('my-books-web')} is set for web.",
        ),
        (
            "ports: ['127.0.0.1:48213:8000']",
            "upstream web { server web:8000; }",
            "Two web containers cannot run side by side: port 48213 of this server is set for web.",
        ),
        (
            "",
            "location / { proxy_pass http://web:8000; }",
            "web does not serve the site at the moment, so there is no downtime to avoid.",
        ),
    ],
    ids=["other upstream", "name", "port", "down"],
)
async def test_obstacles(tmp_path: Path, web: str, nginx: str, obstacle: str) -> None:
    with SmallProject(tmp_path / "my-books", _WITH_NGINX.format(web=web)) as project:
        (project.folder / "nginx.conf").write_text(nginx)
        project.up()
        standby, no_deps, up = await project.deployment.switches()
    assert standby.obstacle == obstacle
    assert (no_deps.switch.way, no_deps.obstacle) == (SwitchWay.NO_DEPS, "")
    assert (up.switch.way, up.obstacle) == (SwitchWay.UP, "")


async def test_obstacles_without_anything_that_runs(tmp_path: Path) -> None:
    with SmallProject(tmp_path / "my-books") as project:
        standby, no_deps, up = await project.deployment.switches()
    assert "no running nginx" in standby.obstacle
    assert no_deps.obstacle == "There is no web container yet."
    assert not up.obstacle


_MIGRATION = b"""
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("bookwyrm", "0001_initial")]
"""


async def test_pending_migrations_too_little_memory_and_an_old_compose(
    standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = "/app/bookwyrm/migrations/0999_pending.py"
    standing.instance.in_web("sh", "-c", f"cat >{pending}", given=_MIGRATION)
    try:
        offers = await standing.deployment.switches()
        waiting = await standing.deployment.update_waiting()
    finally:
        standing.instance.in_web("rm", pending)
    assert "1 migration is pending (bookwyrm.0999_pending)" in waiting, "which is asked about"
    assert "1 migration is pending (bookwyrm.0999_pending)" in offers[0].obstacle
    assert not offers[1].obstacle, "the way that is taken"
    assert not (await standing.deployment.switches())[0].obstacle
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 2000000 kB\nMemAvailable:    204800 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", meminfo)
    assert (await standing.deployment.switches())[0].obstacle == (
        "A second web container needs about 300 MB of memory, and only 210 MB are free."
    )
    old = tmp_path / "docker"
    real = subprocess.run(["which", "docker"], capture_output=True, text=True, check=True).stdout
    old.write_text(f'#!/bin/sh\n[ "$3" = --help ] || exec {real.strip()} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "cannot run --use-aliases" in (await standing.deployment.switches())[0].obstacle


async def test_an_update_that_was_not_finished(standing: Standing) -> None:
    """An image was built, and its containers still run from the one before."""
    name = f"{standing.instance.name}-web"
    built = docker("image", "inspect", "--format", "{{.Id}}", name).strip()
    docker("tag", IMAGE, name)
    try:
        obstacle = (await standing.deployment.switches())[0].obstacle
        waiting = await standing.deployment.update_waiting()
    finally:
        docker("tag", built, name)
    assert obstacle == f"{waiting} Two versions would use one database at the same time."
    image = docker("image", "inspect", "--format", "{{.Id}}", IMAGE).strip()[7:19]
    assert waiting == (
        f"A newer image was built or pulled since the services were started (web: {image})."
    )
    assert not await standing.deployment.update_waiting()


async def forward_and_back(standing: Standing, bucket: str) -> None:
    """The whole way there and back, with visitors."""
    path = standing.instance.folder / ".env"
    old = path.read_bytes()
    others = ("db", "redis_activity", "redis_broker", "nginx")
    before = standing.containers()
    with Visitors(standing.instance.site_url) as visitors:
        standing.use_bucket(bucket)
        await carry_out(standing, await standby_switch(standing))
        assert points_to(standing, bucket)
        check_workers(standing, "true")
        path.write_bytes(old)
        back = await standby_switch(standing)
        await back.undo(standing.events.append)
    told = {e.text for e in standing.events if isinstance(e, Note)}
    assert {stage.words for stage in back.stages()} <= told
    show(f"forward and back, {docker('compose', 'version', '--short').strip()}", visitors)
    assert points_to_disk(standing)
    check_workers(standing, "false")
    assert not visitors.failed
    assert not standbys()
    after = standing.containers()
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    check_uploads(standing, visitors, bucket)


async def standby_switch(standing: Standing) -> Switch:
    """The best way, which is not in the way of anything."""
    offer = (await standing.deployment.switches())[0]
    assert (offer.switch.way, offer.obstacle) == (SwitchWay.STANDBY, "")
    assert [stage.name for stage in offer.switch.stages()] == _STAGES
    return offer.switch


async def way_of(standing: Standing, way: SwitchWay) -> Switch:
    offers = await standing.deployment.switches()
    return next(offer.switch for offer in offers if offer.switch.way is way)


async def carry_out(standing: Standing, switch: Switch, until: str = "") -> None:
    """Do all stages, or those up to `until`."""
    for stage in switch.stages():
        await switch.carry_out(stage, standing.events.append)
        if stage.name == until:
            return


def begun(standing: Standing) -> subprocess.Popen[str]:
    """Carry it out in a process of its own, which says each stage that it begins with."""
    script = f"""
        import asyncio
        from pathlib import Path
        from wizard.core.settings import Settings
        from wizard.instance.checkout import open_instance
        from wizard.instance.compose.deployment import Compose
        async def work():
            instance = open_instance(Path({str(standing.instance.folder)!r}))
            switch = (await Compose(instance, Settings(), {JOURNAL!r}).switches())[0].switch
            for stage in switch.stages():
                print(stage.name, flush=True)
                await switch.carry_out(stage, lambda event: None)
        asyncio.run(work())
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def kill_at(standing: Standing, stage: str, seconds: float, *, everything: bool) -> None:
    """Carry it out in a process that is killed so long after it began with `stage`."""
    with begun(standing) as process:
        assert process.stdout
        assert any(line.strip() == stage for line in process.stdout), stage
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
    if everything:
        for found, _ in with_variable("BW_S3_RESTART", JOURNAL):
            found.kill()


def strike(standing: Standing, chance: random.Random) -> None:
    """Carry it out for a while, then send signals to us, to Compose, or to both."""
    with begun(standing) as process:
        try:
            process.wait(chance.uniform(1, 60))
        except subprocess.TimeoutExpired:
            us, compose = chance.choice([(True, False), (False, True), (True, True)])
            if us:
                os.killpg(process.pid, chance.choice([signal.SIGHUP, signal.SIGKILL]))
            for found, _ in with_variable("BW_S3_RESTART", JOURNAL) if compose else ():
                found.kill()
            print(f"struck us: {us}, Compose: {compose}")
            # Where Compose alone was struck, it goes on to its end, or ends with a problem.
            process.wait(300)


def check_workers(standing: Standing, uses_s3: str) -> None:
    """All services that use the storage run with it."""
    for name in ("web", "celery_worker", "celery_beat", "flower"):
        container = standing.instance.container(name)
        assert docker("exec", container, "printenv", "USE_S3").strip() == uses_s3, name


def check_uploads(standing: Standing, visitors: Visitors, bucket: str) -> None:
    """What readers uploaded is on the disk or in the bucket, and nothing is lost."""
    listed = Bucket(standing.storage.settings(bucket), standing.storage.keys)
    in_bucket = {item.key.rpartition("/")[2] for item in listed.list_objects("images/covers/")}
    on_disk = set(standing.instance.in_web("ls", "/app/images/covers").splitlines())
    names = set(visitors.uploaded)
    print(f"uploads: {len(names & on_disk)} on the disk, {len(names & in_bucket)} in the bucket")
    assert len(visitors.uploads) == len(visitors.uploaded)
    assert not names - on_disk - in_bucket


def points_to(standing: Standing, bucket: str) -> bool:
    """Whether the site's style comes from the bucket."""
    return f"/{bucket}/static/css/themes/" in standing.instance.wait_for_site()


def points_to_disk(standing: Standing) -> bool:
    return 'href="/static/css/themes/' in standing.instance.wait_for_site()


def standbys() -> Sequence[str]:
    """The containers of `web` beside the project's own."""
    form = ("--format", "{{.Names}}", "--filter", f"label=bw-s3.switch={JOURNAL}")
    return docker("ps", "--all", *form).split()


def checked(standing: Standing) -> list[str]:
    return [event.seen for event in standing.events if isinstance(event, Check)]


def show(what: object, visitors: Visitors) -> None:
    """The figures, for whoever reads the test's output (pytest -rP)."""
    print(f"{what}: {visitors.figures}", *visitors.failed[:5], sep="\n  ")
