"""From the bucket to the disk, on a real S3 server: what only the bucket has, checked."""

from __future__ import annotations

import threading
from dataclasses import replace
from hashlib import md5
from io import BytesIO
from pathlib import Path

import pytest

from tests.servers.bad_proxy import Fault, bad_proxy
from tests.support.copy_kit import CopyKit
from wizard.copying.fetching import Fetcher
from wizard.copying.listing import Listed
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.media.source import FolderMedia, MediaFailure, Reason
from wizard.storage.bucket import Bucket

_FINE = Fault.NONE


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder and an empty bucket."""
    (tmp_path / "images").mkdir()
    return CopyKit(tmp_path, *storage)


def test_only_what_is_not_here_comes_and_nothing_here_changes(kit: CopyKit) -> None:
    kit.fill(30)
    kit.copy()
    before = kit.here()
    large = bytes(range(256)) * 40_000
    kit.client.upload_fileobj(BytesIO(large), kit.settings.bucket, "images/covers/large.jpg")
    for number in range(40):
        kit.put(f"images/avatars/{number} é.png", b"%d" % number * 3000)
    kit.put("images/covers/1-00000.jpg", b"somebody's other bytes")
    kit.put("images/empty.jpg", b"")
    kit.put("static/other.css", b"not of the media")
    result = kit.bring_back()
    assert (result.files, result.left, result.by_size) == (42, [], 0)
    here = kit.here()
    assert {key: here[key] for key in before} == before
    assert here["images/covers/large.jpg"] == md5(large).digest()
    assert len(here) == 72
    again = kit.bring_back()
    assert (again.files, again.left) == (0, [])


def test_what_cannot_come_is_named_and_the_rest_comes(kit: CopyKit) -> None:
    kit.write("covers/a.jpg", b"a file")
    names = ("covers/a.jpg/below.jpg", "covers/cut.jpg", "covers/no.jpg", "covers/good.jpg")
    for name in names:
        kit.put(f"images/{name}", b"data" * 2000)

    def plan(method: str, path: str, before: int) -> Fault:
        if method != "GET":
            return Fault.NONE
        return Fault.CUT if "/cut.jpg" in path else (Fault.REFUSED if "/no.jpg" in path else _FINE)

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        result = kit.through(proxy).bring_back()
    assert (result.files, result.left_count) == (1, 3)
    assert {item.path: item.what for item in result.left} == {
        "covers/a.jpg/below.jpg": Reason.CLASH.words,
        "covers/cut.jpg": Reason.REFUSED.words,
        "covers/no.jpg": Reason.REFUSED.words,
    }
    assert set(kit.here()) == {"images/covers/a.jpg", "images/covers/good.jpg"}
    kit.client.delete_object(Bucket=kit.settings.bucket, Key="images/covers/a.jpg/below.jpg")
    assert kit.bring_back().files == 2


def test_other_bytes_than_the_bucket_says_are_not_kept(kit: CopyKit) -> None:
    """Exchanged between the listing and the reading; without an MD5 the size alone counts."""
    kit.put("images/covers/a.jpg", b"new bytes")
    bucket = Bucket(kit.settings, kit.keys)
    fetcher = Fetcher(bucket, threading.Event(), etags_are_md5=True)
    listed = [
        (b"covers/a.jpg", Listed("", size, etag))
        for size, etag in ((9, "0" * 32), (8, "0" * 32), (9, "1" * 32 + "-1"), (8, "1" * 32 + "-1"))
    ]
    seen: list[Reason | None] = []
    for number, file in enumerate(fetcher.incoming(listed)):
        media = FolderMedia(kit.root)
        (item,) = media.write([replace(file, path=b"%d.jpg" % number)])
        seen.append(item.reason if isinstance(item, MediaFailure) else None)
    assert seen == [Reason.SPOILED, Reason.SPOILED, None, Reason.SPOILED]
    assert fetcher.by_size == 1
    assert set(kit.here()) == {"images/2.jpg"}
