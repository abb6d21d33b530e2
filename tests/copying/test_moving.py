"""From one bucket to another: by the service itself, or through this machine."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests import ROOT
from tests.servers.bad_proxy import Fault, bad_proxy
from tests.servers.ceph import Ceph
from tests.support.copy_kit import CopyKit
from tests.support.move import Move
from tests.support.results import done
from tests.support.waiting import wait_until
from wizard.copying import server_copy
from wizard.copying.settle_public import settle_public
from wizard.copying.sources import media_of
from wizard.copying.upload import (
    Comparison,
    CopyOutcome,
    compare_media,
    copy_media,
    withdraw_private,
)
from wizard.core.events import Note
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.journal.journal import Journal
from wizard.journal.misplaced import note_misplaced
from wizard.journal.public_files import keep_public_files
from wizard.media.public import FileKind, HeldBack, PublicFiles
from wizard.media.source import Reason
from wizard.step import Context

_CHILD = """
import json, sys
from pathlib import Path
from tests.support.move import Move
from tests.support.copy_kit import CopyKit
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
folder, *sides = json.loads(sys.stdin.readline())
move = Move(*(CopyKit(Path(folder), Settings.from_dict(s), Keys(*k)) for s, k in sides))
move.new.control.limit_rate(4_000_000)
print("begins", flush=True)
move.copy()
"""


def move_between(folder: Path, old: tuple[Settings, Keys], new: tuple[Settings, Keys]) -> Move:
    (folder / "images").mkdir()
    there = replace(new[0], path=MigrationPath.MOVING, acl=new[0].acl)
    move = Move(CopyKit(folder, *old), CopyKit(folder, there, new[1]))
    for kit in (move.old, move.new):
        if not kit.settings.acl:
            let_everybody_read(kit)
    return move


def let_everybody_read(kit: CopyKit) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{kit.settings.bucket}/*",
            }
        ]
    }  # fmt: skip
    kit.client.put_bucket_policy(Bucket=kit.settings.bucket, Policy=json.dumps(policy))
    kit.put("static/a.css", b"")
    url = f"{kit.settings.endpoint}/{kit.settings.bucket}/static/a.css"
    wait_until(lambda: httpx.head(url).status_code == 200)


@pytest.fixture
def same_service(tmp_path: Path, seaweedfs: Any, storage: tuple[Settings, Keys]) -> Move:
    """From one bucket of SeaweedFS to another."""
    other = replace(storage[0], bucket=f"{storage[0].bucket}-new")
    CopyKit(tmp_path, other, storage[1]).client.create_bucket(Bucket=other.bucket)
    address = replace(other, custom_domain=f"{other.endpoint_host}/{other.bucket}")
    return move_between(tmp_path, storage, (address, storage[1]))


@pytest.fixture
def to_ceph(
    tmp_path: Path, storage: tuple[Settings, Keys], ceph_storage: tuple[Settings, Keys]
) -> Move:
    """From SeaweedFS to Ceph, which honours ACLs."""
    new = replace(ceph_storage[0], acl="public-read")
    return move_between(tmp_path, storage, (new, ceph_storage[1]))


@pytest.fixture
def from_ceph(
    tmp_path: Path, storage: tuple[Settings, Keys], ceph_storage: tuple[Settings, Keys]
) -> Move:
    """From Ceph, where each object has an ACL of its own, to SeaweedFS."""
    old = replace(ceph_storage[0], acl="public-read")
    return move_between(tmp_path, (old, ceph_storage[1]), storage)


@pytest.fixture
def within_ceph(tmp_path: Path, ceph: Ceph, ceph_storage: tuple[Settings, Keys]) -> Move:
    """From one bucket of Ceph to another."""
    old = replace(ceph_storage[0], acl="public-read")
    new = replace(ceph.settings(f"books-{uuid.uuid4().hex[:12]}"), acl="public-read")
    CopyKit(tmp_path, new, ceph.keys).client.create_bucket(Bucket=new.bucket)
    return move_between(tmp_path, (old, ceph_storage[1]), (new, ceph.keys))


@pytest.fixture(params=["same_service", "to_ceph"])
def move(request: pytest.FixtureRequest) -> Move:
    found: Move = request.getfixturevalue(request.param)
    return found


def test_what_is_only_here_and_only_there_both_arrive(move: Move) -> None:
    move.fill(40)
    move.old.put("images/covers/both.jpg", b"as visitors see it")
    move.old.put("images/avatars/a b+é%.png", b"odd name")
    move.old.put("images/covers/large.jpg", os.urandom((9 << 20) + 5))
    move.old.put("images/", b"")
    move.old.put("images/exports/all.tar.gz", b"private")
    move.new.write("covers/both.jpg", b"stale")
    move.new.write("covers/only-here.jpg", b"disk")
    outcome = move.copy()
    assert (outcome.sent, outcome.failures, outcome.conflicts) == (44, (), ())
    assert outcome.comparison and outcome.comparison.complete
    there, old = move.new.there(), move.old.there()
    public = {key: digest for key, digest in old.items() if key.endswith((".jpg", ".png"))}
    assert there == {**public, "images/covers/only-here.jpg": md5(b"disk").digest()}
    head = move.new.client.head_object(
        Bucket=move.new.settings.bucket, Key="images/covers/0003.jpg"
    )
    assert (head["ContentType"], head["CacheControl"]) == ("image/jpeg", "max-age=86400")
    again = move.copy()
    assert (again.sent, again.already, again.failures) == (0, 44, ())
    assert move.old.there() == old


def test_what_is_uploaded_meanwhile_is_caught_up(move: Move) -> None:
    move.fill(5)
    move.copy()
    move.old.put("images/covers/late.jpg", b"uploaded to the old bucket")
    move.new.write("covers/late-here.jpg", b"written to the disk")
    outcome = move.catch_up()
    assert (outcome.sent, outcome.failures) == (2, ())
    assert move.catch_up().sent == 0
    assert len(move.new.there()) == 7


def test_what_the_new_bucket_has_goes_back(move: Move) -> None:
    move.fill(5)
    move.copy()
    acl = {"ACL": "public-read"} if move.new.settings.acl else {}
    move.new.put("images/covers/new.jpg", b"uploaded to the new bucket", **acl)
    result = move.send_back()
    assert (result.files, result.left_count) == (1, 0)
    assert move.old.get("images/covers/new.jpg") == b"uploaded to the new bucket"
    assert move.send_back().files == 0
    assert len(move.old.there()) == 6


def agree_to_misplaced(move: Move) -> None:
    with move.context() as context:
        note_misplaced(context.journal, move.old.settings, copied=True)


def test_what_is_misplaced_in_the_old_bucket_comes_to_where_it_belongs(move: Move) -> None:
    """Stored below `BUCKET/images/` while the bucket's name was part of the endpoint."""
    move.fill(3)
    misplaced = f"{move.old.settings.bucket}/images"
    move.old.put(f"{misplaced}/covers/misplaced é+1.jpg", b"in a wrong place", **public(move.old))
    move.old.put(f"{misplaced}/covers/0001.jpg", move.old.get("images/covers/0001.jpg"))
    move.old.put(f"{misplaced}/covers/on disk too.jpg", b"as visitors see it", **public(move.old))
    move.new.write("covers/on disk too.jpg", b"stale")
    before = listing(move.old)
    assert move.copy().sent == 4
    assert not any("misplaced" in key for key in move.new.there())
    agree_to_misplaced(move)
    outcome = move.copy()
    assert (outcome.failures, outcome.conflicts, outcome.misplaced_conflicting) == ((), (), 0)
    assert outcome.comparison and outcome.comparison.complete
    assert move.new.get("images/covers/misplaced é+1.jpg") == b"in a wrong place"
    assert move.new.get("images/covers/on disk too.jpg") == b"as visitors see it"
    assert len(move.new.there()) == 5
    move.old.put(f"{misplaced}/covers/late.jpg", b"before the restart", **public(move.old))
    assert (move.catch_up().sent, move.catch_up().sent) == (1, 0)
    del before["static/a.css"]
    assert before.items() <= listing(move.old).items()


