"""BookWyrm's own commands on a running throwaway instance without Docker."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
import pytest_asyncio

from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.users import need_root, owned_folder
from wizard.core.problem import Problem
from wizard.core.settings import DeploymentKind
from wizard.demo.seaweedfs import SeaweedFS
from wizard.instance.checkout import open_instance
from wizard.instance.dockerless.deployment import Dockerless
from wizard.instance.dockerless.systemd import units_of
from wizard.media.source import FolderMedia
from wizard.opening.detect import detect
from wizard.system.processes import Process

SECRET = "wJalr-secret/of+tests"
# A fake systemctl(1); a real one is in `tests/servers/machine.py`. WorkingDirectory and ExecStart
# are as in BookWyrm's own units.
SYSTEMCTL = """\
#!/bin/sh
case "$1" in
  is-system-running) echo degraded; exit 1 ;;
  list-unit-files)
    echo "bookwyrm-worker.service enabled enabled"
    echo "bookwyrm.service enabled enabled"
    echo "getty@.service enabled enabled"
    echo "other.service enabled enabled" ;;
  show)
    for unit in bookwyrm-worker bookwyrm other; do
      folder={folder}; [ $unit = other ] && folder=/opt/other
      echo "Id=$unit.service"
      echo "LoadState=loaded"
      echo "ActiveState={state}"
      echo "User={user}"
      echo "WorkingDirectory=$folder"
      echo "ExecStart={{ path={program} ; argv[]={program} app:app ; ignore_errors=no }}"
      echo "ActiveEnterTimestamp={since}"
      echo
    done ;;
  restart) echo "$@" >> {log}; exit {restart} ;;
  is-active) echo {state}; [ {state} = active ] ;;
esac
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    tmp_path_factory: pytest.TempPathFactory, seaweedfs: SeaweedFS
) -> AsyncIterator[DemoScene]:
    """An instance that these tests share: none of them changes it for the others."""
    async with demo_scene(tmp_path_factory.mktemp("dockerless"), seaweedfs) as scene:
        yield scene


@pytest.fixture
def dockerless(shared: DemoScene) -> Dockerless:
    """The instance's deployment."""
    shared.events.clear()
    return Dockerless(shared.context.instance, shared.context.settings)


async def test_values_reach_a_script_unchanged(dockerless: Dockerless) -> None:
    values = {"text": 'it\'s "quoted"\n$HOME `id` \\ ü 📚', "list": [1, None, True]}
    script = "print('noise')\nanswer(values)\nprint('more noise')"
    assert json.loads(await dockerless.run_script(script, json.dumps(values))) == values


async def test_an_answer_of_a_megabyte_arrives_whole(dockerless: Dockerless) -> None:
    text = json.loads(await dockerless.run_script("answer('x' * 1_000_000)", "{}"))
    assert text == "x" * 1_000_000


async def test_a_script_that_fails_says_why(dockerless: Dockerless) -> None:
    with pytest.raises(Problem) as caught:
        await dockerless.run_script("from bookwyrm import nowhere", "{}")
    assert "manage.py shell" in caught.value.what
    assert "cannot import name 'nowhere'" in caught.value.raw + caught.value.why
    assert "answer(" not in caught.value.raw, "our own script's text tells the admin nothing"


async def test_a_missing_package_goes_into_the_sites_own_environment(
    dockerless: Dockerless, shared: DemoScene
) -> None:
    with pytest.raises(Problem) as caught:
        await dockerless.run_script("import nowhere", "{}")
    python = shared.folder / "venv" / "bin" / "python3"
    assert "virtual environment" in caught.value.why
    assert f"{python} -m pip install -r requirements.txt" in caught.value.remedies[0].text


