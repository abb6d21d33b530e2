"""The way back with `bw-s3 rollback`, on a real site with a real bucket, and there again."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.support.command_line import CommandLine
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.env.file import EnvFile
from wizard.journal.journal import Journal
from wizard.media.public import PUBLIC_SUFFIXES

_PATIENCE = 180


@pytest.fixture(scope="module")
def line(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A demo with a few dozen covers, brought there and back again and again."""
    with build(tmp_path_factory.mktemp("rollback"), covers=40, storage=seaweedfs) as demo:
        yield CommandLine(demo, (demo.folder / ".env").read_bytes())


@pytest.fixture
def on_s3(line: CommandLine) -> CommandLine:
    """The same on S3, with all that earlier tests uploaded on the disk as well."""
    line.begin_anew()
    line.finish()
    return line


def start(line: CommandLine, *options: str) -> subprocess.Popen[str]:
    """`bw-s3 rollback`, with the keys that `.env` has."""
    argv = [sys.executable, "-m", "screens", "rollback", str(line.demo.folder), *options]
    settings = line.demo.settings
    argv += ["--site-url", settings.site_url, "--restart-command", settings.restart_command]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, text=True, stdout=pipe, stderr=subprocess.STDOUT)


def roll_back(line: CommandLine, *options: str, status: int = 0) -> list[dict[str, object]]:
    """Run it to its end; the events."""
    process = start(line, "--yes", "--json", *options)
    output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == status, output[-6000:]
    return [json.loads(text) for text in output.splitlines()]


def upload(line: CommandLine, name: str) -> bytes:
    """Upload a cover through the site, which keeps it with its own storage."""
    data = random.Random(name).randbytes(30_000)
    line.upload(name, data)
    return data


def check_back(
    line: CommandLine, uploaded: dict[str, bytes], only_here: frozenset[str] = frozenset()
) -> None:
    """Each public file is served by the site itself, byte for byte; the bucket keeps them all.

    `only_here` never were in it: the site had been switched when they were uploaded.
    """
    page = httpx.get(line.demo.site_url, headers={"Cookie": "sessionid=x"}).text
    assert line.demo.settings.custom_domain not in page
    media = line.demo.folder / "images"
    here = {str(p.relative_to(media)): p.read_bytes() for p in media.rglob("*") if p.is_file()}
    objects = {o.key.removeprefix("images/"): o for o in line.bucket.list_objects("images/")}
    assert set(objects) <= set(here)
    assert {f"covers/{name}" for name in uploaded.keys() - only_here} <= set(objects)
    for name, data in here.items():
        if name in objects:
            assert hashlib.md5(data).hexdigest() == objects[name].etag
        if name.rpartition(".")[2] in PUBLIC_SUFFIXES:
            assert httpx.get(f"{line.demo.site_url}/images/{quote(name)}").content == data
    for name, data in uploaded.items():
        assert here[f"covers/{name}"] == data
    assert not [name for name in here if "bw-s3" in name]


def checks(events: list[dict[str, object]]) -> dict[object, object]:
    """The verdict of each check by its code."""
    return {e["code"]: e["verdict"] for e in events if e["event"] == "check"}


def test_there_back_and_there_again(line: CommandLine) -> None:
    line.begin_anew()
    env = EnvFile.read(line.demo.folder / ".env").data
    assert [e["exit"] for e in roll_back(line) if e["event"] == "end"] == [0], "nothing to do yet"
    line.finish()
    uploaded = {name: upload(line, name) for name in ("months-later.jpg", "two.png")}
    plans = start(line, "--json")
    assert plans.communicate(timeout=_PATIENCE)[0].count('"event": "plan"') == 5
    assert plans.returncode == 3
    assert "USE_S3=true" in (line.demo.folder / ".env").read_text(), "plans change nothing"
    events = roll_back(line)
    assert not [f for e in events if isinstance(f := e.get("facts"), dict) and "path" in f]
    assert checks(events)["files-copied-back"] == "pass"
    assert checks(events)["site-own-media"] == "pass"
    assert checks(events)["bucket-closed"] == "remark", "only a person says so"
    check_back(line, uploaded)
    assert "USE_S3=false" in (line.demo.folder / ".env").read_text()
    assert not [
        e for e in roll_back(line) if e["event"] == "result" and e["step"] != "close_bucket"
    ]
    line.finish()
    line.check_end()
    more = {"after-that.jpg": upload(line, "after-that.jpg")}
    events = roll_back(line, "--close-bucket")
    assert checks(events)["bucket-closed"] == "pass"
    assert "while it is public" in str(events[-1]["text"]), "it no longer is"
    check_back(line, uploaded | more)
    assert EnvFile.read(line.demo.folder / ".env").data == env, "byte for byte"
    assert line.bucket.get_policy() is None
    assert not line.bucket.get_cors()
    assert httpx.get(f"{line.demo.settings.public_base}/images/covers/two.png").status_code == 403
    journal = Journal.read(line.journal)
    assert journal is not None
    assert not [name for name in ("configure_provider", "set_cors") if journal.result(name)]
    journal.close()