def public(kit: CopyKit) -> dict[str, str]:
    """How an object of it is public."""
    return {"ACL": "public-read"} if kit.settings.acl else {}


def test_misplaced_files_that_differ_are_left_to_a_person(same_service: Move) -> None:
    """By their size, by their MD5s, and by their bytes where the ETags are none."""
    move = same_service
    move.fill(3)
    misplaced = f"{move.old.settings.bucket}/images"
    large = os.urandom(6 << 20)
    for key, data in (("same", large), ("other", large), ("size", b"a")):
        move.old.put(f"images/covers/{key}.jpg", data)
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    for key, data in (("same", large), ("other", large[::-1]), ("size", b"ab")):
        body, name = BytesIO(data), f"{misplaced}/covers/{key}.jpg"
        move.old.client.upload_fileobj(body, move.old.settings.bucket, name, Config=config)
    agree_to_misplaced(move)
    outcome = move.copy()
    assert outcome.misplaced_conflicting == 2
    differing = [f"{misplaced}/covers/other.jpg", f"{misplaced}/covers/size.jpg"]
    assert sorted(outcome.misplaced_conflicts) == differing
    old = move.old.there()
    assert move.new.there() == old and len(old) == 6, "what is where it belongs counts"


def test_what_is_misplaced_and_private_is_held_back(from_ceph: Move) -> None:
    move = from_ceph
    move.fill(2)
    misplaced = f"{move.old.settings.bucket}/images/covers"
    move.old.put(f"{misplaced}/hidden.jpg", b"private", ACL="private")
    move.old.put(f"{misplaced}/public.jpg", b"public", ACL="public-read")
    agree_to_misplaced(move)
    outcome = move.copy()
    assert (outcome.sent, outcome.withheld) == (3, ("covers/hidden.jpg",))
    assert "images/covers/hidden.jpg" not in move.new.there()


