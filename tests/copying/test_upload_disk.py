"""The copy on a disk that is full, and with a large file that a kill cut in two."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.copying.test_upload_kills import begin
from tests.support.copy_kit import CopyKit, ReadHere
from tests.support.users import fill, small_disk
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.media.source import MediaFailure, MediaFile, Stream

MIB = 1 << 20


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder and an empty bucket."""
    (tmp_path / "images").mkdir()
    return CopyKit(tmp_path, *storage)


class Crowding(ReadHere):
    """Media while which is read something else takes all the room on the journal's disk."""

    def __init__(self, root: Path, disk: Path, after: int) -> None:
        super().__init__(root)
        self.disk, self.left = disk, after
        self.filler: Path | None = None

    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        """The real bytes; after some files the disk is full."""
        for found in super().read(files):
            self.left -= 1
            if self.left == 0:
                self.filler = fill(self.disk)
            yield found


def test_a_disk_that_fills_under_the_journal_is_said_and_the_copy_goes_on_later(
    kit: CopyKit,
) -> None:
    kit.fill(1500)
    with small_disk(kit.journal_folder, "4m"):
        kit.journal_folder.chmod(0o700)
        media = Crowding(kit.root, kit.journal_folder, after=900)
        with pytest.raises(Problem) as raised:
            kit.copy(media)
        assert "full" in f"{raised.value.what} {raised.value.why}"
        assert any("room" in remedy.text for remedy in raised.value.remedies)
        assert media.filler is not None
        media.filler.unlink()
        here, verified = kit.here(), kit.verified()
        assert all(here[key] == md5 for key, md5 in verified.items())
        outcome = kit.copy()
        assert outcome.already >= len(verified)
        assert (outcome.failures, outcome.conflicts) == ((), ())
        assert kit.there() == here == kit.verified()


def peak_megabytes(process: subprocess.Popen[bytes]) -> float:
    """The most memory that a running process has used so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    # A process that has just ended has none any more.
    peaks = [int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM")]
    return max(peaks, default=0) / 1000


def test_a_large_file_killed_halfway_leaves_no_parts_and_takes_little_memory(kit: CopyKit) -> None:
    kit.fill(20)
    large = kit.write("covers/large.png", b"a sparse file")
    with large.open("r+b") as file:
        file.truncate(300 * MIB + 1)
    client, bucket = kit.client, kit.settings.bucket
    process = begin(kit, rate=40_000_000)
    deadline = time.monotonic() + 60
    while not client.list_multipart_uploads(Bucket=bucket).get("Uploads"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1)
    peak = peak_megabytes(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    again = begin(kit, rate=0)
    while again.poll() is None:
        peak = max(peak, peak_megabytes(again))
        time.sleep(0.05)
    assert again.returncode == 0
    assert peak < 200
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    head = client.head_object(Bucket=bucket, Key="images/covers/large.png")
    assert head["ContentLength"] == 300 * MIB + 1
    assert kit.verified() == kit.here()
