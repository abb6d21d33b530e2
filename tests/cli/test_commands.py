"""The commands as scripts call them: what they say, what they change, how they end."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.profiled import Profiled
from tests.support.checkout import ENV, make_checkout
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_until
from wizard.cli.arguments import parse_minutes, parse_rate
from wizard.cli.step_by_step import yes_aloud
from wizard.core.message import verbatim
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.env.file import EnvFile
from wizard.reporting.narration import PlainNarrator
from wizard.step import Question


def bw_s3(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the command line, without any keys in the environment but those given."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "screens", *arguments],
        env={**clean, **environment}, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that nothing runs in."""
    return make_checkout(tmp_path / "bookwyrm")


@pytest.fixture
def line(seaweedfs: SeaweedFS, tmp_path: Path) -> Iterator[CommandLine]:
    """A demo with a handful of covers, not yet migrated."""
    with build(tmp_path, covers=12, storage=seaweedfs) as demo:
        yield CommandLine(demo, (demo.folder / ".env").read_bytes())


def everything_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes, but for what the running site writes itself."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".log", ".pyc"))
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["status", "--help"]])
def test_help_is_there(arguments: list[str]) -> None:
    ended = bw_s3(*arguments)
    assert ended.returncode == 0
    assert "bw-s3" in ended.stdout


def test_a_folder_without_an_instance_is_a_wrong_call(tmp_path: Path) -> None:
    for command in ("run", "status", "disarm"):
        ended = bw_s3(command, str(tmp_path))
        assert ended.returncode == 2, ended.stdout + ended.stderr
        assert "There is no BookWyrm instance in" in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_provider_nobody_knows_is_a_wrong_call(checkout: Path) -> None:
    ended = bw_s3(
        "run", str(checkout), "--yes", "--provider", "cloudy", "--deployment", "dockerless"
    )
    assert ended.returncode == 2
    assert "scaleway" in ended.stderr


def test_what_only_the_admin_can_say_is_asked_for(checkout: Path) -> None:
    ended = bw_s3("run", str(checkout), "--yes", "--deployment", "dockerless", "--json")
    assert ended.returncode == 2
    events = [json.loads(text) for text in ended.stdout.splitlines()]
    assert "--provider" in next(e for e in events if e["event"] == "problem")["remedies"][0]["text"]
    last = {"schema": 1, "event": "end", "step": "", "exit": 2, "text": events[-1]["text"]}
    assert events[-1] == last


def test_an_instance_on_azure_is_left_alone(checkout: Path) -> None:
    (checkout / ".env").write_text(ENV + "USE_AZURE=true\n")
    before = everything_in(checkout)
    ended = bw_s3("run", str(checkout), "--yes", "--provider", "aws")
    assert ended.returncode == 3
    assert "Azure" in ended.stderr
    assert everything_in(checkout) == before


def test_status_before_anything_was_begun(checkout: Path) -> None:
    ended = bw_s3("status", str(checkout))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "No migration has been started" in ended.stdout
    assert json.loads(bw_s3("status", str(checkout), "--json").stdout) == {
        "schema": 1,
        "begun": False,
        "steps": [],
    }
    assert not (checkout / ".bw-s3").exists()


@pytest.mark.parametrize(
    ("text", "rate"), [("0", 0), ("500k", 500_000), ("10M", 10_000_000), ("1.5 MB/s", 1_500_000)]
)
def test_rates(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "1441", "15m", "", "²"])
def test_minutes_that_are_none_are_refused_in_words(text: str) -> None:
    refused = bw_s3("run", f"--wait-for-console={text}")
    assert refused.returncode == 2
    assert f"“{text}” is not a number of minutes from 0 to 1440" in " ".join(refused.stderr.split())


def test_who_does_not_wait_is_told_what_to_do_in_the_console_at_once(
    line: CommandLine, seaweedfs: SeaweedFS
) -> None:
    with Profiled("garage", seaweedfs) as service:
        wanted = service.settings
        changes = {
            "--provider": "garage",
            "--endpoint": wanted.endpoint,
            "--region": wanted.region,
            "--bucket": wanted.bucket,
            "--custom-domain": wanted.custom_domain,
        }
        ended = _call(line, changes, "--wait-for-console", "0")
    assert ended.returncode == 3, ended.stdout
    assert "garage bucket website --allow" in ended.stderr
    assert "waits for up to" not in ended.stdout
    assert parse_minutes("0") == 0
    assert parse_minutes("1440") == 1440


