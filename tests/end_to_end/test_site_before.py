"""What the running site served from before bw-s3 came decides, and is never worsened."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command_line import CommandLine
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.env.file import EnvFile


@pytest.fixture(scope="module")
def line(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A demo with a handful of covers."""
    with build(tmp_path_factory.mktemp("before"), covers=12, storage=seaweedfs) as demo:
        yield CommandLine(demo, (demo.folder / ".env").read_bytes())


def bw_s3(line: CommandLine, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call bw-s3 with the demo's keys in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "screens", *arguments],
        env=line.environment(), capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip


def status(line: CommandLine) -> dict[str, Any]:
    """What `status --json` says."""
    found: dict[str, Any] = json.loads(
        bw_s3(line, "status", "--json", str(line.demo.folder)).stdout
    )
    return found


def page(line: CommandLine) -> str:
    """The site's first page, past every cache."""
    return httpx.get(line.demo.site_url, headers={"Cookie": "sessionid=x"}).text


def set_env(line: CommandLine, **values: str) -> None:
    """Change lines of `.env`, as the admin would."""
    path = line.demo.folder / ".env"
    path.write_bytes(EnvFile.read(path).with_values(values).data)


def test_a_half_way_by_hand_is_an_existing_instance_that_is_armed(line: CommandLine) -> None:
    line.begin_anew()
    settings, keys = line.demo.settings, line.demo.keys
    set_env(
        line,
        USE_S3="true",
        AWS_ACCESS_KEY_ID=keys.access_key_id,
        AWS_SECRET_ACCESS_KEY=keys.secret_access_key,
        AWS_STORAGE_BUCKET_NAME=settings.bucket,
        AWS_S3_ENDPOINT_URL=settings.endpoint,
        AWS_S3_REGION_NAME=settings.region,
        AWS_S3_CUSTOM_DOMAIN=settings.custom_domain,
        AWS_S3_URL_PROTOCOL=settings.url_protocol,
    )
    plan = bw_s3(line, *[a for a in line.arguments() if a != "--yes"])
    assert plan.returncode == 3, plan.stdout
    assert "files from this server" in plan.stdout
    line.finish()
    line.check_end()
    assert status(line)["armed"] is False


def test_an_instance_on_this_bucket_is_checked_and_not_restarted(line: CommandLine) -> None:
    """The journal is gone; a cover is missing in the bucket, and nothing else is to be done."""
    line.begin_anew()
    line.finish()
    shutil.rmtree(line.journal)
    lost = next(o.key for o in line.bucket.list_objects("images/covers/"))
    line.bucket.delete(lost)
    env = (line.demo.folder / ".env").read_bytes()
    before = {o.key: o.etag for o in line.bucket.list_objects("static/")}
    pids = line.demo.site("status")
    events = line.finish()
    assert line.demo.site("status") == pids, "the site was restarted for nothing"
    assert (line.demo.folder / ".env").read_bytes() == env
    assert {o.key: o.etag for o in line.bucket.list_objects("static/")} == before
    assert not [e for e in events if e["event"] == "output" and "static" in str(e["text"])]
    line.check_end()
    ended = bw_s3(line, "disarm", str(line.demo.folder))
    assert "nothing to disarm" in ended.stdout
    assert (line.demo.folder / ".env").read_bytes() == env


def test_an_instance_on_an_unknown_bucket_is_left_as_it_is(line: CommandLine) -> None:
    """Somebody changed .env since: nothing says how to read the bucket that the site uses."""
    line.begin_anew()
    line.finish()
    shutil.rmtree(line.journal)
    set_env(line, AWS_STORAGE_BUCKET_NAME="third", AWS_S3_CUSTOM_DOMAIN="third.example.org")
    env = (line.demo.folder / ".env").read_bytes()
    other = [a if a != line.demo.bucket else "other-books" for a in line.arguments()]
    domain = other.index("--custom-domain") + 1
    other[domain] = other[domain].replace(line.demo.bucket, "other-books")
    ended = bw_s3(line, *other)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "uses another bucket already" in ended.stdout
    assert (line.demo.folder / ".env").read_bytes() == env
    assert f"//{line.demo.settings.custom_domain}/" in page(line)


def test_what_a_journal_denies_the_site_shows(line: CommandLine) -> None:
    """Killed after the services were restarted: the site runs with S3, and nothing takes it off."""
    line.begin_anew()
    line.finish()
    restart = "UPDATE results SET state='begun', checks='[]' WHERE step='restart'"
    with sqlite3.connect(line.journal / "journal.sqlite3") as database:
        database.execute(restart)
    assert status(line)["armed"] is False
    env = (line.demo.folder / ".env").read_bytes()
    assert "runs with S3 already" in bw_s3(line, "disarm", str(line.demo.folder)).stdout
    assert (line.demo.folder / ".env").read_bytes() == env


def test_a_site_that_nobody_sees_is_not_armed_by_a_script(line: CommandLine) -> None:
    line.begin_anew()
    call = line.arguments()
    call[call.index("--site-url") + 1] = "http://127.0.0.1:9"
    ended = bw_s3(line, *call)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "S3 was not enabled" in ended.stdout
    assert "\nUSE_S3=false\n" in (line.demo.folder / ".env").read_text()
    first = json.loads(ended.stdout.splitlines()[0])
    assert first["warning"] and "does not answer" in first["text"]


def shape(value: object) -> object:
    """Names and kinds of values, whatever they are; a list is like its first."""
    match value:
        case dict():
            return {name: shape(part) for name, part in value.items()}
        case list():
            return [shape(part) for part in value[:1]]
        case bool():
            return bool
        case int() | float():
            return float
    return type(value)


@pytest.mark.parametrize("document", ["README.md", "README.fr.md"])
def test_status_as_the_readme_shows_it(line: CommandLine, document: str) -> None:
    line.begin_anew()
    line.finish()
    text = Path(__file__).parents[2].joinpath(document).read_text()
    example = json.loads(text.partition("<!-- status --json -->\n```json\n")[2].partition("```")[0])
    said = status(line)
    said["next"] = said["next"] or "none"
    assert shape(said) == shape(example)
    (step,) = example["steps"]
    known = {found["step"]: found for found in said["steps"]}[step["step"]]
    assert step["title"] == known["title"]
    (check,) = step["checks"]
    assert (check["asked"], check["code"]) in [(c["asked"], c["code"]) for c in known["checks"]]
    assert datetime.fromisoformat(known["at"]).tzinfo


def seconds_held(silent: socket.socket) -> float:
    """How long whoever connects waits for an answer."""
    silent.settimeout(60)
    connection, _ = silent.accept()
    with connection:
        started = time.monotonic()
        while connection.recv(4096):
            pass
        return time.monotonic() - started


def test_status_comes_within_seconds_where_nothing_answers(line: CommandLine) -> None:
    """Something takes the connection and never says a word, as a dead line does."""
    line.begin_anew()
    line.finish()
    journal = line.journal / "journal.sqlite3"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        change = "UPDATE meta SET value=json_set(value, '$.site_url', ?) WHERE name='settings'"
        with sqlite3.connect(journal) as database:
            database.execute(change, (address,))
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(seconds_held, silent)
            ended = bw_s3(line, "status", str(line.demo.folder))
            # 20 seconds is what others give a site.
            assert held.result(60) < 8
    assert ended.returncode == 0
    assert "not checked now" in ended.stdout, ended.stdout
