"""A BookWyrm checkout as it is found: versions old and new, and what is no instance."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from environs import Env

from tests.support.checkout import make_checkout
from tests.support.users import ALICE, BOB, as_user, need_root, owned_folder
from wizard.core.problem import Problem
from wizard.instance.checkout import Abilities, Instance, is_true, open_instance

# The lines that tell versions apart, in the words of each time.
OLD = """\
env = Env()
VERSION = "0.4.6"
USE_HTTPS = env.bool("USE_HTTPS", not DEBUG)
AWS_DEFAULT_ACL = "public-read"
"""
MIDDLE = """\
USE_HTTPS = env.bool("USE_HTTPS", not DEBUG)
AWS_S3_URL_PROTOCOL = env("AWS_S3_URL_PROTOCOL", f"{PROTOCOL}:")
AWS_DEFAULT_ACL = "public-read"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "books")


def as_version(folder: Path, settings: str, version: str | None, *, themes: bool) -> Instance:
    (folder / "bookwyrm" / "settings.py").write_text(settings)
    if version is None:
        (folder / "VERSION").unlink()
    else:
        (folder / "VERSION").write_text(version)
    if not themes:
        (folder / "bookwyrm" / "management" / "commands" / "compile_themes.py").unlink()
    return open_instance(folder)


def set_env(folder: Path, text: str) -> Instance:
    (folder / ".env").write_text(text)
    return open_instance(folder)


class TestVersions:
    def test_of_today(self, folder: Path) -> None:
        instance = open_instance(folder)
        assert instance.version == "0.9.2"
        assert instance.abilities == Abilities(
            compile_themes=True, default_acl=True, use_https=False, url_protocol=True
        )

    def test_of_2022(self, folder: Path) -> None:
        instance = as_version(folder, OLD, None, themes=False)
        assert instance.version == "0.4.6"
        assert instance.abilities == Abilities(
            compile_themes=False, default_acl=False, use_https=True, url_protocol=False
        )

    def test_of_2024(self, folder: Path) -> None:
        instance = as_version(folder, MIDDLE, "v0.7.4\n", themes=True)
        assert instance.version == "0.7.4"
        assert instance.abilities == Abilities(
            compile_themes=True, default_acl=False, use_https=True, url_protocol=True
        )

    def test_without_any_number(self, folder: Path) -> None:
        assert as_version(folder, "", None, themes=True).version == "unknown"

    def test_settings_that_are_no_text(self, folder: Path) -> None:
        (folder / "bookwyrm" / "settings.py").write_bytes(b'# caf\xe9\nenv("AWS_DEFAULT_ACL")')
        assert open_instance(folder).abilities.default_acl


class TestNoInstance:
    @pytest.mark.parametrize("missing", ["manage.py", "bookwyrm/settings.py"])
    def test_something_else(self, folder: Path, missing: str) -> None:
        (folder / missing).unlink()
        with pytest.raises(Problem, match="no BookWyrm instance") as caught:
            open_instance(folder)
        assert caught.value.usage

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(Problem, match="no BookWyrm instance"):
            open_instance(tmp_path / "nowhere")

    def test_a_file(self, folder: Path) -> None:
        with pytest.raises(Problem, match="no BookWyrm instance"):
            open_instance(folder / "manage.py")

    @pytest.mark.parametrize("closed", [".", "bookwyrm", "bookwyrm/settings.py", "VERSION"])
    def test_not_for_this_user(self, tmp_path: Path, closed: str) -> None:
        need_root()
        folder = make_checkout(owned_folder(tmp_path, ALICE) / "books")
        path = folder / closed
        path.chmod(0o700 if path.is_dir() else 0o600)
        with pytest.raises(Problem, match="cannot be read") as caught:
            as_user(BOB, lambda: open_instance(folder))
        assert caught.value.remedies[0].text == f"sudo bw-s3 {folder}"

    def test_a_relative_folder_is_made_absolute(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder)
        assert open_instance(Path()).folder == folder


