"""`python -m tests.benchmark.moving`: from bucket to bucket and back to the disk, beside others.

In turn and in the same run: within one service beside bare CopyObject requests and s5cmd, from
service to service beside rclone, from a bucket to the disk beside s5cmd. What was written is
removed at the end only: a file system that just lost thousands of files takes longer to find
room for others.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests import ROOT
from tests.benchmark.__main__ import Runs
from tests.benchmark.delay import delaying_server
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import find_program
from wizard.storage.bucket import connect

_KEYS = Keys("benchmark-key-id", "benchmark-secret")
_OLD = "old"
# A cover's size: median 28 kB, at most 400 kB.
_MEDIAN, _SPREAD, _MOST = 28_000, 0.8, 400_000


@dataclass
class Field:
    """Two services, the first of which has the covers, and a folder."""

    folder: Path
    one: str
    two: str
    number: int = 0
    table: dict[str, Runs] = field(default_factory=dict)

    def new(self) -> str:
        """A bucket, or a folder, that was not used yet."""
        self.number += 1
        return f"new-{self.number}"


def _ours(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmark.ours_moving", *arguments]


def _rclone(field: Field) -> list[str]:
    def remote(endpoint: str) -> str:
        return f":s3,provider=Other,env_auth=true,endpoint='{endpoint}',no_check_bucket=true:"

    source, target = (
        f"{remote(field.one)}{_OLD}/images/",
        f"{remote(field.two)}{field.new()}/images/",
    )
    return ["rclone", "copy", "--config", "", "--transfers", "64", "--checkers", "64",
            "--fast-list", source, target]  # fmt: skip


def _bare(field: Field) -> list[str]:
    return [sys.executable, "-m", "tests.benchmark.bare_copies", field.one, _OLD, field.new()]


def _s5cmd(field: Field, target: str) -> list[str]:
    return ["s5cmd", "--endpoint-url", field.one, "cp", f"s3://{_OLD}/images/*", target]


def _place(field: Field) -> str:
    return str(field.folder / field.new())


PROGRAMS: dict[str, Callable[[Field], list[str]]] = {
    "one service: bw-s3": lambda f: _ours(_place(f), f.one, _OLD, f.one, f.new()),
    "one service: 256 bare CopyObject": _bare,
    "one service: s5cmd cp": lambda f: _s5cmd(f, f"s3://{f.new()}/images/"),
    "two services: bw-s3": lambda f: _ours(_place(f), f.one, _OLD, f.two, f.new()),
    "two services: rclone, 64 transfers": _rclone,
    "to the disk: bw-s3": lambda f: _ours(_place(f), f.one, _OLD),
    "to the disk: s5cmd cp": lambda f: _s5cmd(f, f"{_place(f)}/images/"),
}


def main() -> None:
    """Fill a bucket, run everything in turn, print the medians."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.moving", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.04, help="seconds for each request")
    parser.add_argument("--only", default="", help="the beginning of the programs' names")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="bw-s3-benchmark-") as name,
        delaying_server(Path(name) / "one", options.delay, stamp="2026-11-01T10:00:00.000Z") as one,
        delaying_server(Path(name) / "two", options.delay) as two,
    ):
        field = Field(Path(name), one, two)
        _fill(field.one, options.files)
        for number in range(options.rounds):
            for title, program in PROGRAMS.items():
                if title.startswith(options.only):
                    _run(title, program, field, number)
        print(f"\n{options.files:,} covers, {options.delay} s a request, medians\n")
        for title, runs in field.table.items():
            middle, cpu = statistics.median(runs.seconds), statistics.median(runs.cpu)
            print(f"{title:36} {middle:7.2f} s {cpu:7.2f} s CPU {max(runs.memory):5.0f} MB")


def _fill(endpoint: str, count: int) -> None:
    client, chance = (
        connect(Settings(endpoint=endpoint, region="us-east-1"), _KEYS),
        random.Random(1),
    )
    sizes = [min(_MOST, int(chance.lognormvariate(0, _SPREAD) * _MEDIAN)) for _ in range(count)]

    def put(size: int) -> None:
        # Named as BookWyrm does. The server gives zeros, whatever it was given.
        key = f"images/covers/{uuid4()}.jpg"
        client.put_object(Bucket=_OLD, Key=key, Body=bytes(size))

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(put, sizes))


def _environment(folder: Path) -> Iterator[tuple[str, str]]:
    yield "AWS_ACCESS_KEY_ID", _KEYS.access_key_id
    yield "AWS_SECRET_ACCESS_KEY", _KEYS.secret_access_key
    yield "AWS_REGION", "us-east-1"
    yield "HOME", str(folder)
    yield "PATH", os.environ["PATH"]
    yield "PYTHONPATH", str(ROOT)


def _run(title: str, program: Callable[[Field], list[str]], field: Field, number: int) -> None:
    argv = program(field)
    path = argv[0] if Path(argv[0]).is_absolute() else find_program(argv[0])
    if path is None:
        return
    env, load = dict(_environment(field.folder)), os.getloadavg()[0]
    # What one leaves to the kernel to be written must not be in the next one's way.
    os.sync()
    began = time.monotonic()
    process = subprocess.Popen([path, *argv[1:]], env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds, cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
    process.returncode = status
    runs = field.table.setdefault(title, Runs())
    runs.seconds.append(seconds)
    runs.cpu.append(cpu)
    runs.memory.append(used.ru_maxrss / 1000)
    failed = f"  failed with status {status}" if status else ""
    text = f"{number + 1}  {title:36} {seconds:7.2f} s {cpu:7.2f} s CPU"
    print(f"{text} {used.ru_maxrss / 1000:5.0f} MB  load {load:.1f}{failed}", flush=True)


if __name__ == "__main__":
    main()
