"""From the bucket to the disk, on a real S3 server: what only the bucket has, checked."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from dataclasses import replace
from hashlib import md5
from io import BytesIO
from operator import attrgetter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.servers.bad_proxy import Fault, bad_proxy
from tests.support.copy_kit import CopyKit
from tests.support.users import disk_with_quota, folding_disk, need_root
from tests.support.waiting import wait_until
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.media.source import Reason


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder and an empty bucket."""
    (tmp_path / "images").mkdir()
    return CopyKit(tmp_path, *storage)


@pytest.fixture(params=["storage", "ceph_storage"])
def anywhere(tmp_path: Path, request: pytest.FixtureRequest) -> CopyKit:
    """The same on two services: one keeps names as a file system does, the other all of them."""
    (tmp_path / "images").mkdir()
    settings, keys = request.getfixturevalue(request.param)
    return CopyKit(tmp_path, settings, keys)


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
    cuts: list[str] = []

    def plan(method: str, path: str, before: int) -> Fault:
        if method != "GET" or "/no.jpg" in path:
            return Fault.REFUSED if method == "GET" else Fault.NONE
        if "/cut.jpg" in path and len(cuts) < 2:
            cuts.append(path)
            return Fault.CUT
        return Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        result = kit.through(proxy).bring_back()
    assert (result.files, result.left_count, result.refused_count) == (2, 1, 1)
    assert {item.path: item.what for item in (*result.left, *result.refused)} == {
        "covers/a.jpg/below.jpg": Reason.CLASH.words,
        "covers/no.jpg": Reason.REFUSED.words,
    }
    assert set(kit.here()) == {f"images/covers/{n}.jpg" for n in ("a", "cut", "good")}
    kit.client.delete_object(Bucket=kit.settings.bucket, Key="images/covers/a.jpg/below.jpg")
    again = kit.bring_back()
    assert (again.files, again.refused_count) == (1, 0)
    kit.fill(0)
    sent = kit.copy()
    assert (sent.sent, sent.already) == (1, 3), "what came from there need not be read again"


def test_foreign_names_are_refused_and_never_written_outside(anywhere: CopyKit) -> None:
    """As far as a real server takes such names at all."""
    kit = anywhere
    kit.write("covers/Here.jpg", b"a file")
    around = set(kit.folder.iterdir())
    foreign = {
        "images/../outside.jpg", "images/covers/../../outside.jpg", "images//slash.jpg",
        "images/covers//two.jpg", "images/" + "x" * 256 + ".jpg", "images/covers/a\nb.jpg",
        "images/covers/./dot.jpg", "images/covers/Here.jpg/below.jpg",
    }  # fmt: skip
    for key in foreign:
        with contextlib.suppress(ClientError):
            kit.put(key, b"data")
    kit.put("images/folder/", b"")
    kit.put("images/covers/good é.jpg", b"good")
    (kit.root / "linked").symlink_to(kit.folder)
    kit.put("images/linked/inside.jpg", b"data")
    there = set(kit.there()) - {"images/folder/"}
    plain = {key for key in there if key not in foreign and "linked" not in key}
    result = kit.bring_back()
    assert (result.files, result.left_count) == (len(plain), 0)
    listed = {f"images/{item.path}": item.what for item in result.refused}
    assert {key.replace("\n", "\\n") for key in there - plain} == {
        key.replace("\n", "\\n") for key in listed
    }
    assert listed.pop("images/linked/inside.jpg") == Reason.OUTSIDE.words
    assert listed.pop("images/covers/Here.jpg/below.jpg") == Reason.CLASH.words
    assert set(listed.values()) == {Reason.NO_FILE_NAME.words}
    assert set(kit.here()) == {"images/covers/Here.jpg", *plain}
    assert {path.name for path in kit.folder.iterdir()} - {path.name for path in around} <= {
        ".bw-s3", ".env", "manage.py", "bookwyrm", "VERSION",
    }  # fmt: skip


def test_what_differs_is_a_conflict_and_what_is_the_same_is_not(kit: CopyKit) -> None:
    """Also of files that bw-s3 never copied, and where the ETag is no MD5."""
    for name in ("same", "other", "longer", "parts", "kms"):
        kit.write(f"covers/{name}.jpg", f"these are the bytes of {name}".encode())
    for name in ("same", "kms"):
        kit.put(f"images/covers/{name}.jpg", f"these are the bytes of {name}".encode())
    kit.put("images/covers/other.jpg", b"these are the bytes of otter")
    kit.put("images/covers/longer.jpg", b"these are not the bytes of longer at all")
    kit.put("images/covers/new.jpg", b"new")
    client, bucket, key = kit.client, kit.settings.bucket, "images/covers/parts.jpg"
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = client.upload_part(
        Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"these are the bytes of parts"
    )
    client.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )  # fmt: skip
    before = kit.here()
    survey = kit.survey_back()
    assert (survey.files, survey.size, survey.different, survey.unsure) == (1, 3, 1, 4)
    result = kit.bring_all_back()
    assert {item.path for item in result.refused} == {"covers/other.jpg", "covers/longer.jpg"}
    assert result.refused_counts == {Reason.DIFFERENT: 2}
    assert (result.files, result.left_count) == (1, 0)
    here = kit.here()
    assert {key: here[key] for key in before} == before, "nothing here is replaced"
    again = kit.survey_back()
    assert (again.files, again.different, again.unsure) == (0, 1, 1), "the same is not asked again"


