"""Which language the program speaks, by its option and by the environment."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.support.checkout import make_checkout
from wizard.cli.argparse_words import WORDS


def said(*argv: str, **environment: str) -> str:
    """What `bw-s3 ARGV` says, on whichever stream."""
    env = {k: v for k, v in os.environ.items() if k[:3] != "LC_" and k[:4] != "LANG"}
    argv = (sys.executable, "-m", "screens", *argv)
    return subprocess.run(
        argv, env={**env, **environment}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ).stdout  # fmt: skip


def test_a_language_that_there_is_not_is_refused() -> None:
    assert "argument --language: invalid choice: 'xx'" in said("status", "--language", "xx")
    assert "invalid choice: 'xx'" in said("run", "--language=xx")


def test_the_words_are_argparses_own() -> None:
    source = Path(argparse.__file__).read_text()
    missing = [word for word in WORDS if repr(word)[1:-1] not in source.replace('"\n', "")]
    assert missing in ([], [WORDS[6]]), "Python 3.12 and later have other marks there"


def test_a_locale_without_a_catalogue_is_english(tmp_path: Path) -> None:
    folder = str(make_checkout(tmp_path))
    assert "No migration has been started" in said("status", folder, LANG="xx_XX.UTF-8")


def test_french_by_option_and_environment(tmp_path: Path) -> None:
    """What the environment may say is with `core/language`; here it is heard."""
    for call in (
        said("status", str(tmp_path), "--language=fr", LANG="de_DE.UTF-8"),
        said("status", str(tmp_path), LC_ALL="en_US.UTF-8", LANGUAGE="xx:fr"),
    ):
        assert "Il n’y a pas d’instance BookWyrm" in call, call
    listing = said("status", str(tmp_path), "--json", "--language", "fr")
    assert "There is no BookWyrm instance" in listing, listing


def test_french_without_its_letters() -> None:
    helped = said("status", "--help", LANG="fr_FR", PYTHONIOENCODING="ascii")
    assert helped.isascii()
    assert "utilisation : bw-s3 status" in helped
    assert "etape par etape" in helped
    assert "?" not in helped


def test_no_line_of_the_help_ends_within_an_address() -> None:
    for columns in range(60, 101, 8):
        helped = said("rollback", "--help", LANG="fr_FR.UTF-8", COLUMNS=str(columns))
        assert "https://s3.fr-par.scw.cloud" in helped, helped


def test_help_in_another_language_loads_no_engine() -> None:
    seen = said("run", "--help", LANG="fr_FR.UTF-8", PYTHONPROFILEIMPORTTIME="1")
    assert "La migration sans écran" in seen
    for module in ("babel", "boto3", "textual", "httpx"):
        assert f" {module}\n" not in seen
