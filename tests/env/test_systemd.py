"""systemd as a reader of `.env`: what is taken for it is what systemd 252 itself makes of it."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.env.test_lines import in_bash
from tests.servers.machine import Machine
from wizard.demo.checkout import free_port
from wizard.env.systemd import given_by_systemd

VALUES = {
    "letters": "books-media",
    "+ / = % !": "a+b/c=d%e!",
    "# inside": "a#b",
    "$word": "a$word",
    "${X}": "a${Y}b",
    "a blank": "two words",
    "& ; (": "a&b;c(",
    "blank and #": "a #b",
    'a "': 'a"b',
    "a '": "a'b",
    "a backtick": "a`b",
    "\\ inside": "a\\b",
    "\\ at the end": "a\\",
}
# Bare, "as is", 'single', "with backslashes", and with a remark behind the value.
WAYS = ("{0}", '"{0}"', "'{0}'", '"{1}"', "{0}     # why", "'{0}'   # why")
# Who reads a value as meant, written in each of the ways: B bash, D python-dotenv, S systemd.
TABLE: dict[str, tuple[str, ...]] = {
    "letters": ("BDS", "BDS", "BDS", "BDS", "BD", "BD"),
    "+ / = % !": ("BDS", "BDS", "BDS", "BDS", "BD", "BD"),
    "# inside": ("BDS", "BDS", "BDS", "BDS", "BD", "BD"),
    "$word": ("DS", "DS", "BDS", "BS", "D", "BD"),
    "${X}": ("S", "S", "BS", "BS", "", "B"),
    "a blank": ("DS", "BDS", "BDS", "BDS", "D", "BD"),
    "& ; (": ("DS", "BDS", "BDS", "BDS", "D", "BD"),
    "blank and #": ("S", "BDS", "BDS", "BDS", "", "BD"),
    'a "': ("DS", "", "BDS", "BDS", "D", "BD"),
    "a '": ("DS", "BDS", "", "BDS", "D", ""),
    "a backtick": ("DS", "DS", "BDS", "BS", "D", "BD"),
    "\\ inside": ("D", "BS", "BDS", "BDS", "D", "BD"),
    "\\ at the end": ("D", "", "BS", "BDS", "D", "B"),
}
# What files are made of that the parsers might disagree about.
PIECES = (
    *("A", "B", "=", "=", "'", '"', "\\", " ", "\t", "\n", "\n", "#", ";", "$", "`", "x", "y"),
    *("export ", "# why", "\\\n", "C=1\n", "D='two'\n", 'E="a\\"b"', "é", "1"),
)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """One with a real systemd."""
    with Machine(free_port()) as machine:
        yield machine


def as_written(way: str, value: str) -> str:
    protected = "".join(f"\\{c}" if c in '\\"`$' else c for c in value)
    return f"X={way.format(value, protected)}\n"


def given(machine: Machine, texts: Sequence[str]) -> list[dict[str, str]]:
    """What a service on the machine gets of each of these as its `EnvironmentFile=`."""
    # The names that no file here sets are systemd's own.
    script = (
        "import pathlib, subprocess, sys\n"
        "texts = sys.stdin.buffer.read().split(b'\\0')\n"
        "for text in texts:\n"
        "    pathlib.Path('/root/measured').write_bytes(text)\n"
        "    argv = ['systemd-run', '--quiet', '--pipe', '--wait', '--collect',\n"
        "            '--property=EnvironmentFile=/root/measured', 'env', '--null']\n"
        "    sys.stdout.buffer.write(subprocess.check_output(argv) + b'\\0')\n"
    )
    said = machine.run("python3", "-c", script, given="\0".join(texts).encode())
    services = said.removesuffix("\0\0").split("\0\0")
    return [
        {
            name: value
            for name, _, value in (pair.partition("=") for pair in service.split("\0"))
            if name in ("A", "AA", "AB", "B", "BA", "BB", "C", "D", "E", "X")
        }
        for service in services
    ]


def test_the_table_of_quoting(machine: Machine, tmp_path: Path) -> None:
    written = [as_written(way, value) for value in VALUES.values() for way in WAYS]
    services = iter(given(machine, written))
    path = tmp_path / ".env"
    measured: dict[str, tuple[str, ...]] = {}
    for name, value in VALUES.items():
        row = []
        for way in WAYS:
            path.write_text(as_written(way, value))
            found = {"D": dotenv_values(path).get("X"), "S": next(services).get("X")}
            found = {"B": _bash(path), **found}
            row.append("".join(who for who, read in found.items() if read == value))
        measured[name] = tuple(row)
    assert measured == TABLE


def _bash(path: Path) -> str:
    try:
        return in_bash(path, ["X"])["X"]
    except subprocess.CalledProcessError:
        return ""


def test_it_reads_as_systemd_itself(machine: Machine) -> None:
    chance = random.Random(252)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 40))) for _ in range(60)]
    texts += [as_written(way, value) for value in VALUES.values() for way in WAYS]
    texts += ["# ends in \\\nA=1\n", "A=1 \\\n B=2\n", "A='x' 'y' z\n", "A=1", "A='open\nB=1\n"]
    for text, real in zip(texts, given(machine, texts), strict=True):
        ours = given_by_systemd(text)
        assert {name: ours[name] for name in ours if name in real or name in "ABCDEX"} == real, text


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('X=us-east-1     # "fr-par"\n', 'us-east-1     # "fr-par"'),
        ("X='a' # why\n", "a# why"),
        ("X = spaced  \n", "spaced"),
        ("export X=1\n", None),
        ("#X=1\n", None),
        ("X=$HOME/${Y}\n", "$HOME/${Y}"),
        ("X=1\nX=2\n", "2"),
        ("X=\n", ""),
        ("X\n", None),
    ],
)
def test_what_a_service_gets(text: str, value: str | None) -> None:
    assert given_by_systemd(text).get("X") == value