def test_what_is_replaced_while_it_is_read_is_read_again(kit: CopyKit) -> None:
    """Small and large: what counts is what is there now, and never a mixture."""
    old, new = b"old" * 4_000_000, b"new!" * 4_000_000
    kit.put("images/covers/large.jpg", old)
    kit.put("images/covers/small.jpg", b"old")
    put: set[str] = set()

    def plan(method: str, path: str, before: int) -> Fault:
        name = "large" if "large.jpg" in path else "small"
        first_part = name == "large" and not put
        if method == "GET" and ".jpg" in path and name not in put and not first_part:
            put.add(name)
            kit.put(f"images/covers/{name}.jpg", new if name == "large" else b"newer")
        if first_part and method == "GET" and ".jpg" in path:
            put.add("begun")
        return Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        result = kit.through(proxy).bring_back()
    assert (result.files, result.left_count, result.by_size) == (2, 0, 0)
    assert kit.here() == {
        "images/covers/large.jpg": md5(new).digest(),
        "images/covers/small.jpg": md5(b"newer").digest(),
    }


def test_what_the_bucket_keeps_private_stays_there(kit: CopyKit) -> None:
    """An ACL of its own, where the site's web server would hand the file to everybody."""
    for name in ("covers/private.jpg", "covers/archive.zip"):
        kit.put(f"images/{name}", b"data")
    result = kit.bring_all_back(all_public=False)
    assert (result.files, result.refused_counts) == (1, {Reason.PRIVATE: 1})
    assert set(kit.here()) == {"images/covers/archive.zip"}, "which nobody is served either"
    kit.open_to_all()
    wait_until(lambda: not kit.bring_all_back(all_public=False).refused_count)
    assert set(kit.here()) == {"images/covers/archive.zip", "images/covers/private.jpg"}


def test_a_quota_that_is_used_up_is_called_so(kit: CopyKit, tmp_path: Path) -> None:
    """The file system itself has plenty of room, and says so beforehand."""
    for number in range(40):
        kit.put(f"images/covers/{number}.jpg", bytes(100_000))
    with disk_with_quota(kit.root, tmp_path / "disk", "2M") as disk:
        with pytest.raises(Problem) as caught:
            kit.bring_all_back()
        assert caught.value.code == "quota-reached"
        assert "quota" in caught.value.raw.lower()
        some = kit.here()
        assert 0 < len(some) < 40
        assert set(some.values()) == {md5(bytes(100_000)).digest()}
        subprocess.run(["btrfs", "qgroup", "limit", "none", disk], check=True)
        assert kit.bring_all_back().files == 40 - len(some)


def test_archived_objects_are_named(kit: CopyKit) -> None:
    kit.put("images/covers/deep.jpg", b"data", StorageClass="DEEP_ARCHIVE")
    kit.put("images/covers/good.jpg", b"data")

    def plan(method: str, path: str, before: int) -> Fault:
        return Fault.ARCHIVED if method == "GET" and "/deep.jpg" in path else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        result = kit.through(proxy).bring_back()
    assert (result.files, result.refused_counts) == (1, {Reason.ARCHIVED: 1})
    assert result.refused[0].path == "covers/deep.jpg"


def test_a_full_disk_ends_it_and_it_goes_on_from_there(kit: CopyKit) -> None:
    need_root()
    mount("tmpfs", kit.root, "size=300k")
    try:
        for number in range(40):
            kit.put(f"images/covers/{number}.jpg", bytes(20_000))
        with pytest.raises(Problem) as caught:
            kit.bring_back()
        assert caught.value.code == "disk-full"
        some = kit.here()
        assert 0 < len(some) < 40
        assert set(some.values()) == {md5(bytes(20_000)).digest()}
        subprocess.run(["mount", "-o", "remount,size=4m", kit.root], check=True)
        assert kit.bring_back().files == 40 - len(some)
        assert len(kit.here()) == 40
    finally:
        subprocess.run(["umount", kit.root], check=True)


def test_keys_that_expire_and_a_bucket_that_is_gone_are_said(kit: CopyKit) -> None:
    for number in range(30):
        kit.put(f"images/covers/{number}.jpg", b"data")

    def plan(method: str, path: str, before: int) -> Fault:
        return Fault.REVOKED if ".jpg" in path and before > 15 else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy, pytest.raises(Problem) as caught:
        kit.through(proxy).bring_back()
    assert caught.value.code == "access-key-unknown"
    kit.bring_back()
    assert len(kit.here()) == 30
    gone = replace(kit, settings=replace(kit.settings, bucket="never-there"))
    with pytest.raises(Problem) as caught:
        gone.bring_back()
    assert caught.value.code == "bucket-not-found"


