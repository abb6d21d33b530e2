"""A real Docker Engine: whether it answers, and the images that the stand-in runs on."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests import ROOT
from tests.servers.run_names import is_left_over
from tests.support.parts import need
from tests.tiers import locked
from wizard.demo.seaweedfs import Ports, SeaweedFS

_IMAGE_FILES = ROOT / "tests" / "standin" / "image"
BASE = "bw-s3-standin-base:2"
IMAGE = "bw-s3-standin:2"
# The base is a Debian 12, whatever this machine is.
_PYTHON = ("--python-version", "3.11", "--implementation", "cp", "--only-binary", ":all:")
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_PACKAGES = (
    *("django>=4.2,<5.3", "django-storages>=1.14.6", "environs>=14.1", "boto3"),
    *("psycopg[binary]", "gunicorn"),
)


def docker(*arguments: str, given: bytes | None = None, folder: Path | None = None) -> str:
    """Run docker, return its output; its complaints are in the error."""
    done = subprocess.run(
        ["docker", *arguments], input=given, cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, f"docker {arguments}: {done.stderr.decode()}"
    return done.stdout.decode()


def need_engine() -> None:
    """Skip the test where no engine answers or Compose is missing; in CI that is a failure."""
    need("docker")
    for argv in (["docker", "info"], ["docker", "compose", "version"]):
        done = subprocess.run(argv, capture_output=True, check=False)
        if done.returncode:
            reason = f"“{' '.join(argv)}” fails (.ci/start-docker starts an engine)"
            if os.environ.get("CI"):
                pytest.fail(f"{reason}: {done.stderr.decode()}")
            pytest.skip(reason)


@cache
def need_images() -> None:
    """Build the stand-in's two images, unless this machine has them; tidy up before."""
    need_engine()
    with locked("images", fcntl.LOCK_EX):
        remove_leftovers()
        _build_images()


def _build_images() -> None:
    if not _has(BASE):
        if shutil.which("debootstrap") is None or os.geteuid() != 0:
            need("debootstrap as root")
        subprocess.run([_IMAGE_FILES / "build-base", BASE], check=True)
    if docker("images", "--quiet", "--filter", f"label=recipe={_recipe()}", IMAGE):
        return
    with tempfile.TemporaryDirectory(prefix="bw-s3-image-") as name:
        context = Path(name) / "context"
        shutil.copytree(_IMAGE_FILES, context)
        _download_wheels(context / "wheels")
        build(context, IMAGE, "--build-arg", f"BASE={BASE}", "--label", f"recipe={_recipe()}")


def build(context: Path, image: str, *options: str) -> None:
    """Build an image with the engine's own builder, which needs no plugin and no registry."""
    env = {**os.environ, "DOCKER_BUILDKIT": "0"}
    argv = ["docker", "build", "--quiet", *options, "--tag", image, "."]
    done = subprocess.run(argv, cwd=context, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def remove(project: str) -> None:
    """Remove all that belongs to a Compose project, without a word to what runs in it."""
    mark = f"label=com.docker.compose.project={project}"
    containers = docker("ps", "--all", "--quiet", "--filter", mark).split()
    if containers:
        docker("rm", "--force", "--volumes", *containers)
    for kind in ("volume", "network"):
        names = docker(kind, "ls", "--quiet", "--filter", mark).split()
        if names:
            docker(kind, "rm", *names)


def remove_leftovers() -> None:
    """Remove what runs that were killed have left on the engine, and nothing else."""
    form = '{{.Label "com.docker.compose.project"}}'
    projects: set[str] = set()
    for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        projects |= {*docker(*kind, "--format", form).split()}
    for project in filter(is_left_over, sorted(projects)):
        remove(project)
    for what, key in (("volume", "Name"), ("image", "Repository")):
        names = {*docker(what, "ls", "--format", f"{{{{.{key}}}}}").split()}
        for name in filter(is_left_over, names):
            docker(what, "rm", "--force", name)


@contextmanager
def engine_on(data: Path, folder: Path) -> Iterator[str]:
    """Another engine, which keeps all it has in `data`; its address for DOCKER_HOST.

    In a network of its own: an engine without a bridge removes that of this machine's engine.
    """
    # A short name: the paths of the sockets in there may have 107 bytes.
    short = tempfile.TemporaryDirectory(prefix="bw-s3-engine-")
    with short as running, _engine(data, folder, Path(running)) as address:
        yield address


@contextmanager
def _engine(data: Path, folder: Path, running: Path) -> Iterator[str]:
    address, log = f"unix://{running}/docker.sock", folder / "dockerd.log"
    argv = ["unshare", "--net", "dockerd"]
    argv += ["--data-root", str(data), "--exec-root", str(running)]
    argv += ["--host", address, "--pidfile", str(folder / "dockerd.pid")]
    argv += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as engine:
        try:
            asked = ["docker", "--host", address, "info"]
            deadline = time.monotonic() + 60
            while subprocess.run(asked, capture_output=True, check=False).returncode:
                assert engine.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield address
        finally:
            engine.terminate()


@contextmanager
def tcp_engine() -> Iterator[str]:
    """The engine at a TCP address, as DOCKER_HOST names a remote one."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pass_on(source: socket.socket, target: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                return

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                engine = socket.socket(socket.AF_UNIX)
                engine.connect("/var/run/docker.sock")
                for pair in ((client, engine), (engine, client)):
                    threading.Thread(target=pass_on, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


def bridge_address() -> str:
    """The host's own address on the engine's bridge: containers reach it, the network does not."""
    form = "{{json (index .IPAM.Config 0)}}"
    config = json.loads(docker("network", "inspect", "bridge", "--format", form))
    # An engine that started for the first time names none: the bridge has the first address.
    return config.get("Gateway") or str(next(ip_network(config["Subnet"]).hosts()))


class BridgedSeaweedFS(SeaweedFS):
    """A SeaweedFS that this host and its containers reach at the same address."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.address = bridge_address()

    @property
    def endpoint(self) -> str:
        return super().endpoint.replace("127.0.0.1", self.address)

    def _arguments(self, ports: Ports) -> list[str]:
        return [a.replace("127.0.0.1", self.address) for a in super()._arguments(ports)]


def _has(image: str) -> bool:
    return bool(docker("images", "--quiet", image))


def _recipe() -> str:
    """Changes with what the image is made of."""
    files = sorted(path for path in _IMAGE_FILES.iterdir() if path.is_file())
    text = b"".join(path.read_bytes() for path in files) + " ".join(_PACKAGES).encode()
    return hashlib.sha256(text).hexdigest()[:12]


def _download_wheels(folder: Path) -> None:
    platforms = [word for name in _PLATFORMS for word in ("--platform", name)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder)]
    done = subprocess.run(
        [*pip, *_PYTHON, *platforms, *_PACKAGES], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