def test_a_plan_that_nobody_reads_ends_without_a_word(line: CommandLine, tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    command = [sys.executable, "-m", "screens", *line.arguments(), "--dry-run"]
    with subprocess.Popen(
        command, env={**line.environment(), "TMPDIR": str(place)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 141
    assert said == b""
    assert list(place.iterdir()) == []


def test_a_migration_that_nobody_reads_stops_says_so_and_continues_later(
    line: CommandLine,
) -> None:
    command = [sys.executable, "-m", "screens", *line.arguments()]
    with subprocess.Popen(
        command, env=line.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 141
    assert said.startswith(b"Nobody reads the output any more, so bw-s3 has stopped.")
    assert said.count(b"\n") == 1
    line.finish()
    line.check_end()


def test_keys_of_the_environment_that_differ_from_those_of_env_are_said(line: CommandLine) -> None:
    env = EnvFile.read(line.demo.folder / ".env")
    keys = {"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "another-secret"}
    for number, others in enumerate((keys, {})):
        (line.demo.folder / ".env").write_bytes(env.with_values(others).data)
        said = _call(line, {}, "--dry-run").stdout
        assert ("environment variables; .env has others" in said) is (number == 0)
        assert "another-secret" not in said


def test_run_and_status_never_load_the_screens(checkout: Path) -> None:
    code = (
        "import sys; from wizard.cli import commands;"
        "commands.main(['status', sys.argv[1]], lambda call: 1);"
        "sys.exit(any(m.split('.')[0] in ('textual', 'screens') for m in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(checkout)], check=False)
    assert ended.returncode == 0


def test_a_dry_run_changes_nothing_and_neither_does_a_run_without_yes(line: CommandLine) -> None:
    before = everything_in(line.demo.folder)
    arguments = [a for a in line.arguments() if a != "--yes"]
    dry = subprocess.run(
        [sys.executable, "-m", "screens", *arguments, "--dry-run"],
        env=line.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert dry.returncode == 0, dry.stdout + dry.stderr
    planned = {e["step"] for e in map(json.loads, dry.stdout.splitlines()) if e["event"] == "plan"}
    assert {"configure_provider", "copy_media", "enable_s3", "set_cors", "restart"} <= planned
    unsaid = subprocess.run(
        [sys.executable, "-m", "screens", *arguments],
        env=line.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert unsaid.returncode == 3
    assert everything_in(line.demo.folder) == before
    assert not line.bucket.exists()


def test_a_whole_migration_leaves_no_secret_anywhere(line: CommandLine) -> None:
    secrets = {line.demo.keys.access_key_id, line.demo.keys.secret_access_key}
    secrets |= set(EnvFile.read(line.demo.folder / ".env").secrets())
    seen = _ArgumentsSeen()
    with seen:
        events = line.finish()
    line.check_end()
    allowed = {".env", *(f".bw-s3/{p.name}" for p in line.journal.glob("env-*.bak"))}
    for name, content in everything_in(line.demo.folder).items():
        if name.startswith(".bw-s3/") and name not in allowed:
            assert not [s for s in secrets if s.encode() in content], name
    assert not [s for s in secrets if s in json.dumps(events, ensure_ascii=False)]
    assert not [s for s in secrets if s.encode() in seen.text]
    for backup in line.journal.glob("env-*.bak"):
        assert backup.stat().st_mode & 0o777 == 0o600
    assert line.journal.stat().st_mode & 0o777 == 0o700
    results = [e for e in events if e["event"] == "result"]
    assert all({"step", "result", "checks", "seconds"} <= set(e) for e in results)


def test_the_world_is_asked_again(line: CommandLine) -> None:
    line.finish()
    emptied = 0
    for item in list(line.bucket.list_objects("images/")):
        line.bucket.delete(item.key)
        emptied += 1
    events = line.finish()
    done_again = [e["step"] for e in events if e["event"] == "result"]
    assert "copy_media" in done_again
    assert emptied
    line.check_end()

    env = line.demo.folder / ".env"
    env.write_text(env.read_text().replace("USE_S3=true", "USE_S3=false"))
    events = line.finish()
    stale = {e["step"]: e["why"] for e in events if e["event"] == "status"}
    assert stale["enable_s3"], "the hand edit was noticed, and said"
    line.check_end()

    subprocess.run(["rm", "-rf", line.journal], check=True)
    sent = {o.key: o.etag for o in line.bucket.list_objects("images/")}
    line.finish()
    assert {o.key: o.etag for o in line.bucket.list_objects("images/")} == sent
    line.check_end()


def test_two_at_the_same_time(line: CommandLine) -> None:
    first = line.start()
    lock = line.journal / "lock"
    wait_until(lambda: lock.exists() and str(first.pid) in lock.read_text())
    # It rests meanwhile, or it might be done before the second has begun.
    first.send_signal(signal.SIGSTOP)
    second = line.start()
    output, _ = second.communicate(timeout=180)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 1, output
    assert "Another bw-s3 is working on this instance." in output
    assert str(first.pid) in output
    status = bw_s3("status", str(line.demo.folder))
    assert status.returncode == 0, status.stderr
    output, _ = first.communicate(timeout=180)
    assert first.returncode == 0, output[-3000:]


def test_what_was_pasted_is_tidied_or_refused_at_once(line: CommandLine) -> None:
    settings, env = line.demo.settings, (line.demo.folder / ".env").read_bytes()
    pasted = {
        "--endpoint": f"{settings.endpoint}/ ",
        "--custom-domain": f"http://{settings.custom_domain}/",
        "--bucket": f"s3://{settings.bucket}",
    }
    planned = _call(line, pasted, "--dry-run")
    assert planned.returncode == 0, planned.stdout
    assert f"+AWS_S3_CUSTOM_DOMAIN={settings.custom_domain}\n" in planned.stdout
    assert f"is kept in {line.journal}." in planned.stdout
    for wrong in (f"{settings.endpoint}/s3/api", "ftp://example.org", " "):
        refused = _call(line, {"--endpoint": wrong})
        assert refused.returncode == 2, (wrong, refused.stdout)
        assert "→" in refused.stderr
    assert (line.demo.folder / ".env").read_bytes() == env
    assert not line.bucket.exists()


def test_a_run_that_fails_while_armed_says_so_last(line: CommandLine) -> None:
    manage = line.demo.folder / "manage.py"
    manage.write_text(
        manage.read_text().replace(
            "import os\n",
            "import os, sys\nif 'compile_themes' in sys.argv: sys.exit('no sass here')\n",
            1,
        )
    )
    failed = _call(line, {})
    assert failed.returncode == 1, failed.stdout
    last = failed.stderr[failed.stderr.rindex("BookWyrm's own command failed") :]
    assert "no sass here" in last
    assert "bw-s3 disarm" in last


def test_a_problem_is_told_once(line: CommandLine) -> None:
    refused = _call(line, {"--endpoint": "http://127.0.0.1:1"})
    assert refused.returncode == 1
    assert refused.stderr.count("Nothing answers on 127.0.0.1:1.\n   The machine is there") == 1
    assert "Nothing answers" not in refused.stdout


def _call(
    line: CommandLine, changed: dict[str, str], *more: str
) -> subprocess.CompletedProcess[str]:
    """`run` in plain words, with other values of some options."""
    arguments = [a for a in line.arguments() if a != "--json"]
    for option, value in changed.items():
        arguments[arguments.index(option) + 1] = value
    return subprocess.run(
        [sys.executable, "-m", "screens", *arguments, *more],
        env=line.environment(), capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip


class _ArgumentsSeen(threading.Thread):
    """Collects the arguments of every process on the machine while it runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.text = b""
        self._over = threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        seen: set[bytes] = set()
        while not self._over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(process.read_bytes())
                except OSError:
                    continue  # ended meanwhile
        self.text = b"\n".join(seen)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            Question(text=verbatim("Copy?"), yes=verbatim("Copy it"), no=verbatim("Leave it")),
            "Copy it",
        ),
        (
            Question(
                text=verbatim("Sure?"),
                yes=verbatim("Yes"),
                no=verbatim("Stop here"),
                only_a_person=True,
            ),
            "Stop here",
        ),
        (
            Question(
                text=verbatim("Sure?"),
                yes=verbatim("Yes"),
                no=verbatim("No"),
                only_a_person=True,
                option="--other",
            ),
            "No",
        ),
        (
            Question(
                text=verbatim("Sure?"),
                yes=verbatim("Yes"),
                no=verbatim("No"),
                only_a_person=True,
                option="--without-site",
            ),
            "Yes",
        ),
    ],
)
async def test_what_a_script_answers_is_said_as_it_is(question: Question, answer: str) -> None:
    stream = io.StringIO()
    agreed = await yes_aloud(PlainNarrator(stream), ["--without-site"])(question)
    assert agreed is (answer == question.yes)
    assert stream.getvalue().splitlines() == [f" ? {question.text}", f"   → {answer}"]
