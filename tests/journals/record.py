"""Records the journals that this version of bw-s3 leaves.

`python -m tests.journals.record FOLDER [dockerless|compose]` takes some minutes. Run it in a
checkout whose path may be read by anybody: tracebacks in a journal name it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tests.journals.halted import Halt
from tests.journals.recorded import About, pack, write
from tests.journals.sites import Site, with_compose, without_docker
from wizard.core.secrets import Keys
from wizard.instance.checkout import open_instance
from wizard.journal.file import FILE
from wizard.migration import STEPS
from wizard.opening.opening import Opening, open_migration
from wizard.step import Question

_ROOT = Path(__file__).parent.parent.parent
_NUMBERS = {step.name: number for number, step in enumerate(STEPS, 1)}
_TOLD = ("DOMAIN", "PORT", "USE_S3", "AWS_STORAGE_BUCKET_NAME")
_ENV_WRITTEN = r"after _sync_folder \S+/bookwyrm$"


class Pause(NamedTuple):
    """What is done once a step began, while bw-s3 is stopped."""

    step: str
    action: Callable[[], object]


@dataclass
class Recorder:
    """One migration of a site into one bucket, run again and again, and its journals."""

    site: Site
    deployment: str
    into: Path
    bucket: str
    keys: Keys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = self.site.storage.keys

    def finish(self) -> None:
        """Run to the end, which must be a good one."""
        self._ends_with({0}, self._start([]))

    def killed(
        self, point: str, number: int = 1, *options: str, pause: Pause | None = None
    ) -> None:
        """Run until the point is passed that many times, then kill it."""
        halt = Halt("SIGKILL", point, number)
        self._ends_with({-signal.SIGKILL}, self._paused(pause, [halt], *options))

    def fails(self, pause: Pause, *options: str) -> None:
        """Run to the end, which must be a bad one because of what is done meanwhile."""
        self._ends_with({1, 3}, self._paused(pause, [], *options))

    def skip(self, step: str, reason: str) -> None:
        """Pass over a step, as the wizard's screen has it; the command line cannot."""
        asyncio.run(self._skip(step, reason))

    def disarm(self) -> None:
        """`bw-s3 disarm`."""
        self._call("disarm", str(self.site.folder))

    def keep(self, step: str, state: str, detail: str = "", *, hot: bool = False) -> None:
        """Keep the journal as it is now; the step must stand where the name will say.

        `hot`: also the files themselves.
        """
        parts = (self.deployment, f"{_NUMBERS[step]:02}", step, state, detail)
        path = self.into / f"{'-'.join(filter(None, parts))}.sql"
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name)
            for file in self.site.journal.glob(f"{FILE}*"):
                shutil.copy(file, copy)
            if hot:
                pack(path.with_suffix(".tar.gz"), copy)
            about = self._about()
            assert about.statuses[step] == state, f"{path.name}: {about.statuses}"
            write(path, copy, about)
        self._refuse_secrets(path)
        print(path.name, flush=True)

    def _about(self) -> About:
        said = json.loads(self._call("status", str(self.site.folder), "--json"))
        return About(
            version("bw-s3"),
            open_instance(self.site.folder).version,
            {name: self.site.env.get(name) or "" for name in _TOLD},
            {step["step"]: step["state"] for step in said["steps"]},
            said["armed"],
        )

    def _refuse_secrets(self, path: Path) -> None:
        keys = self.site.storage.keys
        secrets = {*self.site.env.secrets(), keys.access_key_id, keys.secret_access_key}
        text = path.read_text()
        assert not [secret for secret in secrets if secret and secret in text], path

    def _paused(
        self, pause: Pause | None, halts: list[Halt], *options: str
    ) -> subprocess.Popen[bytes]:
        """`bw-s3 run`, which was stopped for a while already."""
        if pause is None:
            return self._start(halts, *options)
        stop = Halt("SIGSTOP", f"committed save_result {pause.step} begun")
        process = self._start([stop, *halts], *options)
        how = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert how and how.si_code == os.CLD_STOPPED, self._said()
        pause.action()
        process.send_signal(signal.SIGCONT)
        return process

    def _start(self, halts: list[Halt], *options: str) -> subprocess.Popen[bytes]:
        """`bw-s3 run`."""
        settings = self.site.settings(self.bucket)
        said = {name: value for name, value in settings.to_dict().items() if value}
        arguments = [w for n, v in said.items() for w in (f"--{n.replace('_', '-')}", str(v))]
        module = ["tests.journals.halted", json.dumps(halts)] if halts else ["screens"]
        run = ["run", str(self.site.folder), "--yes", "--json", *arguments, *options]
        argv = [sys.executable, "-m", *module, *run]
        env = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_access_key,
        }
        with self._output.open("wb") as output:
            return subprocess.Popen(argv, cwd=_ROOT, env=env, stdout=output, stderr=output)

    @property
    def _output(self) -> Path:
        return self.site.folder.parent / "output"

    def _ends_with(self, statuses: set[int], process: subprocess.Popen[bytes]) -> None:
        status = process.wait()
        assert status in statuses, f"{status}: {self._said()}"

    def _said(self) -> str:
        return self._output.read_text()[-5000:]

    def _call(self, *arguments: str) -> str:
        argv = [sys.executable, "-m", "screens", *arguments]
        return subprocess.run(argv, cwd=_ROOT, check=True, capture_output=True, text=True).stdout

    async def _skip(self, step: str, reason: str) -> None:
        async def yes(question: Question) -> bool:
            return True

        opened = await open_migration(Opening(folder=self.site.folder), lambda event: None, yes)
        try:
            opened.migration.skip(opened.migration.step_named(step), reason)
        finally:
            opened.close()


