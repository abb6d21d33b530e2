"""ETags of uploads in parts: what a service says of bytes that others have uploaded."""

from __future__ import annotations

import io
import random
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.copying.etags import MIB, PartDigests, etag_of_parts, read_digests


def etag(data: bytes, part_size: int) -> str:
    """As the documentation of S3 has it."""
    parts = [data[n : n + part_size] for n in range(0, len(data), part_size)]
    return f"{md5(b''.join(md5(part).digest() for part in parts)).hexdigest()}-{len(parts)}"


@given(st.binary(min_size=1, max_size=200), st.integers(1, 50), st.data())
def test_it_does_not_matter_how_the_bytes_come(
    content: bytes, part_size: int, data: st.DataObject
) -> None:
    digests = PartDigests(part_size=part_size)
    rest = content
    while rest:
        count = data.draw(st.integers(1, len(rest)))
        digests.update(memoryview(rest[:count]))
        rest = rest[count:]
    assert digests.etag() == etag(content, part_size)


def test_the_etag_that_amazon_documents() -> None:
    parts = [md5(b"a" * 5 * MIB).digest(), md5(b"b").digest()]
    assert etag_of_parts(parts) == md5(b"".join(parts)).hexdigest() + "-2"


@pytest.mark.parametrize("part_size", [5 * MIB, 8 * MIB, 15 * MIB])
def test_the_part_size_of_another_program_is_found(part_size: int) -> None:
    content = random.Random(part_size).randbytes(16 * MIB + 3)
    said = etag(content, part_size)
    found = read_digests(io.BytesIO(content), len(content), said)
    assert found.md5 == md5(content).digest()
    assert said in found.etags


def test_an_etag_of_one_part_or_of_none() -> None:
    content = b"a small cover"
    for said in (etag(content, 8 * MIB), md5(content).hexdigest(), "no etag at all-x"):
        found = read_digests(io.BytesIO(content), len(content), said)
        assert md5(content).hexdigest() in found.etags
        assert (said in found.etags) == ("-x" not in said)
