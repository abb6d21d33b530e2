"""Docker Compose as a deployment: commands, restart, what is left behind, and every refusal."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests import ROOT
from tests.servers.docker import IMAGE, BridgedSeaweedFS, docker, engine_on, need_engine
from tests.servers.run_names import unique
from tests.servers.slow import SlowLine
from tests.standin import StandIn
from tests.standin.small import JOURNAL, SmallProject
from tests.standin.standing import Standing
from tests.support.checkout import make_checkout
from tests.support.contexts import Listener, storage_context
from tests.support.users import ALICE, BOB, fill, need_root, reachable, small_disk
from tests.support.waiting import wait_until
from wizard.assets.static import ask_django
from wizard.core.events import Event, Note, Output, Report
from wizard.core.problem import Problem
from wizard.core.secrets import Keys, Masker
from wizard.core.settings import MigrationPath, Settings
from wizard.instance.checkout import open_instance
from wizard.instance.compose.deployment import Compose
from wizard.instance.compose.own_containers import labels
from wizard.instance.compose.project import ComposeProject
from wizard.instance.compose.web_watch import WebWatch
from wizard.opening.opening import Opening, open_migration
from wizard.step import Question
from wizard.storage.bucket import connect
from wizard.switch.env_mode import offer_narrower_mode, put_mode_back

_MORE_STATIC = 40
_AS_VISITOR = ("setpriv", "--reuid=4401", "--regid=4401", "--clear-groups")
# Gives up on `web` after four seconds, as BookWyrm's own does after some 78.
_IMPATIENT = """
services:
  web:
    healthcheck: {interval: 1s, timeout: 1s, start_period: 0s, retries: 4}
"""

_COLLIDES_ONCE = """#!/bin/sh
[ -e collided ] && exec docker compose "$@"
touch collided
echo "Error response from daemon: removal of container 46c3afda33c4 is already in progress"
exit 1
"""

# As BookWyrm's check is on a machine that takes more than a second for a page.
_NEVER_HEALTHY = """
services:
  web:
    healthcheck: &never
      {test: ["CMD", "false"], interval: 1s, timeout: 1s, start_period: 0s, retries: 1}
  celery_worker:
    healthcheck: *never
  celery_beat:
    depends_on: {celery_worker: {condition: service_healthy}}
"""


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One instance for this module, with as many static files as make slow S3 visible."""
    place = tmp_path_factory.mktemp("compose")
    with StandIn(place / "bookwyrm", covers=12) as instance:
        folder = instance.folder / "bookwyrm" / "static" / "more"
        folder.mkdir()
        for number in range(_MORE_STATIC):
            (folder / f"{number}.css").write_text(f"/* {number} */")
        instance.install()
        (instance.folder / "docker-compose.override.yml").write_text(_IMPATIENT)
        with BridgedSeaweedFS(place / "weed") as storage:
            yield Standing(instance, storage)


@pytest.fixture(autouse=True)
def as_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test finds `.env` as the admin had it."""
    if "standing" not in request.fixturenames:
        yield
        return
    standing: Standing = request.getfixturevalue("standing")
    path = standing.instance.folder / ".env"
    before = path.read_bytes()
    standing.events.clear()
    yield
    path.write_bytes(before)


# There is no pkill in the image.
_KILL_MANAGE = 'for p in /proc/[0-9]*; do grep -q ^manage "$p/cmdline" && kill "${p#/proc/}"; done'


async def restart(deployment: Compose, report: Report) -> None:
    """As the last of all ways does it; whether the site is back, others judge."""
    up = (await deployment.switches())[-1].switch
    for stage in up.stages()[:2]:
        await up.carry_out(stage, report)


async def test_static_assets_in_one_container_beside_the_live_site(standing: Standing) -> None:
    """The themes' CSS is among them, and nothing of the running site is recreated."""
    before = standing.containers()
    standing.enable_s3(standing.storage.endpoint, "static-once")
    deployment = standing.deployment
    (command,) = await deployment.static_commands()
    assert command.argv[:6] == ("docker", "compose", "run", "--rm", "--no-deps", "-T")
    await deployment.collect_static(standing.events.append)
    assert f"{_MORE_STATIC + 10} static files copied." in standing.output
    assets = await ask_django(deployment, with_themes=True)
    assert len(assets.files) == _MORE_STATIC + 10
    client = connect(standing.storage.settings("static-once"), standing.storage.keys)
    css = client.get_object(Bucket="static-once", Key="static/css/themes/bookwyrm-light.css")
    assert css["ContentLength"]
    await deployment.media()
    assert standing.containers() == before
    assert docker("ps", "--all", "--quiet", "--filter", f"label=bw-s3.journal={JOURNAL}") == ""


