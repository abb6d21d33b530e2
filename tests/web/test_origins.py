"""Origins as browsers write them, and which belong together."""

from __future__ import annotations

import pytest

from wizard.web.origins import is_mixed, origin_of, same_site, site_origins


@pytest.mark.parametrize(
    ("domain", "port", "origins"),
    [
        ("books.example.org", "", ("https://books.example.org", "https://www.books.example.org")),
        ("www.example.org", "", ("https://www.example.org", "https://example.org")),
        ("books.example.org:8443", "", (
            "https://books.example.org:8443", "https://www.books.example.org:8443")),
        ("localhost", "1333", ("http://localhost:1333",)),
        ("localhost", "80", ("http://localhost",)),
        ("192.168.1.7", "", ("https://192.168.1.7",)),
    ],
)  # fmt: skip
def test_the_origins_of_an_instance(domain: str, port: str, origins: tuple[str, ...]) -> None:
    assert site_origins(domain, port) == origins


def test_an_old_version_without_https() -> None:
    assert site_origins("a.example", secure=False) == ("http://a.example", "http://www.a.example")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Media.Example.org:443/a?b", "https://media.example.org"),
        ("http://media.example.org:443/", "http://media.example.org:443"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]"),
        ("https:///nowhere", ""),
        ("https://a.example:port/", ""),
    ],
)
def test_the_origin_of_an_address(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("origin", "url", "mixed"),
    [
        ("https://a.example", "http://b.example/", True),
        ("https://a.example", "https://b.example/", False),
        ("http://a.example", "http://b.example/", False),
        ("https://a.example", "http://192.168.1.7:9000/", True),
        ("https://a.example", "http://127.0.0.1:9000/", False),
        ("https://a.example", "http://[::1]/", False),
        ("https://a.example", "http://s3.localhost/", False),
        ("https://a.example", "http://localhost.example/", True),
    ],
)
def test_mixed_content(origin: str, url: str, mixed: bool) -> None:
    assert is_mixed(origin, url) is mixed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://books.example.org", "https://media.example.org", True),
        ("https://books.example.org", "https://example.org:8443", True),
        ("https://books.example.org", "http://media.example.org", True),
        ("http://books.example.org", "https://media.example.org", False),
        ("https://books.example.org", "https://example.net", False),
        ("https://books.co.uk", "https://media.co.uk", False),
        ("https://a.books.co.uk", "https://media.books.co.uk", True),
        ("https://127.0.0.1", "https://127.0.0.1:9000", True),
        ("https://1.2.3.4", "https://9.2.3.4", False),
    ],
)
def test_one_site(one: str, other: str, same: bool) -> None:
    assert same_site(one, other) is same