def _without_a_fault(recorder: Recorder) -> None:
    """Each step done; at last another bucket is named."""
    for step in STEPS:
        recorder.killed(f"committed save_result {step.name} done")
        recorder.keep(step.name, "done")
    recorder.finish()
    recorder.bucket += "-2"
    recorder.killed("committed remember settings")
    recorder.keep("configure_provider", "stale", "other_bucket")


def _killed_everywhere(recorder: Recorder) -> None:
    """Each step killed when it began and wherever it leaves something of its own in the journal."""

    def killed(
        step: str,
        detail: str,
        point: str,
        number: int = 1,
        *options: str,
        pause: Pause | None = None,
    ) -> None:
        recorder.killed(point, number, *options, pause=pause)
        hot = detail in ("half", "switched")
        recorder.keep(step, "begun", detail, hot=hot)

    def begun(step: str) -> None:
        killed(step, "", f"committed save_result {step} begun")

    begun("configure_provider")
    killed("configure_provider", "canaries", "after _make_api_call PutObject static/bw-s3-canary")
    killed("configure_provider", "probing_cors", "after _make_api_call PutBucketCors")
    killed("configure_provider", "policy", "after _make_api_call PutBucketPolicy")
    killed("configure_provider", "env_written", _ENV_WRITTEN)
    begun("copy_media")
    killed("copy_media", "announced", "committed announce_sending")
    killed("copy_media", "half", "committed save_verified", 1, "--limit-rate", "20k")
    begun("enable_s3")
    killed("enable_s3", "lines_kept", "committed remember enable_s3.lines")
    killed("enable_s3", "env_written", _ENV_WRITTEN)
    begun("collect_static")
    killed("collect_static", "collecting", "after create_subprocess_exec .*collectstatic")
    killed("collect_static", "proven", "committed remember collect_static.assets")
    begun("set_cors")
    killed("set_cors", "announced", "committed remember set_cors.added")
    killed("set_cors", "sent", "after _make_api_call PutBucketCors")
    begun("restart")
    killed("restart", "restarting", recorder.site.restarting)
    killed("restart", "switched", "committed remember restart.switched")
    late = Pause("restart", lambda: recorder.site.upload("covers/late.jpg", b"a late cover"))
    killed("restart", "catching_up", "committed announce_sending", pause=late)
    killed("restart", "caught_up", "committed remember restart.caught_up")
    begun("verify_cors")
    begun("update_connector")
    killed("update_connector", "old_kept", "committed remember update_connector.before")
    recorder.finish()
    recorder.keep("update_connector", "done", "after_kills")