async def test_script_gets_values_without_a_shell(standing: Standing) -> None:
    values = {"name": "a'b\"c $HOME `id` \\ ü\n$(id) ; {x}"}
    script = "from bookwyrm.models import Connector\nanswer([values, Connector.objects.count()])"
    said = await standing.deployment.run_script(script, json.dumps(values))
    assert json.loads(said) == [values, 3]


async def test_failing_script_is_explained_in_django_s_words(standing: Standing) -> None:
    with pytest.raises(Problem) as caught:
        await standing.deployment.run_script("raise ValueError('no such luck')", "")
    assert "no such luck" in caught.value.why


async def test_restart_with_100_ms_a_request_outlasts_the_health_window(standing: Standing) -> None:
    host, port = standing.storage.endpoint.removeprefix("http://").split(":")
    with SlowLine(host, host, int(port), 0.1) as line:
        standing.enable_s3(line.url, "slow-books")
        await restart(standing.deployment, standing.events.append)
        assert line.requests > 2 * _MORE_STATIC
        name = f"{standing.instance.name}-web-1"
        assert any(f"container {name} is unhealthy" in text for text in standing.output)
        assert any(isinstance(e, Note) and "up -d again" in e.text for e in standing.events)
        assert (
            f"{standing.storage.address}:{line.port}/slow-books"
            in standing.instance.wait_for_site()
        )


