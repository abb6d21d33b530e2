"""Opening the way back where nobody but `.env` says which storage it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from wizard.opening.opening import Opening
from wizard.opening.way_back import opening_back

_ENDPOINT = "AWS_S3_ENDPOINT_URL=https://s3.example.org\n"


@pytest.mark.parametrize(
    ("env", "said", "provider"),
    [
        ("USE_S3=true\n", {}, "aws"),
        ("USE_S3=true\nAWS_S3_ENDPOINT_URL=\n", {}, "aws"),
        (f"USE_S3=true\n{_ENDPOINT}", {}, None),
        ("USE_S3=true\n", {"provider": "wasabi"}, "wasabi"),
        ("USE_S3=true\n", {"endpoint": "https://s3.example.org"}, None),
        ("USE_S3=false\n", {}, None),
    ],
)
def test_without_an_endpoint_it_is_amazons(
    tmp_path: Path, env: str, said: dict[str, str | int], provider: str | None
) -> None:
    make_checkout(tmp_path)
    (tmp_path / ".env").write_text(f"DOMAIN=books.example.org\n{env}")
    opening = opening_back(Opening(folder=tmp_path, overrides=said))
    assert (opening.overrides or {}).get("provider") == provider
    assert opening.put_back