def _failing_everywhere(recorder: Recorder) -> None:
    """Each step failed, mended each time by what comes before the next."""
    site, bucket = recorder.site, recorder.site.bucket(recorder.bucket)

    def fails(step: str, detail: str, harm: Callable[[], object], *options: str) -> None:
        recorder.fails(Pause(step, harm), *options)
        recorder.keep(step, "failed", detail)

    bucket.create()
    recorder.keys = site.reader
    fails("configure_provider", "keys_only_read", lambda: None)
    recorder.keys = site.storage.keys
    theirs = "images/covers/#1 & only.jpg"
    fails("copy_media", "conflict", lambda: bucket.put(theirs, b"theirs"))
    bucket.delete(theirs)
    fails("enable_s3", "line_missing", lambda: site.set_env(AWS_S3_ENDPOINT_URL=None))
    wrong = "x" * 40
    fails("collect_static", "wrong_keys", lambda: site.set_env(AWS_SECRET_ACCESS_KEY=wrong))
    fails("set_cors", "bucket_gone", lambda: _remove(recorder))
    fails("restart", "put_back", lambda: site.set_env(AWS_STORAGE_BUCKET_NAME=None))
    if recorder.deployment == "dockerless":
        fails("restart", "nothing_restarted", lambda: None, "--restart-command", "false")
    theirs = "images/covers/twice.jpg"

    def twice() -> None:
        site.upload("covers/twice.jpg", b"ours, uploaded late")
        bucket.put(theirs, b"theirs")

    fails("restart", "conflict", twice)
    bucket.delete(theirs)
    others = [{"AllowedOrigins": ["https://books.example"], "AllowedMethods": ["GET"]}]
    fails("verify_cors", "others_rules", lambda: bucket.put_cors(others))
    fails("update_connector", "no_database", site.stop_database)
    site.start()
    recorder.finish()
    recorder.keep("update_connector", "done", "after_failures")


def _remove(recorder: Recorder) -> None:
    """Delete the bucket, with all that is in it."""
    bucket = recorder.site.bucket(recorder.bucket)
    for item in list(bucket.list_objects()):
        bucket.delete(item.key)
    bucket.client.delete_bucket(Bucket=recorder.bucket)


def _disarmed_and_skipped(recorder: Recorder) -> None:
    """S3 switched off again before the restart; one step passed over in the end."""
    recorder.killed("committed save_result enable_s3 done")
    recorder.disarm()
    recorder.keep("enable_s3", "todo", "disarmed")
    recorder.killed("committed save_result verify_cors done")
    recorder.skip("update_connector", "the database is upgraded next week")
    recorder.finish()
    recorder.keep("update_connector", "skipped", "by_the_admin")


def _fresh(recorder: Recorder) -> None:
    """A new instance: all prepared before its first start, then completed."""
    recorder.finish()
    recorder.keep("restart", "later", "fresh")
    recorder.site.start()
    recorder.finish()
    recorder.keep("update_connector", "skipped", "fresh")


_SITES = {"dockerless": without_docker, "compose": with_compose}
_MIGRATIONS = (_without_a_fault, _killed_everywhere, _failing_everywhere, _disarmed_and_skipped)


def record(into: Path, deployment: str) -> None:
    """Record the journals of one kind of deployment."""
    make = _SITES[deployment]
    with (
        tempfile.TemporaryDirectory(prefix="bookwyrm-") as name,
        make(Path(name), fresh=False) as site,
    ):
        for migration in _MIGRATIONS:
            site.begin_anew()
            bucket = f"books-{migration.__name__.strip('_').replace('_', '-')}"
            migration(Recorder(site, deployment, into, bucket))
    with (
        tempfile.TemporaryDirectory(prefix="bookwyrm-") as name,
        make(Path(name), fresh=True) as site,
    ):
        _fresh(Recorder(site, deployment, into, "books-fresh"))


def main() -> None:
    """Record into the folder that is named, all deployments or those that are named, too."""
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    for deployment in sys.argv[2:] or _SITES:
        record(into, deployment)


if __name__ == "__main__":
    main()
