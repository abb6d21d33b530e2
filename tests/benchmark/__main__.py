"""`python -m tests.benchmark`: our copy beside aws, s5cmd and rclone, in turn, several times."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests import ROOT
from tests.benchmark.delay import delaying_server
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import SeaweedFS, find_program
from wizard.storage.bucket import connect

_BUCKET = "benchmark"
# A cover's size: median 28 kB, as on bookwyrm.social-like instances, at most 400 kB.
_MEDIAN, _SPREAD, _MOST = 28_000, 0.8, 400_000


@dataclass
class Runs:
    """What the runs of one program took: seconds, CPU seconds, peak memory in MB."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where to copy, and what from; `folder` holds `images` and our journal."""

    folder: Path
    endpoint: str
    keys: Keys

    @property
    def images(self) -> str:
        """The files to copy."""
        return f"{self.folder / 'images'}/"


def _ours(place: Place) -> list[str]:
    return [
        sys.executable,
        "-m",
        "tests.benchmark.ours",
        str(place.folder),
        place.endpoint,
        _BUCKET,
    ]


def _aws(place: Place, *words: str) -> list[str]:
    target = f"s3://{_BUCKET}/images/"
    return ["aws", "--endpoint-url", place.endpoint, "s3", *words, place.images, target,
            "--acl", "public-read", "--only-show-errors"]  # fmt: skip


def _s5cmd(place: Place) -> list[str]:
    target = f"s3://{_BUCKET}/images/"
    return ["s5cmd", "--endpoint-url", place.endpoint, "cp", "--acl", "public-read", place.images,
            target]  # fmt: skip


def _rclone(place: Place) -> list[str]:
    remote = f":s3,provider=Other,env_auth=true,endpoint='{place.endpoint}',no_check_bucket=true:"
    return ["rclone", "copy", "--config", "", place.images, f"{remote}{_BUCKET}/images/"]


PROGRAMS: dict[str, Callable[[Place], list[str]]] = {
    "bw-s3": _ours,
    "s5cmd cp": _s5cmd,
    "rclone copy": _rclone,
    "aws s3 cp": lambda place: [*_aws(place, "cp"), "--recursive"],
}
AGAIN: dict[str, Callable[[Place], list[str]]] = {
    "bw-s3 (nothing to do)": _ours,
    "aws s3 sync (nothing to do)": lambda place: _aws(place, "sync"),
}


def main() -> None:
    """Make the files, start the server, run everything in turn, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=_MEDIAN, help="median size in bytes")
    parser.add_argument("--large", type=int, default=0, help="one file of so many GB more")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.04, help="seconds for each request")
    parser.add_argument("--server", choices=("delay", "seaweedfs"), default="delay")
    parser.add_argument("--only", default="", help="programs, separated by commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bw-s3-benchmark-") as name:
        folder = Path(name)
        make_files(folder / "images", options.files, options.size)
        if options.large:
            with (folder / "images" / "large.png").open("wb") as large:
                large.truncate(options.large << 30)
        with _server(options.server, folder, options.delay) as place:
            table = _measure(place, options.rounds, options.only)
    print(f"\n{options.files:,} files, {options.server}, {options.rounds} rounds, medians\n")
    _print(table)
    print(f"\n{time.strftime('%B %Y')}, {os.cpu_count()} processors; {'; '.join(_versions())}")


def _versions() -> Iterator[str]:
    """What is measured against, in each program's own words."""
    for argv in (["aws", "--version"], ["s5cmd", "version"], ["rclone", "version"]):
        program = find_program(argv[0])
        if program is not None:
            said = subprocess.run([program, argv[1]], capture_output=True, text=True, check=False)
            yield f"{argv[0]}: {(said.stdout or said.stderr).splitlines()[0]}"


def make_files(root: Path, count: int, median: int) -> None:
    """Covers of different bytes, the same for the same numbers."""
    chance = random.Random(1)
    pool = chance.randbytes(1 << 20)
    for number in range(count):
        size = min(_MOST, max(9, int(chance.lognormvariate(0, _SPREAD) * median)))
        start = chance.randrange(len(pool) - _MOST)
        file = root / ("avatars" if number % 5 == 0 else "covers") / f"{number:07}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(number.to_bytes(8, "big") + pool[start : start + size - 8])


@contextmanager
def _server(kind: str, folder: Path, delay: float) -> Iterator[Place]:
    if kind == "delay":
        with delaying_server(folder / "nginx", delay) as endpoint:
            yield Place(folder, endpoint, Keys("benchmark-key-id", "benchmark-secret"))
        return
    with SeaweedFS(folder / "seaweedfs") as server:
        yield Place(folder, server.endpoint, server.keys)


def _measure(place: Place, rounds: int, only: str) -> dict[str, Runs]:
    table: dict[str, Runs] = {}
    chosen = [name for name in only.split(",") if name]
    for number in range(rounds):
        for name, program in PROGRAMS.items():
            if chosen and name not in chosen:
                continue
            _empty(place)
            _run(name, program(place), place, table.setdefault(name, Runs()), number)
        for name, program in AGAIN.items():
            if chosen and name not in chosen:
                continue
            if name.startswith("bw-s3"):
                _empty(place)
                _run("", _ours(place), place, Runs(), number)
            _run(name, program(place), place, table.setdefault(name, Runs()), number)
    return table


def _empty(place: Place) -> None:
    """An empty bucket, and no journal."""
    shutil.rmtree(place.folder / ".bw-s3", ignore_errors=True)
    client = connect(Settings(endpoint=place.endpoint, region="us-east-1"), place.keys)
    if place.keys.access_key_id != "benchmark-key-id":
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=_BUCKET)
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET):
            keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
            if keys:
                client.delete_objects(Bucket=_BUCKET, Delete={"Objects": keys})  # type: ignore[typeddict-item]
        return
    client.delete_object(Bucket=_BUCKET, Key="all of it")


def _run(name: str, argv: list[str], place: Place, runs: Runs, number: int) -> None:
    program = argv[0] if Path(argv[0]).is_absolute() else find_program(argv[0])
    if program is None:
        return
    env = {
        "AWS_ACCESS_KEY_ID": place.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": place.keys.secret_access_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HOME": str(place.folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
    }
    started = time.monotonic()
    process = subprocess.Popen([program, *argv[1:]], env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = status
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
    runs.seconds.append(seconds)
    runs.cpu.append(cpu)
    runs.memory.append(memory)
    failed = f"  failed with status {status}" if status else ""
    if name:
        text = f"{number + 1}  {name:30} {seconds:8.2f} s {cpu:8.2f} s CPU {memory:6.0f} MB{failed}"
        print(text, flush=True)


def _print(table: dict[str, Runs]) -> None:
    ours = table.get("bw-s3")
    base = statistics.median(ours.seconds) if ours else 0.0
    print("| program | seconds | our speed to its | CPU seconds | peak MB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, runs in table.items():
        if not runs.seconds:
            continue
        seconds = statistics.median(runs.seconds)
        again = table.get("bw-s3 (nothing to do)")
        first = statistics.median(again.seconds) if again and "nothing" in name else base
        ratio = f"{seconds / first:.2f}" if first else ""
        cpu, memory = statistics.median(runs.cpu), max(runs.memory)
        print(f"| {name} | {seconds:.2f} | {ratio} | {cpu:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
