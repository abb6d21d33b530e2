"""`providers.toml` keeps to its schema (`wizard/README.md`): every field, and where it is from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources import files
from string import Formatter
from typing import Any

import pytest

from wizard.storage.providers import (
    Acl,
    BucketNames,
    CorsDocument,
    CorsSetting,
    PublicReadWay,
    ServiceKind,
)

_FILE = files("wizard.storage").joinpath("providers.toml")
DATA: Mapping[str, dict[str, Any]] = tomllib.loads(_FILE.read_text("utf-8"))
PLACES = {"bucket", "region", "host", "endpoint"}
TOPICS = {"keys", "cors", "policy", "public", "domain"}
# What every entry has.
NEEDED = {"title", "kind", "acl", "opens", "cors", "read", "sources", "advice"}
# These are names, or about the entry itself.
WITHOUT_SOURCE = {"title", "kind", "read", "tried", "sources", "advice"}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value == value.strip() != ""


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _one_of(values: Any) -> Callable[[object], bool]:
    return lambda value: value in list(values)


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "title": _is_text,
    "kind": _one_of(ServiceKind),
    "url": lambda value: value.startswith("https://"),
    "endpoint": lambda value: value.startswith("https://"),
    "endpoint_example": lambda value: value.startswith("http"),
    "custom_domain": lambda value: _is_text(value) and "://" not in value,
    "regions": lambda value: value == [] or _are_texts(value),
    "regions_complete": lambda value: value is True,
    "regions_from": _one_of(["botocore"]),
    "hosts": lambda value: bool(value) and all("/" not in host for host in value.values()),
    "matches": lambda value: _are_texts(value) and not any("://" in m for m in value),
    "bucket_names": _one_of([BucketNames.LOOSE]),
    "acl": _one_of(Acl),
    "opens": lambda value: isinstance(value, list) and set(value) <= set(PublicReadWay),
    "public_access_block": lambda value: value is True,
    "cors": _one_of(CorsSetting),
    "cors_joins_origins": lambda value: value is True,
    "cors_document": _one_of(CorsDocument),
    "access_keys": lambda value: bool(re.compile(value)),
    "rights": _one_of(["iam"]),
    "unusable": lambda value: _is_text(value) and value.endswith("."),
    "trouble": lambda value: _is_text(value) and value.endswith(".") and len(value) <= 150,
    "tried": _is_text,
    "read": lambda value: isinstance(value, date) and value >= date(2026, 11, 1),
    "sources": lambda value: isinstance(value, dict),
    "advice": lambda value: isinstance(value, dict) and set(value) <= TOPICS and "keys" in value,
}


@pytest.mark.parametrize("name", DATA)
def test_an_entry_has_known_fields_of_the_right_form(name: str) -> None:
    entry = DATA[name]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)
    assert set(entry) - set(_SHAPES) == set()
    assert NEEDED - set(entry) == set()
    wrong = {field: value for field, value in entry.items() if not _SHAPES[field](value)}
    assert wrong == {}
    assert not (entry.get("endpoint") and entry.get("endpoint_example"))
    assert entry.get("regions") or not entry.get("regions_complete")
    assert bool(entry["opens"]) is ("unusable" not in entry)


@pytest.mark.parametrize("name", DATA)
def test_every_field_says_where_it_is_from(name: str) -> None:
    entry = DATA[name]
    sources = entry["sources"]
    said = {field for field in entry if field not in WITHOUT_SOURCE}
    said |= {f"advice.{topic}" for topic in entry["advice"]}
    assert said - set(sources) == set(), "without a source"
    assert set(sources) - said == set(), "a source of nothing"
    for source in sources.values():
        assert source == "guess" or re.fullmatch(r"https?://\S+", source), source


@pytest.mark.parametrize("name", DATA)
def test_templates_and_advice_know_their_places(name: str) -> None:
    entry = DATA[name]
    for text in (entry.get("endpoint", ""), entry.get("custom_domain", "")):
        assert _places(text) <= PLACES
    for text in entry.get("matches", ()):
        assert _places(text) <= {"bucket", "region"}
    for text in (entry.get("unusable", ""), entry.get("trouble", ""), entry["title"]):
        assert _places(text) == set()
    for topic, text in entry["advice"].items():
        assert _places(text) <= PLACES, topic
        assert _is_text(text)
        assert not re.search(r"[\"'`]\w+[\"'`]|\bmay not\b", text), topic


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