async def test_web_without_a_sign_of_life_is_given_up(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The S3 service takes connections and never answers."""
    host, port = standing.storage.endpoint.removeprefix("http://").split(":")
    monkeypatch.setattr(Compose, "quiet_seconds", 8)
    with SlowLine(host, host, int(port), 0) as line:
        line.stall()
        standing.enable_s3(line.url, "silent-books")
        with pytest.raises(Problem) as caught:
            await restart(standing.deployment, standing.events.append)
    assert caught.value.what == "BookWyrm's web container does not become ready."


async def test_web_whose_check_gave_up_is_asked_for_its_page(tmp_path: Path) -> None:
    """On a busy machine BookWyrm's check, of one second, fails for ever; its page still comes."""
    prepares = "(exec -a manage.py sleep 600) & exec sleep 600"
    check = '{test: ["CMD", "false"], interval: 1s, retries: 1}'
    compose = f"""
services:
  web: {{image: '{IMAGE}', command: ['bash', '-c', '{prepares}'], healthcheck: {check}}}
"""
    with SmallProject(tmp_path / "bookshelf", compose) as project:
        project.claim()
        project.compose("up", "-d")
        engine = project.deployment.docker
        watch = WebWatch(
            docker=engine,
            project=ComposeProject.read(engine),
            report=lambda event: None,
            masker=Masker(),
            quiet_seconds=60,
        )
        wait_until(lambda: watch.state().health == "unhealthy")
        assert not watch.state().may_serve, "its entrypoint still prepares it"
        docker("exec", project.container(), "sh", "-c", _KILL_MANAGE)
        await watch.until_asked()


async def test_a_site_whose_check_never_passes_is_switched_all_the_same(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose starts no worker then, and waiting for the check would never end."""
    monkeypatch.setattr(Compose, "quiet_seconds", 60)
    override = standing.instance.folder / "docker-compose.override.yml"
    before = override.read_text()
    override.write_text(_NEVER_HEALTHY)
    try:
        standing.enable_s3(standing.storage.endpoint, "slow-check")
        await restart(standing.deployment, standing.events.append)
        site = standing.instance.wait_for_site()
    finally:
        override.write_text(before)
    assert f"{standing.storage.address}:" in site
    assert "slow-check" in site
    assert any(isinstance(e, Note) and "own health check" in e.text for e in standing.events)
    for job in ("celery_worker", "celery_beat"):
        name = f"{standing.instance.name}-{job}-1"
        given = docker("inspect", "--format", "{{.State.Running}} {{.Config.Env}}", name)
        assert given.startswith("true")
        assert "AWS_STORAGE_BUCKET_NAME=slow-check" in given


async def test_empty_volume_while_the_database_knows_covers(standing: Standing) -> None:
    """The trap of a folder that was renamed: another project, another volume."""
    standing.instance.in_web("find", "/app/images", "-mindepth", "1", "-delete")
    try:
        with pytest.raises(Problem) as caught:
            await standing.deployment.media()
    finally:
        docker(
            "cp",
            f"{standing.instance.media_folder}/.",
            f"{standing.containers()['web']}:/app/images/",
        )
    volume = f"{standing.instance.name}_media_volume"
    assert f"{volume} is empty, but the database knows 15 covers" in caught.value.what
    assert caught.value.decision
    assert any("--path fresh" in remedy.text for remedy in caught.value.remedies)


async def test_disk_full_inside(standing: Standing) -> None:
    override = standing.instance.folder / "docker-compose.override.yml"
    small = (
        "    tmpfs: ['/app/static:size=16k']\n    volumes: !override ['media_volume:/app/images']\n"
    )
    override.write_text(_IMPATIENT + small)
    try:
        with pytest.raises(Problem) as caught:
            await standing.deployment.collect_static(standing.events.append)
    finally:
        override.write_text(_IMPATIENT)
    assert caught.value.why == "The disk is full."


async def test_a_missing_package_means_another_image(standing: Standing) -> None:
    with pytest.raises(Problem) as caught:
        await standing.deployment.run_script("import nowhere", "")
    assert "image" in caught.value.why
    assert "docker compose build" in caught.value.remedies[0].text


async def test_interrupted_command_takes_its_container_along(standing: Standing) -> None:
    script = "import time; answer(1); time.sleep(60)"
    task = asyncio.create_task(standing.deployment.run_script(script, ""))
    while not marked():
        await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not marked()


async def test_container_of_a_killed_run_is_removed_at_the_next_start(standing: Standing) -> None:
    call = 'deployment.run_script("import time; time.sleep(300)", "")'
    with in_a_process(standing.instance.folder, call) as child:
        while not marked("running"):
            assert child.poll() is None
            time.sleep(0.2)
        # As long as that process lives, its container is none of ours to remove.
        await standing.deployment.tidy_up(standing.events.append)
        assert marked("running")
        child.kill()
        child.wait()
    time.sleep(1)
    assert marked("running")
    await standing.deployment.tidy_up(standing.events.append)
    assert not marked()
    assert any("Removed 1 container" in e.text for e in standing.events if isinstance(e, Note))


def in_a_process(folder: Path, call: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
    """The deployment at work in a process of its own, which can be killed."""
    script = f"""
        import asyncio
        from pathlib import Path
        from wizard.instance.compose.deployment import Compose
        from wizard.instance.checkout import open_instance
        from wizard.core.settings import Settings
        deployment = Compose(open_instance(Path({str(folder)!r})), Settings(), {JOURNAL!r})
        from tests.instance.compose.test_deployment import restart
        asyncio.run({call})
    """
    argv = [sys.executable, "-u", "-c", textwrap.dedent(script)]
    return subprocess.Popen(argv, cwd=ROOT, stdout=stdout)


def marked(status: str = "") -> str:
    """Our containers."""
    more = ["--filter", f"status={status}"] if status else []
    return docker("ps", "--all", "--quiet", "--filter", f"label=bw-s3.journal={JOURNAL}", *more)


# What docker, Compose and bw-dev refuse.


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like BookWyrm's, with a docker-compose.yml."""
    need_engine()
    folder = make_checkout(tmp_path / "bookwyrm")
    (folder / "docker-compose.yml").write_text(f"services: {{web: {{image: '{IMAGE}'}}}}")
    return folder


def refusal(folder: Path) -> Problem:
    """The problem that `ever_ran` meets."""
    with pytest.raises(Problem) as caught:
        asyncio.run(Compose(open_instance(folder), Settings(), JOURNAL).ever_ran())
    return caught.value


def test_docker_not_installed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert refusal(checkout).what == "Docker is not installed here."


def test_daemon_not_running(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{checkout}/docker.sock")
    problem = refusal(checkout)
    assert problem.what == "Docker's engine is not running."
    assert "systemctl start docker" in problem.remedies[0].text


def test_remote_engine_away(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    problem = refusal(checkout)
    assert problem.what == "The Docker engine cannot be reached."
    assert "tcp://127.0.0.1:9" in problem.why


def test_no_permission_on_the_socket_names_the_group(checkout: Path) -> None:
    need_root()
    open_to_others(checkout)
    said = asked_under([*_AS_VISITOR, "--"], checkout)
    assert said["what"] == "The user 4401 is not allowed to use Docker."
    group = subprocess.run(
        ["stat", "-L", "-c", "%G", "/var/run/docker.sock"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert f"the group “{group}”" in said["why"]
    assert any(f"usermod -aG {group}" in text for text in said["remedies"])


@pytest.mark.parametrize("old", [False, True], ids=["none", "only v1"])
def test_compose_missing(checkout: Path, tmp_path: Path, old: bool) -> None:
    """In a mount namespace of its own, where the plugins' folders are empty."""
    need_root()
    empty, programs = tmp_path / "empty", tmp_path / "programs"
    empty.mkdir()
    programs.mkdir()
    if old:
        (programs / "docker-compose").write_text("#!/bin/sh\necho docker-compose version 1.29.2\n")
        (programs / "docker-compose").chmod(0o755)
    hide = "".join(
        f"[ ! -d {place}/docker/cli-plugins ] || mount --bind {empty} {place}/docker/cli-plugins;"
        for place in ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
    )
    inside = ["unshare", "--mount", "sh", "-c", f'{hide} PATH="{programs}:$PATH" exec "$@"', "sh"]
    said = asked_under(inside, checkout)
    assert said["what"] == "Docker Compose version 2 is not installed here."
    assert ("docker-compose" in said["why"]) == old
    assert any("docker-compose-plugin" in text for text in said["remedies"])


def test_docker_may_not_read_its_own_settings(checkout: Path) -> None:
    """After a docker command with sudo they may be root's; docker then finds no Compose either."""
    need_root()
    open_to_others(checkout)
    settings = checkout / ".docker"
    settings.mkdir(mode=0o700)
    (settings / "config.json").write_text("{}")
    said = asked_under([*_AS_VISITOR, "--"], checkout)
    assert said["what"] == "docker cannot read its own settings."
    assert any(f'chown -R "$USER": {settings}' in text for text in said["remedies"])


_TAKEN = f"""
services: {{web: {{image: {IMAGE}, command: sleep infinity, env_file: .env}}}}
networks: {{default: {{ipam: {{config: [{{subnet: SUBNET}}]}}}}}}
"""


async def test_a_network_that_the_engine_cannot_make(tmp_path: Path) -> None:
    """Its addresses are those of Docker's own bridge: no fault of BookWyrm's command."""
    bridge = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    compose = _TAKEN.replace("SUBNET", bridge.strip())
    with SmallProject(tmp_path / "my-books", compose) as project, pytest.raises(Problem) as caught:
        await project.deployment.collect_static(lambda event: None)
    assert caught.value.what == "Docker cannot make the network that BookWyrm's containers need."
    assert "ool overlaps with other one" in caught.value.why
    assert "docker network ls" in caught.value.remedies[0].text


_AS_USER = f"""
services:
  web:
    image: {IMAGE}
    command: sleep infinity
    stop_signal: SIGKILL
    env_file: .env
    user: "USER"
    volumes: [".:/app"]
"""


@pytest.mark.parametrize(
    ("user", "owner", "group", "mode"),
    [
        (str(ALICE), ALICE, 0, 0o600),
        # By their numbers it could, but the process in the container has the group 0.
        (str(ALICE), 0, ALICE, 0o644),
        (f"{ALICE}:{BOB}", 0, BOB, 0o644),
        ("nobody", pwd.getpwnam("nobody").pw_uid, 0, 0o600),
        ("", 0, 0, 0o600),
    ],
)
async def test_a_narrower_mode_is_tried_in_the_container(
    tmp_path: Path, user: str, owner: int, group: int, mode: int
) -> None:
    need_root()
    listener, name = Listener(), f"mode-{secrets.token_hex(4)}"
    with SmallProject(tmp_path / name, _AS_USER.replace("USER", user)) as project:
        env = project.folder / ".env"
        reachable(project.folder)
        project.folder.chmod(0o755)
        os.chown(env, owner, group)
        env.chmod(0o644)
        project.up()
        with storage_context(project.folder, Settings(), Keys(), listener) as context:
            await offer_narrower_mode(replace(context, deployment=project.deployment))
            notes = [e.text for e in listener.events if isinstance(e, Note)]
            print(user, owner, group, oct(env.stat().st_mode), notes)
            assert env.stat().st_mode & 0o777 == mode, notes
            docker("exec", project.container(), "test", "-r", "/app/.env")
            undone = "again: the container of web could not read it" in " ".join(notes)
            assert undone is (user == str(ALICE) and owner == 0)
            put_mode_back(context)


async def test_engine_whose_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_root()
    need_engine()
    compose = "services: {web: {image: 'empty:1', command: x, network_mode: none}}"
    project = SmallProject(tmp_path / "bookshelf", compose)
    with small_disk(tmp_path / "data", "32m") as data, engine_on(data, tmp_path) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        docker("import", "-", "empty:1", given=b"\0" * 10240)
        fill(data)
        for refused in (
            lambda: project.deployment.run_script("answer(1)", ""),
            lambda: restart(project.deployment, lambda event: None),
        ):
            with pytest.raises(Problem) as caught:
                await refused()
            assert caught.value.what == "The disk that Docker uses is full."


def open_to_others(folder: Path) -> None:
    """Let other users come in."""
    for path in (folder, *folder.parents):
        if path != Path(path.anchor) and path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o055)


def asked_under(prefix: list[str], folder: Path) -> dict[str, str]:
    """The problem that `ever_ran` meets in a process of its own."""
    script = f"""
        import asyncio, json
        from pathlib import Path
        from wizard.instance.compose.deployment import Compose
        from wizard.instance.checkout import open_instance
        from wizard.core.problem import Problem
        from wizard.core.settings import Settings
        try:
            instance = open_instance(Path({str(folder)!r}))
            asyncio.run(Compose(instance, Settings(), "x").ever_ran())
        except Problem as problem:
            texts = [remedy.text for remedy in problem.remedies]
            print(json.dumps({{"what": problem.what, "why": problem.why, "remedies": texts}}))
    """
    ours = {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    env = {**os.environ, **ours}
    argv = [*prefix, sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(argv, capture_output=True, env=env, check=False, cwd="/")
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, str] = json.loads(done.stdout)
    return said


def test_no_compose_file(checkout: Path) -> None:
    (checkout / "docker-compose.yml").unlink()
    assert refusal(checkout).what == "There is no docker-compose.yml in the instance's folder."


def test_another_project(checkout: Path) -> None:
    (checkout / "docker-compose.yml").write_text(f"services: {{shop: {{image: '{IMAGE}'}}}}")
    assert refusal(checkout).what == "Docker Compose knows no service “web” here."


def test_env_that_compose_cannot_read(checkout: Path) -> None:
    with (checkout / ".env").open("a") as file:
        file.write("BROKEN='no end\n")
    problem = refusal(checkout)
    assert "cannot" in problem.what
    assert ".env" in problem.what


async def test_bw_dev_that_cannot_source_env(tmp_path: Path) -> None:
    """Compose reads a bare blank, bash takes the second word for a command."""
    with SmallProject(tmp_path / "bookshelf") as project:
        shutil.copy(ROOT / "tests/standin/checkout/bw-dev", project.folder)
        project.up()
        project.add_env("EMAIL_SENDER_NAME=My Books\n")
        with pytest.raises(Problem) as caught:
            await restart(project.deployment, lambda event: None)
        assert caught.value.what == "./bw-dev cannot read .env."
        assert "single quotes" in caught.value.remedies[0].text


async def test_bw_dev_made_for_compose_version_1_is_gone_round(tmp_path: Path) -> None:
    with SmallProject(tmp_path / "bookshelf") as project:
        (project.folder / "bw-dev").write_text("#!/bin/sh\nexec docker-compose $*\n")
        (project.folder / "bw-dev").chmod(0o755)
        (command,) = (await project.deployment.switches())[-1].switch.stages()[0].commands
        assert command.argv == ("docker", "compose", "up", "-d")
        project.up()
        await restart(project.deployment, lambda event: None)


async def test_a_killed_run_s_restart_comes_to_its_end_before_the_next(tmp_path: Path) -> None:
    """`./bw-dev up -d` works on without us; two at once remove each other's containers."""
    compose = f"""
services:
  web: {{image: '{IMAGE}', command: 'sleep infinity', stop_signal: SIGKILL, env_file: .env,
         healthcheck: {{test: [CMD, sleep, '1'], interval: 1s}}}}
  nginx: {{image: '{IMAGE}', command: 'sleep infinity', stop_signal: SIGKILL,
           depends_on: {{web: {{condition: service_healthy}}}}}}
"""
    with SmallProject(tmp_path / "bookshelf", compose) as project:
        shutil.copy(ROOT / "tests/standin/checkout/bw-dev", project.folder)
        project.up()
        project.add_env("MORE=yes\n")
        with in_a_process(project.folder, "restart(deployment, print)", subprocess.PIPE) as child:
            assert child.stdout
            # It says no more until web is healthy, and would notice that nobody listens.
            while b"Waiting" not in child.stdout.readline():
                assert child.poll() is None
            child.kill()
        events: list[Event] = []
        await restart(project.deployment, events.append)
        assert any("an interrupted run had begun" in e.text for e in events if isinstance(e, Note))
        assert not any("Recreate" in e.text for e in events if isinstance(e, Output))
        assert docker("exec", project.container(), "printenv", "MORE") == "yes\n"


async def test_two_starts_at_once_do_not_put_the_old_env_back(tmp_path: Path) -> None:
    """What the engine said when another user ran ./bw-dev up -d at the same moment."""
    with SmallProject(tmp_path / "bookshelf") as project:
        project.up()
        script = project.folder / "bw-dev"
        script.write_text(_COLLIDES_ONCE)
        script.chmod(0o755)
        events: list[Event] = []
        await restart(project.deployment, events.append)
        assert any("Somebody else" in e.text for e in events if isinstance(e, Note))
        assert (project.folder / "collided").exists()


async def test_image_not_built(tmp_path: Path) -> None:
    """No image is built or fetched, neither to read the media nor on the way to a command."""
    with SmallProject(tmp_path / "bookshelf") as project:
        project.up()
        project.compose("down", "--timeout", "0")
        path = project.folder / "docker-compose.yml"
        path.write_text(path.read_text().replace(IMAGE, "bw-s3-none:1"))
        deployment = project.deployment
        for refused in (
            deployment.media,
            deployment.static_commands,
            lambda: deployment.collect_static(lambda event: None),
            lambda: deployment.run_script("answer(1)", ""),
        ):
            with pytest.raises(Problem) as caught:
                await refused()
            assert caught.value.what == "BookWyrm's image has not been built yet."


async def test_variables_of_the_shell_do_not_win_over_env(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose would let them; bw-dev lets `.env` win."""
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "stale")
    monkeypatch.setenv("USE_S3", "true")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    with SmallProject(tmp_path / "bookshelf") as project:
        project.add_env(f"COMPOSE_PROJECT_NAME={unique('from-env')}\n")
        environment = project.deployment.docker.environment()
        assert not {"COMPOSE_PROJECT_NAME", "USE_S3", "AWS_PROFILE"} & environment.keys()
        with pytest.raises(Problem) as caught:
            await project.deployment.media()
        assert f"{unique('from-env')}_media_volume" in caught.value.what


@pytest.mark.whole_engine
async def test_renamed_folder_is_not_taken_for_a_new_instance(tmp_path: Path) -> None:
    """Another instance's volume is no puzzle; one that no folder here runs any more is."""
    with SmallProject(tmp_path / "old") as old, SmallProject(tmp_path / "new") as new:
        old.up()
        assert not await new.deployment.ever_ran()
        old.folder.rename(tmp_path / "older")
        with pytest.raises(Problem) as caught:
            await new.deployment.ever_ran()
        assert caught.value.decision
        assert f"{unique('old')}_media_volume" in caught.value.remedies[0].text
        said = Compose(open_instance(new.folder), Settings(path=MigrationPath.FRESH), JOURNAL)
        assert not await said.ever_ran()


@pytest.mark.whole_engine
async def test_fresh_instance_that_ran_without_s3_is_an_existing_one(tmp_path: Path) -> None:
    """Looked at before its installation, and again when it has covers."""
    with SmallProject(tmp_path / "bookshelf") as project:
        project.claim()
        assert await path_found(project, deployment="compose") == MigrationPath.FRESH
        assert await path_found(project) == MigrationPath.FRESH
        project.up()
        assert await path_found(project, path="fresh") == MigrationPath.FRESH
        project.add_env("USE_S3=true\n")
        assert await path_found(project) == MigrationPath.FRESH
        project.add_env("USE_S3=false\n")
        assert await path_found(project) == MigrationPath.EXISTING


async def path_found(project: SmallProject, **said: str) -> str:
    """The path that a start of the wizard takes."""

    async def ask(question: Question) -> bool:
        raise AssertionError(question.text)

    opened = await open_migration(
        Opening(folder=project.folder, state=None, overrides=said), lambda event: None, ask
    )
    opened.close()
    return opened.migration.context.settings.path


@pytest.mark.whole_engine
async def test_ever_ran(tmp_path: Path) -> None:
    """A one-off container of ours is no sign of life, nor are the volumes it makes.

    Of this server's own files, `web` sees what it mounts only.
    """
    need_engine()
    compose = f"""
services:
  web: {{image: '{IMAGE}', command: sleep infinity, stop_signal: SIGKILL,
         volumes: ['media_volume:/app/images', './own:/app/own:ro']}}
  db: {{image: '{IMAGE}', command: sleep infinity, stop_signal: SIGKILL, volumes: ['pgdata:/data']}}
volumes: {{media_volume: , pgdata: }}
"""
    with SmallProject(tmp_path / "bookshelf", compose) as project:
        project.claim()
        assert not await project.deployment.ever_ran()
        shared = await project.deployment.shared_folders()
        assert shared == {PurePosixPath("/app/own"): project.folder / "own"}
        marks = [word for label in labels(JOURNAL) for word in ("--label", label)]
        project.compose("run", "--rm", "--no-deps", "-T", *marks, "web", "true")
        assert not await project.deployment.ever_ran()
        project.up()
        assert await project.deployment.ever_ran()
        project.compose("down", "--timeout", "0")
        assert await project.deployment.ever_ran()