def test_misplaced_files_of_the_bucket_in_use_are_copied_within_it(
    tmp_path: Path, ceph_storage: tuple[Settings, Keys]
) -> None:
    """An instance that stays with its bucket: nothing that is there is replaced or moved."""
    (tmp_path / "images").mkdir()
    kit = CopyKit(tmp_path, replace(ceph_storage[0], acl="public-read"), ceph_storage[1])
    misplaced = f"{kit.settings.bucket}/images/covers"
    kit.write("covers/here.jpg", b"on the disk")
    for name in ("a", "here", "there"):
        kit.put(f"{misplaced}/{name}.jpg", b"misplaced", ACL="public-read")
    kit.put(f"{misplaced}/hidden.jpg", b"private", ACL="private")
    kit.put("images/covers/there.jpg", b"other bytes", ACL="public-read")

    def copy() -> CopyOutcome:
        journal = Journal.open(kit.journal_folder, kit.folder)
        try:
            note_misplaced(journal, kit.settings, copied=True)
            context = kit.context(journal)
            return asyncio.run(_copy(context))
        finally:
            journal.close()

    async def _copy(context: Context) -> CopyOutcome:
        return await copy_media(context, await media_of(context))

    outcome = copy()
    assert (outcome.sent, outcome.failures, outcome.withheld) == (2, (), ("covers/hidden.jpg",))
    assert outcome.misplaced_conflicts == (f"{misplaced}/there.jpg",)
    assert {key: kit.get(key) for key in kit.there()} == {
        "images/covers/a.jpg": b"misplaced",
        "images/covers/here.jpg": b"on the disk",
        "images/covers/there.jpg": b"other bytes",
    }
    host = f"{kit.settings.endpoint}/{kit.settings.bucket}"
    assert httpx.get(f"{host}/images/covers/a.jpg").content == b"misplaced"
    again = copy()
    assert (again.sent, again.failures, again.misplaced_conflicting) == (0, (), 2)
    assert kit.get("images/covers/here.jpg") == b"on the disk"


