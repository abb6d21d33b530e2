"""Every entry of the journal by its name, in the form in which earlier versions wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.entries import declared_entries
from wizard.access.earlier_buckets import OpenedBucket
from wizard.assets.static import Asset, Assets
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.journal.entries import Entry, flag_entry, json_entry, number_entry, text_entry
from wizard.journal.journal import FOLDER, Journal
from wizard.media.public import FileKind, PublicFiles
from wizard.steps.update_connector import Connector
from wizard.switch.site_before import SiteBefore
from wizard.web.visitor import ServedFrom

RULE = {"AllowedOrigins": ["https://books.example.org"], "AllowedMethods": ["GET", "HEAD"]}
PLACE = "https://s3.example.org/books"
# As version 0.1.0 wrote them, and what they mean.
FORMS: dict[str, tuple[str, object]] = {
    "settings": ('{"bucket": "books", "limit_rate": 7}', Settings(bucket="books", limit_rate=7)),
    "settings typed": (
        json.dumps(Settings(bucket="typed").to_dict()),
        Settings(bucket="typed"),
    ),
    "moving.from": (
        json.dumps(
            Settings(bucket="old", endpoint="https://old.example.org", acl_known=True).to_dict()
        ),
        Settings(bucket="old", endpoint="https://old.example.org", acl_known=True),
    ),
    "moving.lines": ('["AWS_STORAGE_BUCKET_NAME"]', ["AWS_STORAGE_BUCKET_NAME"]),
    "skipped": ("done by hand", "done by hand"),
    "site.before": (
        '{"served_from": "this server", "stylesheet": "https://books.example.org/static/x.css", '
        '"uses_s3": false, "bucket": "", "endpoint": "", "at": 1796000000.5}',
        SiteBefore(
            served_from=ServedFrom.THIS_SERVER,
            stylesheet="https://books.example.org/static/x.css",
            uses_s3=False,
            bucket="",
            endpoint="",
            at=1796000000.5,
        ),
    ),
    "instance.ran": ("yes", True),
    "canaries": (f'[["{PLACE}", "images/canary.svg"]]', [(PLACE, "images/canary.svg")]),
    "public address may change bytes": ("yes", True),
    "cors before the probe": (f'["{PLACE}", []]', (PLACE, [])),
    "configure_provider.policy-before": (
        '{"region": "fr-par", "switches": {"BlockPublicPolicy": true}, "acl": null}',
        OpenedBucket("fr-par", {"BlockPublicPolicy": True}),
    ),
    "configure_provider.lines": (
        '{"AWS_S3_REGION_NAME": "", "AWS_STORAGE_BUCKET_NAME": "env-1"}',
        {"AWS_S3_REGION_NAME": "", "AWS_STORAGE_BUCKET_NAME": "env-1"},
    ),
    "configure_provider.mode": ("420", 0o644),
    "links out of the media folder": (
        '{"/srv/covers": "/mnt/disk/covers", "/etc/hosts": ""}',
        {"/srv/covers": "/mnt/disk/covers", "/etc/hosts": ""},
    ),
    "links asked about": ('["/etc/hosts"]', ["/etc/hosts"]),
    "etags are md5": ("no", False),
    "names kept otherwise": ('["covers/back\\\\slash.jpg"]', ["covers/back\\slash.jpg"]),
    "public media": (
        '{"served": [["covers", "gif"]], "refused": [["", "svg"]]}',
        PublicFiles(
            served=frozenset({FileKind("covers", "gif")}), refused=frozenset({FileKind("", "svg")})
        ),
    ),
    "public media on disk": ('{"served": [], "refused": []}', PublicFiles()),
    "public media asked about": ('[["covers", "gif"]]', [["covers", "gif"]]),
    "public media declined": ('[["covers", "JPG"]]', [["covers", "JPG"]]),
    "linked files that are not served": ('["covers/a.jpg"]', ["covers/a.jpg"]),
    "media.misplaced": ("no", False),
    "copy_back.rest": ("3", 3),
    "local_static.collected": ("yes", True),
    "close_bucket.left": ("yes", True),
    "disable_s3.lines": ('{"USE_S3": "USE_S3=true"}', {"USE_S3": "USE_S3=true"}),
    "enable_s3.lines": (
        '{"USE_HTTPS": null, "USE_S3": "USE_S3=false"}',
        {"USE_HTTPS": None, "USE_S3": "USE_S3=false"},
    ),
    "collect_static.assets": (
        '{"url": "u", "bucket": "b", "files": [{"path": "a.css", "size": 1, "md5": "0"}],'
        ' "themes": ["a.css"]}',
        Assets(url="u", bucket="b", files=(Asset("a.css", 1, "0"),), themes=("a.css",)),
    ),
    "set_cors.added": (json.dumps([RULE]), [RULE]),
    "update with the switch": ("A newer image", "A newer image"),
    "restart.used": ("yes", True),
    "restart.switched": ("yes", True),
    "restart.caught_up": ("0", 0),
    "restart.uploads_in_bucket": ("yes", True),
    "update_connector.found": ("none", True),
    "update_connector.before": (
        '[{"identifier": "books.example.org", "covers_url": "https://books.example.org/images"}]',
        [Connector("books.example.org", "https://books.example.org/images")],
    ),
}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / FOLDER, tmp_path)
    yield journal
    journal.close()


ENTRIES = declared_entries()


def test_each_name_is_declared_once_and_its_form_is_known() -> None:
    assert sorted(entry.name for entry in ENTRIES) == sorted(FORMS)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_earlier_versions_wrote_is_read_and_written_so(
    entry: Entry[Any], journal: Journal
) -> None:
    text, value = FORMS[entry.name]
    assert not journal.remembers(entry)
    journal.remember(text_entry(entry.name), text)
    assert journal.recall(entry) == value
    journal.remember(entry, value)
    assert journal.recall(entry) == value
    if entry.name != "settings":  # of which a later version keeps more
        assert journal.recall(text_entry(entry.name)) == text
    journal.forget(entry)
    assert journal.recall(entry) is None


def test_an_entry_about_many(journal: Journal) -> None:
    used = flag_entry("used")
    for place in ("a/one", "b/two"):
        journal.remember(used.of(place), True)
    journal.remember(used.of("c/three"), False)
    assert journal.recall_all(used) == {"a/one": True, "b/two": True}
    assert journal.recall(text_entry("used a/one")) == "yes"
    journal.forget(used.of("a/one"))
    assert not journal.remembers(used.of("a/one"))
    assert journal.remembers(used.of("b/two"))


def test_an_entry_that_is_true_of_something(journal: Journal) -> None:
    copied, here = number_entry("copied"), {"bucket": "one"}
    journal.remember(copied.true_of(here), 0)
    assert journal.recall(text_entry("copied")) == '{"of": {"bucket": "one"}, "value": "0"}'
    assert journal.recall(copied.true_of(here)) == 0
    assert journal.recall(copied.true_of({"bucket": "two"})) is None
    # How version 0.1.0 forgot it.
    journal.remember(text_entry("copied"), '{"of": {"bucket": "one"}, "value": ""}')
    assert journal.recall(copied.true_of(here)) is None
    journal.forget(copied)
    assert not journal.remembers(copied.true_of(here))


def test_a_bucket_opened_before_acls_were_kept_is_known(journal: Journal) -> None:
    opened = json_entry("opened", lambda data: OpenedBucket(**data))
    journal.remember(text_entry("opened"), '{"region": "fr-par", "switches": {}}')
    assert journal.recall(opened) == OpenedBucket("fr-par", {}, None)


@pytest.mark.parametrize("text", ["{", "[1]", '{"region": 1}'])
def test_an_entry_that_makes_no_sense(journal: Journal, text: str) -> None:
    opened = json_entry("opened", lambda data: OpenedBucket(**data))
    journal.remember(text_entry("opened"), text)
    with pytest.raises(Problem, match="damaged"):
        journal.recall(opened)
