"""Where the output goes: full disks, closed pipes, other alphabets, errors, JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.checkout import make_checkout
from wizard.cli.commands import main

_CALLS = [["--help"], ["status", "FOLDER"], ["status", "FOLDER", "--json"]]
_PLANS = ["run", "FOLDER", "--dry-run", "--deployment", "dockerless", "--json"]
_NAMES = [" ".join(call) for call in _CALLS]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that nothing runs in."""
    return make_checkout(tmp_path / "bookwyrm")


def called(
    call: list[str], folder: Path, *, output: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Call the command line; `output` is where the shell leads its standard output."""
    arguments = [str(folder) if a == "FOLDER" else a for a in call]
    command = [sys.executable, "-m", "screens", *arguments]
    hidden = ("AWS_", "LC_", "LANG", "PYTHONIOENCODING", "PYTHONUTF8")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    return subprocess.run(
        ["bash", "-c", f'"$@" {output}', "bash", *command],
        env={**clean, **environment}, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("call", _CALLS, ids=_NAMES)
def test_a_full_disk_behind_the_output_is_said(call: list[str], checkout: Path) -> None:
    ended = called(call, checkout, output="> /dev/full")
    assert ended.returncode == 1
    assert ended.stderr == b"bw-s3 cannot write its output: No space left on device.\n"


@pytest.mark.parametrize("call", _CALLS, ids=_NAMES)
def test_a_reader_that_goes_away_ends_it_quietly(call: list[str], checkout: Path) -> None:
    ended = called(call, checkout, output="| true; exit ${PIPESTATUS[0]}")
    assert ended.returncode == 141
    assert ended.stderr == b""


@pytest.mark.parametrize(
    ("closed", "status"),
    [(">&-", 2), ("<&- >&- 2>&-", 2), ("2>&-", 2), ("2> /dev/full", 2), (">&- 2> /dev/full", 2)],
)
def test_where_nobody_can_be_told_the_exit_status_tells(
    closed: str, status: int, tmp_path: Path
) -> None:
    ended = called(["status", str(tmp_path)], tmp_path, output=closed)
    assert ended.returncode == status
    assert b"Traceback" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["C", "latin-1", "C by its word"],
)
@pytest.mark.parametrize("call", [["run", "--help"], ["status", "FOLDER"], _PLANS], ids=" ".join)
def test_letters_that_the_locale_lacks_are_replaced(
    environment: dict[str, str], call: list[str], tmp_path: Path
) -> None:
    folder = make_checkout(tmp_path / "日本 “books”")
    ended = called(call, folder, **environment)
    assert ended.returncode == (2 if call is _PLANS else 0)
    for said in (ended.stdout.decode("latin-1"), ended.stderr.decode("latin-1")):
        assert said.isascii()
        assert "Traceback" not in said
        assert "\\u" not in said or call is _PLANS
    if call is _PLANS:
        found, problem, _ = (json.loads(line) for line in ended.stdout.splitlines())
        # Where Python takes names for ASCII, their bytes are escaped one by one.
        named = found["facts"]["folder"].encode(errors="surrogateescape")
        assert named.decode() == str(folder)
        assert "--provider" in problem["remedies"][0]["text"]


def test_quotes_and_marks_have_look_alikes(checkout: Path) -> None:
    ended = called(["disarm", "--help"], checkout, LC_ALL="C")
    assert b'Between "Enable S3" and the restart' in ended.stdout
    missing = called(["status", "/nowhere"], checkout, LC_ALL="C")
    assert missing.stderr.startswith(b" x ")
    assert b"   -> " in missing.stderr


class Told(Protocol):
    """Calls a command in this process."""

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        """Its exit status, what it said, and what it complained of."""


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Iterator[Told]:
    """Commands are called without another process; the signals are ours again afterwards."""
    signals = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def call(*argv: str) -> tuple[int, str, str]:
        try:
            status = main(argv, lambda demo: 0)
        except SystemExit as ended:
            status = int(str(ended.code))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    yield call
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command", ["run", "status", "disarm"])
def test_errors_go_to_standard_error(command: str, told: Told, tmp_path: Path) -> None:
    status, said, complained = told(command, str(tmp_path))
    assert (status, said) == (2, "")
    assert "There is no BookWyrm instance in" in complained


def test_status_that_fails_is_one_json_object(told: Told, tmp_path: Path) -> None:
    status, said, complained = told("status", str(tmp_path), "--json")
    assert (status, complained) == (2, "")
    answer = json.loads(said)
    assert answer.keys() == {"schema", "problem", "exit"}
    assert answer["exit"] == 2
    assert "There is no BookWyrm instance" in answer["problem"]["what"]


@pytest.mark.parametrize(
    "call",
    [
        ["run", "--json", "--bogus"],
        ["run", "--json", "--limit-rate", "soon"],
        ["run", "--json", "/nowhere"],
        ["run", "--json", "--yes", "/nowhere"],
        ["demo", "--json"],
        ["demo", "--json", "--yes", "--covers", "many"],
        ["demo", "--json", "--start", "/nowhere"],
    ],
    ids=" ".join,
)
def test_whatever_is_wrong_comes_as_json_where_json_is_asked_for(
    call: list[str], told: Told
) -> None:
    status, said, complained = told(*call)
    assert complained == ""
    *_, problem, end = (json.loads(line) for line in said.splitlines())
    assert (problem["event"], end["event"], end["exit"]) == ("problem", "end", status)
    assert status in (1, 2)
    assert problem["remedies"]


@pytest.mark.parametrize("option", ["--js", "--ye"])
def test_options_are_given_in_full(option: str, told: Told, tmp_path: Path) -> None:
    """Who asks for JSON, or agrees, is known before the call is parsed."""
    status, said, complained = told("run", str(tmp_path), option)
    assert (status, said) == (2, "")
    assert f"unrecognized arguments: {option}" in complained


def test_a_wrong_call_in_plain_words(told: Told) -> None:
    status, said, complained = told("status", "--bogus")
    assert (status, said) == (2, "")
    assert "unrecognized arguments: --bogus" in complained