class TestEnv:
    def test_domain(self, folder: Path) -> None:
        assert open_instance(folder).domain == "books.example.org"

    @pytest.mark.parametrize(
        ("written", "domain"),
        [
            ("Books.Example.ORG", "books.example.org"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("books.example.org:443", "books.example.org"),
            ("books.example.org:8443", "books.example.org:8443"),
        ],
    )
    def test_domain_as_browsers_send_it(self, folder: Path, written: str, domain: str) -> None:
        (folder / ".env").write_text(f"DOMAIN={written}\n")
        instance = open_instance(folder)
        assert instance.domain == domain
        assert instance.domain_as_written == written
        assert instance.origins[0] == f"https://{domain}"

    @pytest.mark.parametrize("written", ["https://books.example.org", "a.example/", "ü..example"])
    def test_a_domain_that_is_none(self, folder: Path, written: str) -> None:
        (folder / ".env").write_text(f"DOMAIN={written}\n")
        with pytest.raises(Problem) as caught:
            _ = open_instance(folder).domain
        assert "is not a host name" in caught.value.what
        assert caught.value.field == "domain"

    def test_origins_of_an_old_version_without_https(self, folder: Path) -> None:
        with (folder / "bookwyrm" / "settings.py").open("a") as settings:
            settings.write('USE_HTTPS = env.bool("USE_HTTPS", False)')
        (folder / ".env").write_text("DOMAIN=books.example.org:80\nUSE_HTTPS=false\n")
        assert open_instance(folder).origins[0] == "http://books.example.org"

    @pytest.mark.parametrize(
        "line", ["", "DOMAIN=\n", "# DOMAIN=x.org\n", "DOMAIN=your.domain.here\n"]
    )
    def test_missing_domain(self, folder: Path, line: str) -> None:
        instance = set_env(folder, line)
        with pytest.raises(Problem, match="DOMAIN is not set") as caught:
            _ = instance.domain
        assert str(instance.env_path) in caught.value.remedies[0].text

    def test_missing_env(self, folder: Path) -> None:
        (folder / ".env").unlink()
        instance = open_instance(folder)
        for ask in (lambda: instance.domain, instance.uses_s3, lambda: instance.media_root):
            with pytest.raises(Problem, match="There is no file"):
                ask()

    def test_unreadable_env(self, tmp_path: Path) -> None:
        need_root()
        folder = make_checkout(owned_folder(tmp_path, ALICE) / "books")
        (folder / ".env").chmod(0o600)
        with pytest.raises(Problem, match="cannot be read"):
            as_user(BOB, lambda: open_instance(folder).domain)

    def test_it_is_read_anew(self, folder: Path) -> None:
        instance = open_instance(folder)
        assert not instance.uses_s3()
        (folder / ".env").write_text("USE_S3=true\n")
        assert instance.uses_s3()

    def test_folders(self, folder: Path) -> None:
        instance = open_instance(folder)
        assert instance.media_root == folder / "images"

    def test_folders_elsewhere(self, folder: Path) -> None:
        instance = set_env(folder, "MEDIA_ROOT=/srv/media/\n")
        assert instance.media_root == Path("/srv/media")

    def test_folders_by_default(self, folder: Path) -> None:
        instance = set_env(folder, "DOMAIN=x.org\n")
        assert instance.media_root == folder / "images"


@pytest.mark.parametrize(
    "value", [*"10tfynYN", "true", "false", "True", "FALSE", "TRUE", "yes", "no", "on", "off", "ON"]
)
def test_true_is_what_environs_takes_for_true(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "USE_S3", value)
    assert is_true(value) is Env().bool("USE_S3")


@pytest.mark.parametrize("value", ["", None, "tRUE", " true", "enabled", "2"])
def test_what_environs_refuses_is_not_true(value: str | None) -> None:
    assert not is_true(value)