@pytest.mark.parametrize("which", ["from_ceph", "within_ceph"])
def test_what_is_private_is_not_published(which: str, request: pytest.FixtureRequest) -> None:
    """Objects that nobody may read among those that everybody may; the disk has one as well."""
    move: Move = request.getfixturevalue(which)
    move.fill(12)
    hide(move, "covers/taken-down.jpg", "avatars/hidden.png")
    move.new.write("covers/taken-down.jpg", b"on the disk too")
    move.old.put("images/covers/later.jpg", b"later", ACL="public-read")
    move.old.put("exports/of-somebody.jpg", b"beside the media", ACL="public-read")
    move.old.put("secret.jpg", b"beside the media", ACL="public-read")
    outcome = move.copy()
    listed = move.new.client.list_objects_v2(Bucket=move.new.settings.bucket)["Contents"]
    public = {"images/covers/later.jpg", *(f"images/covers/{n:04}.jpg" for n in range(12))}
    assert {o["Key"] for o in listed} - {"static/a.css"} == public
    assert (outcome.sent, outcome.failures, outcome.conflicts) == (13, (), ())
    compared = outcome.comparison
    assert compared and compared.complete and compared.files == 13
    assert compared.held_back[HeldBack.PRIVATE] == (2, len(b"private") * 2)
    assert compared.withheld == ["avatars/hidden.png", "covers/taken-down.jpg"]
    hide(move, "covers/later.jpg", "covers/late-and-hidden.jpg")
    assert (move.catch_up().failures, move.catch_up().sent) == ((), 0)
    assert "images/covers/late-and-hidden.jpg" not in move.new.there()

    async def compare(context: Context) -> Comparison:
        return await compare_media(context, await media_of(context))

    compared = move.run(compare)
    assert compared.held_back[HeldBack.PRIVATE][0] == 4 and compared.complete
    move.old.put("images/avatars/hidden.png", b"private", ACL="public-read")
    assert move.catch_up().sent == 1


def test_what_was_made_private_since_its_copy_is_removed_again(within_ceph: Move) -> None:
    """Nothing else is, in either bucket."""
    move = within_ceph
    move.fill(8)
    move.new.write("covers/on disk.jpg", b"on the disk")
    move.copy()
    assert not move.run(withdraw_private)
    for number in (2, 5):
        move.old.client.put_object_acl(
            Bucket=move.old.settings.bucket, Key=f"images/covers/{number:04}.jpg", ACL="private"
        )
    move.new.put("images/covers/0005.jpg", b"replaced by somebody", ACL="public-read")
    move.old.put("images/covers/0007.jpg", b"replaced, and private", ACL="private")
    old, new = listing(move.old), listing(move.new)
    assert move.run(withdraw_private)
    del new["images/covers/0002.jpg"], new["images/covers/0007.jpg"]
    assert (listing(move.old), listing(move.new)) == (old, new)
    assert any("covers/0002.jpg" in e.text for e in move.new.events if isinstance(e, Note))
    private = {f"covers/{number:04}.jpg" for number in (2, 5, 7)}
    assert (set(move.copy().withheld), move.catch_up().sent) == (private, 0)


def test_of_an_old_bucket_that_was_closed_nothing_is_removed(within_ceph: Move) -> None:
    move = within_ceph
    move.fill(4)
    move.copy()
    before = listing(move.new)
    hide_again = [f"images/covers/{number:04}.jpg" for number in range(4)]
    for key in hide_again:
        move.old.client.put_object_acl(Bucket=move.old.settings.bucket, Key=key, ACL="private")
    assert move.run(withdraw_private)
    assert listing(move.new) == before
    assert any(
        "seems to have been closed" in e.text for e in move.new.events if isinstance(e, Note)
    )