async def test_children_get_nothing_that_env_defines(
    dockerless: Dockerless, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = {
        "USE_S3": "true",
        "AWS_ACCESS_KEY_ID": "stale",
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "DOMAIN": "elsewhere.example",
        "DJANGO_SETTINGS_MODULE": "elsewhere.settings",
        "PYTHONPATH": "/nowhere",
    }
    for name, value in stale.items():
        monkeypatch.setenv(name, value)
    script = (
        "import os\nfrom django.conf import settings\n"
        "answer([dict(os.environ), settings.DOMAIN, settings.USE_S3])"
    )
    environment, domain, uses_s3 = json.loads(await dockerless.run_script(script, "{}"))
    assert (domain, uses_s3) == ("localhost", False)
    kept = {name: environment[name] for name in stale if environment.get(name) == stale[name]}
    assert kept == {}
    assert environment["PATH"] == os.environ["PATH"]


async def test_secrets_of_env_are_masked_in_what_a_failing_command_says(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        scene.set_env(AWS_SECRET_ACCESS_KEY=SECRET)
        settings = scene.folder / "bookwyrm" / "settings.py"
        leak = 'print("key", env("AWS_SECRET_ACCESS_KEY"))\nraise ValueError(SECRET_KEY)\n'
        settings.write_text(settings.read_text() + leak)
        with pytest.raises(Problem) as caught:
            await scene.context.deployment.collect_static(scene.context.report)
        secret_key = scene.context.instance.env_file().get("SECRET_KEY")
        said = [*scene.output, caught.value.why, caught.value.raw]
    assert secret_key
    assert "ValueError" in caught.value.raw
    assert [text for text in said if SECRET in text or secret_key in text] == []


async def test_the_commands_shown_are_those_that_run(
    dockerless: Dockerless, shared: DemoScene
) -> None:
    shown = {command.argv for command in await dockerless.static_commands()}
    with watched_arguments() as seen:
        await dockerless.collect_static(shared.context.report)
    ran = {line for line in seen if "manage.py" in line and str(shared.folder) in line[0]}
    arguments = [argv[1:] for argv in sorted(shown)]
    assert arguments == [
        ("manage.py", "collectstatic", "--no-input"),
        ("manage.py", "compile_themes"),
    ]
    assert shown <= ran
    assert any("Compiled" in line for line in shared.output)


async def test_no_secret_is_in_the_arguments_of_any_process(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        scene.open_bucket()
        scene.enable_s3()
        deployment = scene.context.deployment
        with watched_arguments() as seen:
            await deployment.collect_static(scene.context.report)
            await deployment.run_script("answer(1)", json.dumps({"secret": SECRET}))
            (offer,) = await deployment.switches()
            for stage in offer.switch.stages():
                await offer.switch.carry_out(stage, scene.context.report)
        secrets = [*scene.context.instance.env_file().secrets(), SECRET]
    lines = [" ".join(argv) for argv in seen]
    assert any("collectstatic" in line for line in lines), "the watch saw nothing"
    assert len(secrets) > 3
    assert [
        line for line in lines for secret in secrets if len(secret) > 5 and secret in line
    ] == []


async def test_the_media_are_those_of_media_root(dockerless: Dockerless, shared: DemoScene) -> None:
    media = await dockerless.media()
    assert isinstance(media, FolderMedia)
    assert media.root == shared.folder / "images"
    assert await dockerless.ever_ran()


async def test_a_fresh_instance_never_ran_until_it_answers(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        assert not await scene.context.deployment.ever_ran()
        await asyncio.to_thread(scene.demo.finish_installation)
        assert await scene.context.deployment.ever_ran()


async def test_without_units_the_admin_has_to_say_what_restarts(
    dockerless: Dockerless, monkeypatch: pytest.MonkeyPatch
) -> None:
    dockerless = dockerless.with_settings(replace(dockerless.settings, restart_command=""))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(Problem) as caught:
        await dockerless.switches()
    assert caught.value.decision
    assert caught.value.field == "restart_command"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("systemctl restart 'bookwyrm", "cannot be read"),
        ("   ", "cannot be read"),
        ("/nowhere/restart --all", "cannot be started"),
        ("false", "could not be restarted"),
    ],
)
async def test_a_restart_command_that_does_not_work(
    dockerless: Dockerless, shared: DemoScene, command: str, words: str
) -> None:
    dockerless = dockerless.with_settings(replace(dockerless.settings, restart_command=command))
    with pytest.raises(Problem) as caught:
        await dockerless.restart(shared.context.report)
    assert words in caught.value.what
    assert caught.value.field == "restart_command"


async def test_the_restart_command_passes_through_no_shell(
    dockerless: Dockerless, shared: DemoScene, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    command = f"echo $HOME ; touch {shlex.quote(str(mark))}"
    dockerless = dockerless.with_settings(replace(dockerless.settings, restart_command=command))
    await dockerless.restart(shared.context.report)
    assert not mark.exists()
    assert shared.output == [f"$HOME ; touch {mark}"]


async def test_a_missing_environment_is_said(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        shutil.rmtree(scene.folder / "venv")
        with pytest.raises(Problem) as caught:
            await scene.context.deployment.static_commands()
        assert "virtual environment" in caught.value.what
        (scene.folder / ".venv" / "bin").mkdir(parents=True)
        (scene.folder / ".venv" / "bin" / "python3").symlink_to(sys.executable)
        command = await scene.context.deployment.manage_command()
        assert command.argv[0] == str(scene.folder / ".venv" / "bin" / "python3")


async def test_commands_run_as_the_owner_of_the_folder(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    need_root()
    nobody = pwd.getpwnam("nobody")
    home = owned_folder(tmp_path, nobody.pw_uid)
    async with demo_scene(home, seaweedfs, fresh=True) as scene:
        scene.demo.root.chmod(0o711)
        for path in [scene.folder, *scene.folder.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        deployment = scene.context.deployment
        use_reachable_python(scene.folder / "venv")
        script = "import os\nanswer([os.getuid(), os.getgid(), os.environ['HOME']])"
        answer = json.loads(await deployment.run_script(script, "{}"))
        assert answer == [nobody.pw_uid, nobody.pw_gid, nobody.pw_dir]
        assert (await deployment.manage_command()).user == "nobody"
        await deployment.collect_static(scene.context.report)
        theme = scene.folder / "bookwyrm" / "static" / "css" / "themes" / "bookwyrm-light.css"
        assert theme.stat().st_uid == nobody.pw_uid


@pytest.mark.parametrize(
    ("state", "since", "ran"),
    [
        ("active", "", True),
        ("inactive", "Sun 2026-11-22 10:00:00 UTC", True),
        ("inactive", "", False),
    ],
)
async def test_units_of_the_folder_are_found(
    tmp_path: Path,
    seaweedfs: SeaweedFS,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    since: str,
    ran: bool,
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        log = fake_systemctl(tmp_path, scene.folder, monkeypatch, state=state, since=since)
        instance = scene.context.instance
        deployment = Dockerless(instance, replace(scene.context.settings, restart_command=""))
        assert await deployment.ever_ran() is ran
        if os.geteuid() == 0:
            (command,) = (await deployment.switches())[-1].switch.stages()[0].commands
            expected = ("systemctl", "restart", "bookwyrm", "bookwyrm-worker")
            assert command.argv == expected
            if state == "active":
                await deployment.restart(scene.context.report)
                assert log.read_text().split() == list(expected[1:])


async def test_a_unit_that_ends_after_its_start_is_a_failed_restart(
    tmp_path: Path, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_root()
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        fake_systemctl(tmp_path, scene.folder, monkeypatch, state="failed")
        settings = replace(scene.context.settings, restart_command="")
        with pytest.raises(Problem) as caught:
            await Dockerless(scene.context.instance, settings).restart(lambda event: None)
    assert "bookwyrm is failed" in caught.value.raw


async def test_how_an_instance_runs_is_told_from_its_surroundings(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        instance = open_instance(scene.folder)
        kind, reason = detect(instance)
        assert (kind, "venv" in reason) == (DeploymentKind.DOCKERLESS, True)
        scene.set_env(POSTGRES_HOST="db")
        kind, reason = detect(instance)
        assert kind is None, "an environment and Docker's database: only the admin knows"
        assert "POSTGRES_HOST" in reason
        shutil.rmtree(scene.folder / "venv")
        assert detect(instance)[0] is DeploymentKind.COMPOSE
        scene.set_env(POSTGRES_HOST="localhost")
        assert detect(instance)[0] is None


def fake_systemctl(
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    state: str = "active",
    since: str = "",
) -> Path:
    """Put a fake `systemctl` first in PATH that answers for three units; returns its log."""
    programs, log = tmp_path / "programs", tmp_path / "restarts"
    programs.mkdir()
    program = programs / "systemctl"
    user = pwd.getpwuid(os.geteuid()).pw_name
    values = {"folder": folder, "state": state, "user": user, "since": since, "log": log}
    text = SYSTEMCTL.format(**values, program=folder / "venv/bin/gunicorn", restart=0)
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return log


def use_reachable_python(environment: Path) -> None:
    """Where our own interpreter lies in a closed home, take the system's of the same version."""
    system = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    link = environment / "bin" / "python3"
    python = next((p for p in (link.resolve(), system) if reachable_by_others(p)), None)
    if python is None or not python.exists():
        pytest.skip("no interpreter of this version can be reached by other users")
    link.unlink()
    link.symlink_to(python)


def reachable_by_others(path: Path) -> bool:
    """Whether any user may go through all the folders above."""
    return all(folder.stat().st_mode & 0o001 for folder in path.parents)


YUNOHOST = """\
Id=bookwyrm-beat.service
LoadState=loaded
WorkingDirectory={folder}/

Id=bookwyrm-server.service
LoadState=loaded
ActiveState=active
User=bookwyrm
WorkingDirectory={folder}/
ExecStart={{ path={folder}/venv/bin/gunicorn ; argv[]={folder}/venv/bin/gunicorn \
bookwyrm.wsgi:application --bind 127.0.0.1:8095 ; ignore_errors=no ; start_time=[n/a] }}
ExecReload={{ path=/bin/kill ; argv[]=/bin/kill -s HUP $MAINPID ; ignore_errors=no }}
MainPID={pid}
Environment=ONE=1 "TWO=2 and 3"
EnvironmentFiles={folder}/.env (ignore_errors=no)
EnvironmentFiles=/etc/default/bookwyrm (ignore_errors=yes)
EnvironmentFiles={folder}/more/*.env (ignore_errors=yes)
EnvironmentFiles={folder}/none/*.env (ignore_errors=yes)

Id=bookwyrm-worker.service
LoadState=loaded
WorkingDirectory={folder}/
"""


async def test_units_are_read_as_systemctl_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of YunoHost, as systemd 252 prints them, in the order in which they depend.

    Among as many others as a machine has, whose properties are a thousand lines.
    """
    answer = YUNOHOST.format(folder=tmp_path, pid=os.getpid())
    others = "".join(f"\nId=other-{n}.service\nLoadState=loaded\nUser=\n" for n in range(400))
    (tmp_path / "answer").write_text(answer + others)
    more = [tmp_path / "more" / name for name in ("1.env", "2.env", ".env", "env")]
    more[0].parent.mkdir()
    for file in more:
        file.touch()
    program = tmp_path / "systemctl"
    listed = "bookwyrm-server.service enabled enabled"
    program.write_text(f"#!/bin/sh\n[ $1 = show ] && exec cat {tmp_path}/answer\necho '{listed}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    server, worker, beat = await units_of(tmp_path)
    assert [u.name for u in (worker, beat)] == ["bookwyrm-worker", "bookwyrm-beat"]
    assert (server.name, server.user, server.runs) == ("bookwyrm-server", "bookwyrm", True)
    assert server.command[1:] == ("bookwyrm.wsgi:application", "--bind", "127.0.0.1:8095")
    assert server.program == tmp_path / "venv/bin/gunicorn"
    assert server.main == Process.of(os.getpid())
    assert server.sets == {"ONE": "1", "TWO": "2 and 3"}
    assert server.files == (tmp_path / ".env", Path("/etc/default/bookwyrm"), *more[:2])
    assert server.is_given(more[0])
    assert not server.is_given(more[3])
    assert server.reload_hups
    assert not beat.reload_hups
    assert beat.main is None


@contextmanager
def watched_arguments() -> Iterator[set[tuple[str, ...]]]:
    """The arguments of all processes of this machine that were seen meanwhile."""
    seen: set[tuple[str, ...]] = set()
    ended = Event()

    def watch() -> None:
        while not ended.is_set():
            seen.update(filter(None, map(_arguments, Path("/proc").glob("[0-9]*"))))
            ended.wait(0.005)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _arguments(process: Path) -> tuple[str, ...]:
    try:
        data = (process / "cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(data.decode(errors="replace").rstrip("\0").split("\0")) if data else ()