def test_migrated_by_hand(on_s3: CommandLine) -> None:
    """No journal, and nothing on record that could be put back."""
    uploaded = {"by-hand.jpg": upload(on_s3, "by-hand.jpg")}
    subprocess.run(["rm", "-rf", on_s3.journal], check=True)
    policy, cors = on_s3.bucket.get_policy(), on_s3.bucket.get_cors()
    events = roll_back(on_s3, "--close-bucket")
    check_back(on_s3, uploaded)
    assert checks(events)["files-copied-back"] == "pass"
    assert (on_s3.bucket.get_policy(), on_s3.bucket.get_cors()) == (policy, cors)
    env = EnvFile.read(on_s3.demo.folder / ".env")
    assert env.get("USE_S3") == "false"
    assert env.get("AWS_STORAGE_BUCKET_NAME") == on_s3.demo.settings.bucket
    on_s3.finish()
    on_s3.check_end()


def test_what_stays_behind_is_for_a_person_to_decide(on_s3: CommandLine) -> None:
    media = on_s3.demo.folder / "images" / "covers"
    (media / "both.jpg").write_bytes(b"newer here")
    on_s3.bucket.put("images/covers/both.jpg", b"older", content_type="image/jpeg")
    uploaded = {"good.jpg": upload(on_s3, "good.jpg")}
    events = roll_back(on_s3, status=3)
    (problem,) = [e for e in events if e["event"] == "problem"]
    assert problem["code"] == "files-stay-in-bucket"
    assert "covers/both.jpg" in str(problem["raw"])
    assert (media / "good.jpg").read_bytes() == uploaded["good.jpg"], "the rest is here already"
    env = EnvFile.read(on_s3.demo.folder / ".env")
    assert env.get("USE_S3") == "true", "nothing else was changed"
    events = roll_back(on_s3, "--leave-rest")
    assert checks(events)["files-left-in-bucket"] == "remark"
    assert (media / "both.jpg").read_bytes() == b"newer here"
    assert on_s3.bucket.get("images/covers/both.jpg") == b"older"
    (media / "both.jpg").unlink()
    on_s3.bucket.delete("images/covers/both.jpg")


def test_a_restart_that_fails_leaves_the_site_on_s3(on_s3: CommandLine) -> None:
    """Without style, once the site's own server has lost its static files."""
    views = on_s3.demo.folder / "bookwyrm" / "views.py"
    text = views.read_text()
    views.write_text(
        text.replace("return serve(request, path, document_root=settings.STATIC_ROOT)",
                     "return HttpResponseForbidden()")
    )  # fmt: skip
    try:
        events = roll_back(on_s3, status=1)
    finally:
        views.write_text(text)
    (problem,) = [e for e in events if e["event"] == "problem"]
    assert problem["code"] == "switch-put-back"
    assert "did not come back without S3" in str(problem["what"]) + str(problem["why"])
    env = EnvFile.read(on_s3.demo.folder / ".env")
    assert env.get("USE_S3") == "true"
    on_s3.check_end()
    uploaded = {"meanwhile.jpg": upload(on_s3, "meanwhile.jpg")}
    roll_back(on_s3)
    check_back(on_s3, uploaded)


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_random_moments(on_s3: CommandLine, kills: int) -> None:
    chance, uploaded = random.Random(kills), {}
    only_here: frozenset[str] = frozenset()
    for number in range(kills):
        name = f"kill-{number}.jpg"
        uploaded[name] = upload(on_s3, name)
        # A switch that was begun before the last kill ends by itself.
        if f"images/covers/{name}" not in {o.key for o in on_s3.bucket.list_objects("images/")}:
            only_here |= {name}
        process = start(on_s3, "--yes", "--json")
        time.sleep(chance.uniform(0.5, 9))
        process.kill()
        output, _ = process.communicate()
        assert process.returncode in (-9, 0), output[-4000:]
        if chance.random() < 0.5:
            roll_back(on_s3)
            check_back(on_s3, uploaded, only_here)
            on_s3.finish()
            on_s3.check_end()
    roll_back(on_s3)
    check_back(on_s3, uploaded, only_here)
