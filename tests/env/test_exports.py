"""What of the exports' settings follows the media's."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.env.exports import Exports
from wizard.env.file import EnvFile

OLD = "AWS_ACCESS_KEY_ID=old\nAWS_SECRET_ACCESS_KEY=old-secret\nAWS_S3_REGION_NAME=eu\n"
ENDPOINT = "AWS_S3_ENDPOINT_URL=https://old.example\n"
BUCKET = "EXPORTS_STORAGE_BUCKET_NAME=exports\n"
NEW: dict[str, str | None] = {
    "AWS_ACCESS_KEY_ID": "new",
    "AWS_SECRET_ACCESS_KEY": "new-secret",
    "AWS_S3_REGION_NAME": "eu",
    "AWS_S3_ENDPOINT_URL": "https://new.example",
    "AWS_STORAGE_BUCKET_NAME": "media",
}


@pytest.mark.parametrize(
    ("env", "kept", "undecided"),
    [
        (
            OLD + ENDPOINT + BUCKET,
            {
                "EXPORTS_ACCESS_KEY_ID": "old",
                "EXPORTS_SECRET_ACCESS_KEY": "old-secret",
                "EXPORTS_S3_ENDPOINT_URL": "https://old.example",
            },
            [],
        ),
        (
            OLD + BUCKET + "EXPORTS_ACCESS_KEY_ID=own\nEXPORTS_S3_ENDPOINT_URL=\n",
            {"EXPORTS_SECRET_ACCESS_KEY": "old-secret"},
            [],
        ),
        (
            OLD.replace("=old\n", "=new\n").replace("old-", "new-")
            + ENDPOINT.replace("old", "new"),
            {},
            [],
        ),
        (
            "AWS_ACCESS_KEY_ID=\nAWS_S3_REGION_NAME=eu\n",
            {"EXPORTS_ACCESS_KEY_ID": ""},
            ["EXPORTS_SECRET_ACCESS_KEY", "EXPORTS_S3_ENDPOINT_URL"],
        ),
    ],
)
def test_what_is_written_out(
    tmp_path: Path, env: str, kept: dict[str, str], undecided: list[str]
) -> None:
    exports = Exports(env_file(tmp_path, env), NEW)
    assert exports.kept() == kept
    assert exports.undecided() == undecided


@pytest.mark.parametrize(
    ("env", "shared"),
    [
        (OLD + ENDPOINT + BUCKET, False),
        (OLD + ENDPOINT + BUCKET.replace("=exports", "=media"), False),
        (OLD + BUCKET.replace("=exports", "=media"), True),
        ("EXPORTS_S3_ENDPOINT_URL=https://new.example/\nEXPORTS_STORAGE_BUCKET_NAME=media\n", True),
        (ENDPOINT.replace("old", "new") + "EXPORTS_STORAGE_BUCKET_NAME=media\n", True),
    ],
)
def test_two_buckets_are_two(tmp_path: Path, env: str, shared: bool) -> None:
    assert Exports(env_file(tmp_path, env), NEW).share_a_bucket() is shared


def env_file(folder: Path, text: str) -> EnvFile:
    path = folder / ".env"
    path.write_text(text)
    return EnvFile.read(path)
