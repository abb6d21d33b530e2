"""All objects of a prefix: in ranges, whatever their keys look like and in whatever order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from tests.servers.listing import key, listing_server
from tests.support.copy_kit import CopyKit
from wizard.copying.crt_client import Client
from wizard.copying.dispatcher import Dispatcher
from wizard.copying.listing import Listed, likely_cuts, list_all
from wizard.core.copy_control import CopyControl
from wizard.core.secrets import Keys
from wizard.core.settings import Settings

KEYS = Keys("somebody", "secret")


@contextmanager
def dispatching(settings: Settings, keys: Keys) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(Client(settings, keys), CopyControl(gentle=False))
    try:
        yield dispatcher
    finally:
        dispatcher.close()


def listed(
    settings: Settings, keys: Keys, splits: list[str], watch: Callable[[], None] = lambda: None
) -> list[list[str]]:
    """All pages, as they came."""
    pages: list[list[str]] = []

    def take(page: list[Listed]) -> None:
        pages.append([found.key for found in page])
        watch()

    with dispatching(settings, keys) as dispatcher:
        list_all(dispatcher, "images/", splits, take)
    return pages


@pytest.mark.parametrize("number", [0, 999, 1000, 2000, 2001, 12_345, 40_000])
def test_however_many_each_is_listed_once(number: int) -> None:
    with listing_server(number) as endpoint:
        settings = Settings(endpoint=endpoint, region="us-east-1", bucket="b")
        pages = listed(settings, KEYS, [])
    assert Counter(k for page in pages for k in page) == Counter(map(key, range(number)))
    # A piece may be empty, and one more page may be begun at each cut.
    assert len(pages) <= 10 + number // 400
    assert (number <= 2000) == (len(pages) == max(1, -(-number // 1000)))


def test_what_goes_wrong_in_one_range_ends_all() -> None:
    def broken() -> None:
        raise ConnectionError("no room for more")

    with listing_server(30_000) as endpoint:
        settings = Settings(endpoint=endpoint, region="us-east-1", bucket="b")
        with pytest.raises(ConnectionError, match="no room"):
            listed(settings, KEYS, [key(10_000), key(20_000)], broken)


@pytest.mark.parametrize("service", ["storage", "ceph_storage"])
def test_a_long_listing_is_cut_at_a_real_service(
    tmp_path: Path, service: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SeaweedFS lists folder by folder, so `a/x` before `a-b/x`; Ceph in the order of the bytes."""
    kit = CopyKit(tmp_path, *request.getfixturevalue(service))
    random = [f"images/covers/{UUID(int=n * 2**115 + n)}.jpg" for n in range(1, 1700)]
    besides = [f"images/{name}/{n}.jpg" for name in ("avatars", "covers-x") for n in range(20)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda k: kit.put(k, b"x"), random + besides))
    monkeypatch.setattr("wizard.copying.listing._LONG", 500)
    pages = listed(kit.settings, kit.keys, [])
    assert {k for page in pages for k in page} == {*random, *besides}
    if service == "ceph_storage":
        assert len(pages) > 3, "it was cut"
        assert sum(map(len, pages)) == len(random) + len(besides)


def test_random_names_are_cut_where_they_differ() -> None:
    seen = [f"images/covers/{n:02x}{n:06x}.jpg" for n in range(0x1A)]
    assert likely_cuts(seen) == [f"images/covers/{c}" for c in "2468ace"] + ["images/covers0"]


def test_counted_names_are_cut_where_they_differ() -> None:
    seen = [f"images/covers/{n:07}.jpg" for n in range(2000)]
    assert likely_cuts(seen)[:4] == [f"images/covers/000{c}" for c in "2468"]


def test_at_the_last_letter_it_is_cut_before() -> None:
    seen = [f"images/covers/{n:07}.jpg" for n in range(8000, 10_000)]
    assert likely_cuts(seen)[0] == "images/covers/001"


def test_a_folder_for_each_file_is_cut_by_the_folders() -> None:
    seen = [f"images/CACHE/{n:03x}/{n:05}.jpg" for n in range(0x100, 0x2FF)]
    assert likely_cuts(seen)[0] == "images/CACHE/3"


def test_names_that_say_nothing_are_not_cut() -> None:
    assert likely_cuts(["a"]) == []
    assert likely_cuts(["\u00e9", "\u00ea"]) == []