def test_what_only_the_disk_has_is_public_as_it_was_there(from_ceph: Move) -> None:
    """The old bucket gives out files of kinds that the site's web server refused."""
    move = from_ceph
    move.fill(2)
    move.old.put("images/avatars/theirs.gif", b"in the bucket", ACL="public-read")
    move.old.put("images/covers/theirs.svg", b"in the bucket", ACL="public-read")
    move.new.write("avatars/ours.gif", b"on the disk")
    move.new.write("covers/ours.svg", b"on the disk")
    refused = PublicFiles(refused=frozenset({FileKind("covers", "svg")}))

    async def copy(context: Context) -> CopyOutcome:
        await settle_public(context)
        return await copy_media(context, await media_of(context))

    with move.context() as context:
        keep_public_files(context.journal, refused)
    for _ in range(2):
        move.run(copy)
        brought = {key for key in move.new.there() if "/0" not in key}
        assert brought == {"images/avatars/theirs.gif", "images/covers/theirs.svg"}


def test_a_bucket_that_nobody_may_read_is_not_published(from_ceph: Move) -> None:
    hide(from_ceph, *(f"covers/{number}.jpg" for number in range(30)))
    with pytest.raises(Problem) as raised:
        from_ceph.copy()
    assert raised.value.code == "old-bucket-not-public"
    assert not from_ceph.new.there()


def test_without_an_answer_nothing_is_published(from_ceph: Move) -> None:
    """The endpoint refuses the public, and the public address does not answer."""
    from_ceph.fill(2)
    hide(from_ceph, "covers/hidden.jpg")
    settings = replace(from_ceph.old.settings, custom_domain="127.0.0.1:9")
    outcome = Move(replace(from_ceph.old, settings=settings), from_ceph.new).copy()
    assert (outcome.sent, outcome.failed) == (2, 1)
    assert [f.path for f in outcome.failures] == ["covers/hidden.jpg"]
    assert set(from_ceph.new.there()) == {"images/covers/0000.jpg", "images/covers/0001.jpg"}


def test_a_picture_for_everything_tells_nothing(from_ceph: Move) -> None:
    """A public address that answers with a placeholder for what it does not give out."""
    from_ceph.fill(2)
    hide(from_ceph, "covers/hidden.jpg")
    with placeholder() as host:
        settings = replace(from_ceph.old.settings, custom_domain=host)
        outcome = Move(replace(from_ceph.old, settings=settings), from_ceph.new).copy()
    assert (outcome.sent, outcome.failed) == (2, 0)
    assert set(from_ceph.new.there()) == {"images/covers/0000.jpg", "images/covers/0001.jpg"}


def test_what_is_private_in_the_new_bucket_stays_there(within_ceph: Move) -> None:
    """The way back to the old one publishes nothing either."""
    within_ceph.fill(2)
    within_ceph.copy()
    within_ceph.new.put("images/covers/new.jpg", b"uploaded", ACL="public-read")
    within_ceph.new.put("images/covers/hidden.jpg", b"private")
    result = within_ceph.send_back()
    assert (result.files, result.refused_counts) == (1, {Reason.PRIVATE: 1})
    assert "images/covers/hidden.jpg" not in within_ceph.old.there()


def hide(move: Move, *paths: str) -> None:
    """Have the old bucket hold these, for nobody to read."""
    for path in paths:
        move.old.put(f"images/{path}", b"private", ACL="private")


@contextmanager
def placeholder() -> Iterator[str]:
    """The host of a server that has the same picture for every address."""

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", "4000")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_visitors_read_what_came_to_ceph(to_ceph: Move) -> None:
    to_ceph.fill(3)
    to_ceph.copy()
    settings = to_ceph.new.settings
    with urlopen(f"{settings.endpoint}/{settings.bucket}/images/covers/0001.jpg") as answer:
        assert answer.read() == to_ceph.old.get("images/covers/0001.jpg")


