"""Addresses and names of hosts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.hosts import as_browsers_send, is_ip_address


@given(st.ip_addresses(v=4), st.integers(1, 65535))
def test_an_address_with_or_without_a_port(address: object, port: int) -> None:
    assert is_ip_address(str(address))
    assert is_ip_address(f"{address}:{port}")


@given(st.ip_addresses(v=6), st.integers(1, 65535))
def test_a_long_address_with_or_without_a_port(address: object, port: int) -> None:
    assert is_ip_address(str(address))
    assert is_ip_address(f"[{address}]")
    assert is_ip_address(f"[{address}]:{port}")


@pytest.mark.parametrize("name", ["localhost", "localhost:8333", "s3.example.org", "1.2.3", ""])
def test_a_name(name: str) -> None:
    assert not is_ip_address(name)


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("Books.Example.ORG", "books.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example:8443", "xn--bcher-kva.example:8443"),
        # Not "strasse", as an older standard had it.
        ("straße.example", "xn--strae-oqa.example"),
        ("книги.example", "xn--c1ajbfp.example"),
        ("my_books.example.org", "my_books.example.org"),
        ("[2001:DB8::1]:8443", "[2001:db8::1]:8443"),
    ],
)
def test_a_host_as_browsers_send_it(host: str, sent: str) -> None:
    assert as_browsers_send(host) == sent


@pytest.mark.parametrize("host", ["bücher..example", "☃\u0000.example", "ü" * 70])
def test_what_no_browser_could_send(host: str) -> None:
    with pytest.raises(ValueError):
        as_browsers_send(host)
