"""Which language is asked for, and what a message looks like in one that lacks a sentence."""

from __future__ import annotations

import pytest

from wizard.core.language import (
    ENGLISH,
    Language,
    known_languages,
    language,
    shown,
    wanted_language,
)
from wizard.core.message import msg, plural


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "en"}, "en"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "xx_XX.UTF-8", "LANGUAGE": "yy:en"}, "en"),
        ({"LC_ALL": "POSIX", "LANG": "en_US"}, "en"),
        ({"LANG": "fr_CA.UTF-8"}, "fr"),
        ({"LC_ALL": "en_US.UTF-8", "LANGUAGE": "xx:fr"}, "fr"),
        ({"LC_ALL": "C", "LANGUAGE": "fr"}, "en"),
    ],
)
def test_what_the_environment_asks_for(environment: dict[str, str], wanted: str) -> None:
    assert wanted_language(environment) == wanted


def test_english_needs_no_catalogue() -> None:
    assert known_languages()[0] == ENGLISH
    message = plural("{n} file in {where}", "{n} files in {where}", 2_000, where=msg("a folder"))
    assert shown(message) == language(ENGLISH).show(message) == "2,000 files in a folder"
    assert shown("as it came: {n}") == "as it came: {n}"


def test_a_language_without_a_catalogue_is_none() -> None:
    with pytest.raises(FileNotFoundError):
        Language("xx")
