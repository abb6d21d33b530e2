"""Addresses and names of hosts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.hosts import is_ip_address


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