def test_one_service_copies_by_itself(same_service: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """No object is read here, but the large one, whose parts' ETag proves nothing."""
    monkeypatch.setattr(server_copy, "MOST_AT_ONCE", 5 << 20)
    same_service.fill(30)
    same_service.old.put("images/covers/zz-large.jpg", os.urandom((11 << 20) + 3))
    old = same_service.old
    with bad_proxy(old.settings, old.keys, lambda *_: Fault.NONE) as proxy:
        outcome = Move(old.through(proxy), same_service.new.through(proxy)).copy()
        read = {path.partition("?")[0] for method, path in proxy.seen if method == "GET"}
    assert (outcome.failures, outcome.conflicts) == ((), ())
    assert outcome.sent + outcome.already == 31
    assert same_service.new.there() == old.there()
    objects = {path.rpartition("/")[2] for path in read if "/images/" in path}
    assert objects == {"zz-large.jpg"}


def test_a_service_that_may_not_copy_is_read(same_service: Move) -> None:
    """The keys of the new bucket are not let into the old one."""

    refused: list[str] = []

    def plan(method: str, path: str, number: int) -> Fault:
        if method != "PUT" or "/images/" not in path or refused:
            return Fault.NONE
        refused.append(path)
        return Fault.REFUSED

    same_service.fill(30)
    old = same_service.old
    with bad_proxy(old.settings, old.keys, plan) as proxy:
        outcome = Move(old.through(proxy), same_service.new.through(proxy)).copy()
        assert proxy.count("GET", f"{old.settings.bucket}/images/") == 30
    assert (outcome.sent, outcome.failures) == (30, ())
    assert same_service.new.there() == old.there()


def test_the_old_service_in_bad_weather(to_ceph: Move) -> None:
    """Torn answers and slow-downs while it is read."""
    faults = [Fault.RESET, Fault.SLOW_DOWN, Fault.CUT, Fault.ERROR]

    def plan(method: str, path: str, number: int) -> Fault:
        return faults[number // 7 % 4] if method == "GET" and not number % 7 else Fault.NONE

    to_ceph.fill(60)
    old = to_ceph.old
    with bad_proxy(old.settings, old.keys, plan) as proxy:
        outcome = Move(old.through(proxy), to_ceph.new).copy()
    assert (outcome.sent, outcome.failures) == (60, ())
    assert to_ceph.new.there() == old.there()


def test_the_old_service_is_named_where_it_refuses(to_ceph: Move) -> None:
    """Its keys were revoked while it was read."""
    to_ceph.fill(10)
    old = to_ceph.old

    def plan(method: str, path: str, number: int) -> Fault:
        return Fault.REVOKED if f"{old.settings.bucket}/images/" in path else Fault.NONE

    with (
        bad_proxy(old.settings, old.keys, plan) as proxy,
        pytest.raises(Problem) as raised,
    ):
        Move(old.through(proxy), to_ceph.new).copy()
    assert old.settings.bucket in str(raised.value.to_dict()) or "key" in raised.value.what
    assert to_ceph.copy().sent == 10


def test_killed_again_and_again(move: Move) -> None:
    """With -9 in the middle: all arrives byte for byte, and the old bucket is as it was."""
    move.fill(150)
    move.old.put("images/covers/large.jpg", os.urandom((9 << 20) + 5))
    for number in range(40):
        move.new.write(f"covers/here-{number}.jpg", os.urandom(20_000))
    before = listing(move.old)
    chance = random.Random()
    for longest in (0.3, 1.0, 2.0, 3.0):
        process = begin(move)
        time.sleep(chance.uniform(0, longest))
        process.kill()
        process.wait()
    outcome = move.copy()
    assert (outcome.failures, outcome.conflicts) == ((), ())
    assert outcome.comparison and outcome.comparison.complete
    assert move.new.there() == {**move.new.here(), **move.old.there()}
    assert listing(move.old) == before


def begin(move: Move) -> subprocess.Popen[str]:
    """The copy in a process of its own, which is about to begin."""
    sides = [
        [kit.settings.to_dict(), [kit.keys.access_key_id, kit.keys.secret_access_key]]
        for kit in (move.old, move.new)
    ]
    pipe = subprocess.PIPE
    argv = [sys.executable, "-c", _CHILD]
    process = subprocess.Popen(argv, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps([str(move.new.folder), *sides]) + "\n")
    process.stdin.close()
    assert process.stdout.readline() == "begins\n"
    process.stdout.close()
    return process


def listing(kit: CopyKit) -> dict[str, object]:
    """When the service took each object, and its ETag."""
    pages = kit.client.get_paginator("list_objects_v2").paginate(Bucket=kit.settings.bucket)
    found = (o for page in pages for o in page["Contents"])
    return {o["Key"]: (o["LastModified"], o["ETag"]) for o in found}


def test_of_a_move_that_is_over_the_old_bucket_is_not_asked(to_ceph: Move) -> None:
    to_ceph.fill(5)
    to_ceph.new.write("covers/here.jpg", b"disk")
    to_ceph.copy()
    switched = done("restart", to_ceph.new.settings.storage)

    async def compare(context: Context) -> Comparison:
        context.journal.save_result(switched)
        return await compare_media(context, await media_of(context, as_verified=True))

    gone = replace(to_ceph.old.settings, endpoint="http://127.0.0.1:9")
    compared = Move(replace(to_ceph.old, settings=gone), to_ceph.new).run(compare)
    assert compared.complete and compared.same == 6


@pytest.mark.parametrize("which", ["within_ceph", "from_ceph"])
def test_foreign_names_go_nowhere_else(which: str, request: pytest.FixtureRequest) -> None:
    """As far as a real server takes such names at all, and a second one as well."""
    move: Move = request.getfixturevalue(which)
    outside = {
        "images/../outside.jpg", "images/covers/../../outside.jpg", "images//slash.jpg",
        "images/../../outside/outside.jpg", "images/covers//two.jpg", "images/covers/./dot.jpg",
        "images/covers/..", "images/nul\0.jpg",
    }  # fmt: skip
    odd = {
        "images/covers/" + "x" * 300 + ".jpg", "images/covers/" + "long/" * 180 + "x.jpg",
        "images/covers/Case.jpg", "images/covers/case.jpg", "images/covers/a\nb.jpg",
        "images/covers/e\u0301.jpg", "images/covers/\u00e9.jpg", "images/covers/file.jpg",
        "images/covers/file.jpg/below.jpg", "images/covers/slash.jpg/", "images/ +%?#&=~.jpg",
    }  # fmt: skip
    for key in (*outside, *odd):
        with suppress(ClientError):
            move.old.put(key, key.encode(), **public(move.old))
    there = {key for key in move.old.there() if key not in outside and not key.endswith("/")}
    assert len(there) >= 5
    outcome = move.copy()
    failed = {f"images/{f.path}" for f in outcome.failures if not f.harmless}
    arrived = {key: move.new.get(key) for key in move.new.there()}
    named = {key for key in there if key.encode().decode() in failed or "\n" in key}
    assert set(arrived) | named >= there, "each has arrived, or is named"
    assert arrived == {key: key.encode() for key in arrived}
    assert not set(arrived) & outside
    listed = {key for key in listing(move.new) if not key.startswith("images/")}
    assert listed <= {"static/a.css"}
    refused = {f"images/{f.path}" for f in outcome.failures if f.harmless}
    assert refused == {key for key in move.old.there() if key in outside and key.endswith("jpg")}


@pytest.mark.parametrize("which", ["same_service", "to_ceph"])
def test_archived_objects_are_named_and_the_others_come(
    which: str, request: pytest.FixtureRequest
) -> None:
    move: Move = request.getfixturevalue(which)
    move.fill(5)
    old = move.old

    def plan(method: str, path: str, number: int) -> Fault:
        archived = method in ("GET", "PUT") and "/0003.jpg" in path
        return Fault.ARCHIVED if archived else Fault.NONE

    with bad_proxy(old.settings, old.keys, plan) as proxy:
        new = move.new.through(proxy) if which == "same_service" else move.new
        outcome = Move(old.through(proxy), new).copy()
    (failure,) = outcome.failures
    assert (failure.path, failure.what) == ("covers/0003.jpg", Reason.ARCHIVED.words)
    assert len(move.new.there()) == 4
    assert (move.copy().failures, move.new.there()) == ((), old.there())


def test_what_is_replaced_or_deleted_while_it_is_read_is_no_mixture(to_ceph: Move) -> None:
    """In a versioned bucket, so that a delete marker is left."""
    move, old = to_ceph, to_ceph.old
    old.client.put_bucket_versioning(
        Bucket=old.settings.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    move.fill(4)
    old.put("images/covers/large.jpg", b"old" * 4_000_000)
    old.put("images/covers/deleted.jpg", b"before the listing")
    old.client.delete_object(Bucket=old.settings.bucket, Key="images/covers/deleted.jpg")
    put: set[str] = set()

    def plan(method: str, path: str, number: int) -> Fault:
        for name, data in (("large", b"new" * 4_000_000), ("0001", bytes(137)), ("0002", b"x")):
            late = name != "large" or "large read" in put
            if method == "GET" and f"/{name}.jpg" in path and name not in put and late:
                put.add(name)
                old.put(f"images/covers/{name}.jpg", data)
        if "/large.jpg" in path and method == "GET":
            put.add("large read")
        if method == "GET" and "/0003.jpg" in path and "0003" not in put:
            put.add("0003")
            old.client.delete_object(Bucket=old.settings.bucket, Key="images/covers/0003.jpg")
        return Fault.NONE

    with bad_proxy(old.settings, old.keys, plan) as proxy:
        outcome = Move(old.through(proxy), move.new).copy()
    assert {"large", "0001", "0002", "0003"} <= put
    assert {f.path for f in outcome.failures} <= {"covers/large.jpg", "covers/0002.jpg"}
    now, partly = old.there(), move.new.there()
    allowed = {md5(b"old" * 4_000_000).digest()}
    assert all(digest == now.get(key) or digest in allowed for key, digest in partly.items())
    assert move.copy().failures == ()
    assert move.new.there() == old.there()
    assert "images/covers/deleted.jpg" not in move.new.there()


@pytest.mark.parametrize("which", ["same_service", "to_ceph"])
def test_an_old_bucket_that_goes_in_the_middle_is_named(
    which: str, request: pytest.FixtureRequest
) -> None:
    move: Move = request.getfixturevalue(which)
    move.fill(40)
    old, gone = move.old, threading.Event()

    def plan(method: str, path: str, number: int) -> Fault:
        read = method == "GET" and f"{old.settings.bucket}/images/covers/0" in path
        copied = method == "PUT" and which == "same_service" and number > 10 and "/0" in path
        if read or copied:
            gone.set()
        old_one = path.startswith(f"/{old.settings.bucket}?") or read or copied
        return Fault.NO_BUCKET if gone.is_set() and old_one else Fault.NONE

    with bad_proxy(old.settings, old.keys, plan) as proxy, pytest.raises(Problem) as raised:
        new = move.new.through(proxy) if which == "same_service" else move.new
        Move(old.through(proxy), new).copy()
    assert raised.value.code == "bucket-not-found"
    assert f"{old.settings.bucket}" in raised.value.what
    assert move.new.settings.bucket not in raised.value.what
    assert move.copy().failures == ()
    assert move.new.there() == old.there()