def test_names_that_the_disk_cannot_tell_apart_are_refused(kit: CopyKit, tmp_path: Path) -> None:
    """Nothing is replaced, each is named, and the others come."""
    with folding_disk(kit.root, tmp_path / "disk"):
        kit.write("covers/one.jpg", b"here")
        for name in ("covers/One.jpg", "Covers/two.jpg", "covers/three.jpg"):
            kit.put(f"images/{name}", name.encode())
        survey = kit.survey_back()
        assert (survey.files, survey.refused_count) == (1, 2)
        result = kit.bring_all_back()
        refused = sorted(result.refused, key=attrgetter("path"))
        assert refused == survey.refused, "it was said beforehand"
        assert (result.files, result.left_count) == (1, 0)
        assert result.refused_counts == {Reason.FOLDED: 2}
        assert {item.path: item.raw for item in result.refused} == {
            "Covers/two.jpg": "covers", "covers/One.jpg": "one.jpg",
        }  # fmt: skip
        assert kit.here() == {
            "images/covers/one.jpg": md5(b"here").digest(),
            "images/covers/three.jpg": md5(b"covers/three.jpg").digest(),
        }


def test_a_file_too_large_for_the_disk_is_named_and_the_others_come(kit: CopyKit) -> None:
    large = bytes(range(256)) * 80_000
    kit.client.upload_fileobj(BytesIO(large), kit.settings.bucket, "images/covers/large.jpg")
    for number in range(20):
        kit.put(f"images/covers/{number}.jpg", b"data")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, usual[1]))
    try:
        result = kit.bring_back()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (result.files, result.left_count, result.refused_count) == (20, 1, 0)
    assert str(result.left[0].line) == "covers/large.jpg: cannot be written (File too large)"
    assert len(list(kit.root.rglob("*"))) == 21, "no half file, and no temporary one"
    assert kit.bring_back().files == 1
    assert kit.here()["images/covers/large.jpg"] == md5(large).digest()


def test_what_was_deleted_in_a_versioned_bucket_stays_deleted(anywhere: CopyKit) -> None:
    """Before the listing, and between that and the reading: a delete marker is no object."""
    kit = anywhere
    kit.client.put_bucket_versioning(
        Bucket=kit.settings.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    for name in ("deleted", "late", "newer", "restored"):
        kit.put(f"images/covers/{name}.jpg", b"first")
    kit.put("images/covers/newer.jpg", b"second")
    for name in ("deleted", "restored"):
        kit.client.delete_object(Bucket=kit.settings.bucket, Key=f"images/covers/{name}.jpg")
    kit.put("images/covers/restored.jpg", b"again")

    def plan(method: str, path: str, before: int) -> Fault:
        if method == "GET" and "/late.jpg" in path:
            kit.client.delete_object(Bucket=kit.settings.bucket, Key="images/covers/late.jpg")
        return Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        result = kit.through(proxy).bring_back()
    assert (result.files, result.left_count, result.refused_count) == (2, 0, 0)
    assert kit.here() == {
        "images/covers/newer.jpg": md5(b"second").digest(),
        "images/covers/restored.jpg": md5(b"again").digest(),
    }


@pytest.mark.parametrize("size", [4, 9_000_000])
@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.NO_BUCKET, "bucket-not-found"), (Fault.REVOKED, "access-key-unknown")],
)
def test_what_ends_all_is_said_even_of_the_last_object(
    kit: CopyKit, fault: Fault, code: str, size: int
) -> None:
    """A bucket that goes in the middle is not taken for an object that somebody deleted."""
    kit.put("images/covers/last.jpg", bytes(size))

    def plan(method: str, path: str, before: int) -> Fault:
        return fault if "/last.jpg" in path else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy, pytest.raises(Problem) as caught:
        kit.through(proxy).bring_back()
    assert caught.value.code == code
    assert kit.bring_back().files == 1


def test_a_bucket_that_goes_while_an_object_is_replaced_is_said(kit: CopyKit) -> None:
    """Who looks at the object again gets an answer without words."""
    kit.put("images/covers/last.jpg", b"old")
    seen: list[str] = []

    def plan(method: str, path: str, before: int) -> Fault:
        if "/last.jpg" not in path:
            return Fault.NONE
        seen.append(method)
        return Fault.NO_ETAG if len(seen) == 1 else Fault.NO_BUCKET

    with bad_proxy(kit.settings, kit.keys, plan) as proxy, pytest.raises(Problem) as caught:
        kit.through(proxy).bring_back()
    assert caught.value.code == "bucket-not-found"


def mount(kind: str, place: Path, options: str) -> None:
    argv = ["mount", "-t", kind, "-o", options, "none", str(place)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
