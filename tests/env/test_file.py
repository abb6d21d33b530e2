"""`.env` on a real disk: read, changed, shown, backed up, replaced; and what can go wrong."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import struct
from pathlib import Path

import pytest

from tests.support.users import ALICE, BOB, as_user, fill, need_root, owned_folder, small_disk
from wizard.core.problem import Action, Problem
from wizard.core.secrets import MASK, Masker
from wizard.env.file import EnvFile, backups

# In the shape of BookWyrm's own template.
TEMPLATE = """\
# SECURITY WARNING: keep the secret key used in production secret!
SECRET_KEY="7(2w1sedok=aznpq)ta1mc4i%4h=xx@hxwx*"
DEBUG=false
DOMAIN=books.example.org

## Leave unset to allow all hosts
# ALLOWED_HOSTS="localhost,127.0.0.1,[::1]"
POSTGRES_PASSWORD=not-to-be-seen
REDIS_BROKER_URL="redis://:broker-password@redis:6379/0"

# S3 configuration
USE_S3=false
AWS_ACCESS_KEY_ID=
AWS_SECRET_ACCESS_KEY=

# AWS_S3_URL_PROTOCOL must end in ":" and defaults to that of the instance.
# AWS_STORAGE_BUCKET_NAME=        # "example-bucket-name"
# AWS_S3_CUSTOM_DOMAIN=None       # "example-bucket-name.s3.fr-par.scw.cloud"
# AWS_S3_URL_PROTOCOL=None        # "http:"
# AWS_S3_REGION_NAME=None         # "fr-par"
# AWS_S3_ENDPOINT_URL=None        # "https://s3.fr-par.scw.cloud"
# AWS_DEFAULT_ACL=""              # defaults to public-read
CSP_ADDITIONAL_HOSTS=
"""


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / "bookwyrm" / ".env"
    path.parent.mkdir()
    path.write_text(TEMPLATE)
    return path


def replace_env(path: Path, values: dict[str, str | None]) -> Path:
    """What a step does: read, change, write."""
    return EnvFile.read(path).with_values(values).write(path.parent / ".bw-s3")


def readable_by(uid: int) -> bytes:
    """An access control list that lets the owner write and one user read (Linux's own format)."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 4, uid), (4, 0, nobody), (16, 4, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def kill_at_sync(survived: int) -> None:
    """Have this process die when, after so many times, the disk is to keep something."""
    calls = iter(range(survived))

    def sync(descriptor: int) -> None:
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = sync  # type: ignore[assignment]


def refused(path: Path) -> Problem:
    """The problem that a change of the file meets; the file is then as it was."""
    before = path.read_bytes()
    with pytest.raises(Problem) as caught:
        replace_env(path, {"USE_S3": "true"})
    assert path.read_bytes() == before
    assert not list(path.parent.rglob("*.new")), "a temporary file was left"
    return caught.value


class TestReading:
    def test_values_are_resolved_as_django_sees_them(self, env: Path) -> None:
        env.write_text('R=ams3\nB=books\nD="${B}.${R}.example.org"\nE=${NOWHERE:-else}\nR=fra1\n')
        file = EnvFile.read(env)
        assert file.get("D") == "books.ams3.example.org"
        assert file.get("E") == "else"
        assert file.get("R") == "fra1"

    def test_absent_commented_and_empty_differ(self, env: Path) -> None:
        file = EnvFile.read(env)
        assert file.get("USE_AZURE") is None
        assert file.get("AWS_DEFAULT_ACL") is None
        assert file.get("AWS_ACCESS_KEY_ID") == ""

    def test_names_are_those_it_sets(self, env: Path) -> None:
        names = EnvFile.read(env).names()
        assert "USE_S3" in names
        assert "ALLOWED_HOSTS" not in names

    def test_bytes_that_are_no_text_are_kept(self, env: Path) -> None:
        env.write_bytes(b"# caf\xe9\nUSE_S3=false\nNAME=\xff\n")
        replace_env(env, {"USE_S3": "true"})
        assert env.read_bytes() == b"# caf\xe9\nUSE_S3=true\nNAME=\xff\n"

    def test_secrets_are_those_named_so(self, env: Path) -> None:
        env.write_text("AWS_SECRET_ACCESS_KEY=older\nAWS_SECRET_ACCESS_KEY=newer\nDEBUG=false\n")
        assert set(EnvFile.read(env).secrets()) == {"older", "newer"}

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(Problem, match="There is no file"):
            EnvFile.read(tmp_path / ".env")

    def test_dangling_link(self, env: Path) -> None:
        env.unlink()
        env.symlink_to(env.parent / "elsewhere")
        with pytest.raises(Problem, match="There is no file"):
            EnvFile.read(env)

    def test_links_in_a_circle(self, env: Path) -> None:
        env.unlink()
        env.symlink_to(env)
        with pytest.raises(Problem, match="cannot be read"):
            EnvFile.read(env)

    @pytest.mark.parametrize("kind", ["folder", "pipe", "huge"])
    def test_what_is_no_env_file(self, env: Path, kind: str) -> None:
        env.unlink()
        if kind == "folder":
            env.mkdir()
        elif kind == "pipe":
            os.mkfifo(env)
        else:
            env.write_bytes(b"#" * 2_000_000)
        with pytest.raises(Problem, match="cannot be read") as caught:
            EnvFile.read(env)
        assert caught.value.raw

    def test_unreadable_to_this_user(self, tmp_path: Path) -> None:
        need_root()
        path = owned_folder(tmp_path, ALICE) / ".env"
        path.write_text(TEMPLATE)
        path.chmod(0o600)
        with pytest.raises(Problem, match="cannot be read") as caught:
            as_user(BOB, lambda: EnvFile.read(path))
        assert caught.value.remedies[0].text == f"sudo bw-s3 {path.parent}"


class TestWriting:
    def test_template_lines_come_to_life_in_place(self, env: Path) -> None:
        replace_env(
            env,
            {
                "USE_S3": "true",
                "AWS_STORAGE_BUCKET_NAME": "books-media",
                "AWS_S3_CUSTOM_DOMAIN": "books-media.s3.fr-par.scw.cloud",
                "AWS_S3_ENDPOINT_URL": "https://s3.fr-par.scw.cloud",
                "AWS_DEFAULT_ACL": "",
            },
        )
        expected = TEMPLATE.replace("USE_S3=false", "USE_S3=true")
        # Nothing stays behind a value: systemd would take it for a part of it.
        for name, there, remark, value in (
            ("AWS_STORAGE_BUCKET_NAME", "        ", "example-bucket-name", "books-media"),
            (
                "AWS_S3_CUSTOM_DOMAIN",
                "None       ",
                "example-bucket-name.s3.fr-par.scw.cloud",
                "books-media.s3.fr-par.scw.cloud",
            ),
            (
                "AWS_S3_ENDPOINT_URL",
                "None        ",
                "https://s3.fr-par.scw.cloud",
                "https://s3.fr-par.scw.cloud",
            ),
        ):
            before = f'# {name}={there}# "{remark}"\n'
            assert before in expected
            expected = expected.replace(before, f'# "{remark}"\n{name}={value}\n')
        expected = expected.replace(
            '# AWS_DEFAULT_ACL=""              # defaults to public-read\n',
            '# defaults to public-read\nAWS_DEFAULT_ACL=""\n',
        )
        assert env.read_text() == expected

    def test_backup_is_private_and_complete(self, env: Path) -> None:
        backup = replace_env(env, {"USE_S3": "true"})
        assert backup.read_text() == TEMPLATE
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700

    def test_two_backups_in_a_second_are_two_files_in_order(self, env: Path) -> None:
        made = [replace_env(env, {"USE_S3": str(n)}) for n in range(12)]
        assert backups(env.parent / ".bw-s3") == made

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
    def test_mode_is_kept(self, env: Path, mode: int) -> None:
        env.chmod(mode)
        replace_env(env, {"USE_S3": "true"})
        assert stat.S_IMODE(env.stat().st_mode) == mode

    def test_owner_is_kept_and_all_belongs_to_the_folders_owner(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        env = home / ".env"
        env.write_text(TEMPLATE)
        os.chown(env, BOB, ALICE)
        backup = replace_env(env, {"USE_S3": "true"})
        assert (env.stat().st_uid, env.stat().st_gid) == (BOB, ALICE)
        assert (backup.stat().st_uid, backup.parent.stat().st_uid) == (ALICE, ALICE)

    def test_an_access_control_list_is_kept(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        env = home / ".env"
        env.write_text(TEMPLATE)
        env.chmod(0o600)
        try:
            os.setxattr(env, "system.posix_acl_access", readable_by(BOB))
        except OSError:
            pytest.skip("the file system has no access control lists")
        replace_env(env, {"USE_S3": "true"})
        assert as_user(BOB, lambda: EnvFile.read(env).get("USE_S3")) == "true"

    @pytest.mark.parametrize("survived", [0, 1, 2, 3])
    def test_killed_while_writing_no_secret_lies_about(
        self, env: Path, survived: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Killed as the disk is to keep one of these: backup, its folder, `.env`, its folder."""
        folder = env.parent / ".bw-s3"
        child = os.fork()
        if child == 0:
            # The next backup is made in another second, as it would be.
            earlier = folder / "env-20260101-000000-00.bak"
            monkeypatch.setattr("wizard.env.file._free_name", lambda folder: earlier)
            kill_at_sync(survived)
            replace_env(env, {"USE_S3": "true"})
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert ("USE_S3=true" in env.read_text()) is (survived == 3)
        assert {path.name for path in env.parent.iterdir()} == {".env", ".bw-s3"}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        replace_env(env, {"USE_S3": "true"})
        assert not list(env.parent.rglob("*.new"))

    def test_backups_on_another_disk(self, env: Path, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", "2m") as disk:
            backup = EnvFile.read(env).with_values({"USE_S3": "true"}).write(disk / "state")
            assert backup.read_text() == TEMPLATE
            assert "USE_S3=true" in env.read_text()
            assert [path.name for path in env.parent.iterdir()] == [".env"]

    def test_a_link_stays_and_its_target_is_replaced(self, env: Path, tmp_path: Path) -> None:
        target = tmp_path / "etc" / "bookwyrm.env"
        target.parent.mkdir()
        env.rename(target)
        env.symlink_to("../etc/bookwyrm.env")
        replace_env(env, {"USE_S3": "true"})
        assert env.is_symlink()
        assert "USE_S3=true" in target.read_text()

    def test_a_change_meanwhile_is_not_overwritten(self, env: Path) -> None:
        new = EnvFile.read(env).with_values({"USE_S3": "true"})
        env.write_text(TEMPLATE + "EDITED=by-hand\n")
        with pytest.raises(Problem, match="was changed while") as caught:
            new.write(env.parent / ".bw-s3")
        assert env.read_text().endswith("EDITED=by-hand\n")
        assert caught.value.remedies[0].action is Action.RETRY

    def test_a_file_that_vanished_meanwhile(self, env: Path) -> None:
        new = EnvFile.read(env).with_values({"USE_S3": "true"})
        env.unlink()
        with pytest.raises(Problem, match="There is no file"):
            new.write(env.parent / ".bw-s3")
        assert not env.exists()

    def test_read_only_file(self, tmp_path: Path) -> None:
        need_root()
        path = owned_folder(tmp_path, ALICE) / ".env"
        path.write_text(TEMPLATE)
        os.chown(path, ALICE, ALICE)
        path.chmod(0o400)
        problem = as_user(ALICE, lambda: refused(path))
        assert "cannot be changed" in problem.what

    def test_read_only_folder(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        path = home / ".env"
        path.write_text(TEMPLATE)
        os.chown(path, ALICE, ALICE)
        (home / ".bw-s3").mkdir()
        os.chown(home / ".bw-s3", ALICE, ALICE)
        home.chmod(0o555)
        problem = as_user(ALICE, lambda: refused(path))
        assert "cannot be changed" in problem.what

    def test_another_users_file_keeps_its_owner(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        path = home / ".env"
        path.write_text(TEMPLATE)
        os.chown(path, BOB, BOB)
        path.chmod(0o666)
        problem = as_user(ALICE, lambda: refused(path))
        assert problem.remedies[0].text == f"sudo bw-s3 {home}"
        assert path.stat().st_uid == BOB

    def test_read_only_file_system(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as disk:
            path = disk / ".env"
            path.write_text(TEMPLATE)
            (disk / ".bw-s3").mkdir()
            os.system(f"mount -o remount,ro {disk}")
            assert "cannot be changed" in refused(path).what

    def test_space_is_checked_before_anything_is_written(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as disk:
            path = disk / ".env"
            path.write_text(TEMPLATE)
            (disk / "filler").write_bytes(b"x" * 200_000)
            problem = refused(path)
            assert "disk is full" in problem.why
            assert not backups(disk / ".bw-s3")

    def test_full_disk(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as disk:
            path = disk / ".env"
            path.write_text(TEMPLATE)
            fill(disk)
            assert "disk is full" in refused(path).why

    def test_no_room_for_the_backup_elsewhere(self, env: Path, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as disk:
            fill(disk)
            new = EnvFile.read(env).with_values({"USE_S3": "true"})
            with pytest.raises(Problem, match="it is as it was"):
                new.write(disk)
            assert env.read_text() == TEMPLATE


class TestDefects:
    @pytest.mark.parametrize(
        ("data", "what"),
        [
            (b"USE_S3=false\r\nX=1\r\n", "CRLF"),
            (b"A=1\nUSE_S3=false\r\nX=1\n", "CRLF"),
            (b"\xef\xbb\xbfUSE_S3=false\nX=1\n", "BOM"),
            ("\ufeffUSE_S3=false\r\nX=1\r\n".encode("utf-16-le"), "UTF-16"),
            (b"USE_S3=fal\0se\nX=1\n", "zero bytes"),
        ],
    )
    def test_a_defect_is_named_refused_and_mended(self, env: Path, data: bytes, what: str) -> None:
        env.write_bytes(data)
        file = EnvFile.read(env)
        defect = file.defect()
        assert defect is not None
        assert what in defect.what
        assert defect.remedies[0].action is Action.CONVERT_ENV
        with pytest.raises(Problem, match=what):
            file.with_values({"USE_S3": "true"})
        whole = file.converted()
        assert whole.defect() is None
        assert whole.data.endswith(b"USE_S3=false\nX=1\n")

    def test_a_sound_file_has_none(self, env: Path) -> None:
        assert EnvFile.read(env).defect() is None

    def test_values_are_read_in_spite_of_it(self, env: Path) -> None:
        env.write_bytes(b"\xef\xbb\xbfDOMAIN=a.example\r\nX=1\r\n")
        assert EnvFile.read(env).get("DOMAIN") == "a.example"
        assert EnvFile.read(env).get("X") == "1"

    def test_a_broken_line_that_swallows_the_change_is_found(self, env: Path) -> None:
        env.write_text("A='never closed\nB=1\n")
        with pytest.raises(Problem, match="B cannot be set"):
            replace_env(env, {"B": "two words"})
        assert env.read_text() == "A='never closed\nB=1\n"


class TestDiff:
    def test_it_names_only_what_changes(self, env: Path) -> None:
        file = EnvFile.read(env)
        shown = file.diff(file.with_values({"USE_S3": "true"}), Masker())
        assert [line for line in shown.splitlines() if line[0] in "+-"] == [
            "--- .env",
            "+++ .env (new)",
            "-USE_S3=false",
            "+USE_S3=true",
        ]

    def test_no_change_is_no_diff(self, env: Path) -> None:
        file = EnvFile.read(env)
        assert file.diff(file.with_values({"USE_S3": "false"}), Masker()) == ""

    def test_secrets_are_masked_by_name_also_around_the_change(self, env: Path) -> None:
        file = EnvFile.read(env)
        new = file.with_values(
            {"AWS_ACCESS_KEY_ID": "AKIAFORTESTS", "AWS_SECRET_ACCESS_KEY": "a-secret", "DEBUG": "1"}
        )
        shown = file.diff(new, Masker())
        for secret in ("AKIAFORTESTS", "a-secret", "7(2w1sed", "not-to-be-seen", "broker-password"):
            assert secret not in shown
        assert "-AWS_SECRET_ACCESS_KEY=\n" in shown
        assert f"+AWS_SECRET_ACCESS_KEY={MASK}\n" in shown

    def test_secrets_are_masked_by_value(self, env: Path) -> None:
        env.write_text("NOTE=the key is hunter22\nUSE_S3=false\n")
        file = EnvFile.read(env)
        shown = file.diff(file.with_values({"USE_S3": "true"}), Masker(["hunter22"]))
        assert f" NOTE=the key is {MASK}" in shown

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_conversion_shows_no_secret_either(self, env: Path, encoding: str) -> None:
        env.write_bytes(TEMPLATE.replace("\n", "\r\n").encode(encoding))
        file = EnvFile.read(env)
        shown = file.diff(file.converted(), Masker())
        assert "␍" in shown
        for secret in ("7(2w1sed", "not-to-be-seen", "broker-password"):
            assert secret not in shown

    def test_a_secret_of_several_lines(self, env: Path) -> None:
        env.write_text("PRIVATE_KEY='first-part\nsecond-part'\nUSE_S3=false\n")
        file = EnvFile.read(env)
        shown = file.diff(file.with_values({"USE_S3": "true"}), Masker())
        assert "first-part" not in shown
        assert "second-part" not in shown

    def test_a_missing_final_newline_shows(self, env: Path) -> None:
        env.write_bytes(b"A=1\nUSE_S3=false")
        file = EnvFile.read(env)
        shown = file.diff(file.with_values({"USE_S3": "true"}), Masker())
        assert shown.endswith("+USE_S3=true\n\\ No newline at end of file\n")

    def test_what_is_no_text_can_be_printed(self, env: Path) -> None:
        env.write_bytes(b"# caf\xe9\nUSE_S3=false\n")
        file = EnvFile.read(env)
        assert file.diff(file.with_values({"USE_S3": "true"}), Masker()).encode()


def test_nothing_secret_in_a_repr(env: Path) -> None:
    assert "not-to-be-seen" not in repr(EnvFile.read(env))


def test_backup_folder_vanishes_with_the_instance(env: Path) -> None:
    new = EnvFile.read(env).with_values({"USE_S3": "true"})
    shutil.rmtree(env.parent)
    with pytest.raises(Problem, match="There is no file"):
        new.write(env.parent / ".bw-s3")
