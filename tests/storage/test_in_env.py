"""The storage that `.env` names, as BookWyrm takes it."""

from __future__ import annotations

from pathlib import Path

from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.env.file import EnvFile
from wizard.storage.in_env import env_of, keys_in, storage_in

LINES = """\
USE_S3=true
AWS_ACCESS_KEY_ID=the-key
AWS_SECRET_ACCESS_KEY="the-secret"
AWS_STORAGE_BUCKET_NAME=books
AWS_S3_REGION_NAME=fr-par
AWS_S3_ENDPOINT_URL=https://S3.example.org/
AWS_S3_CUSTOM_DOMAIN=media.example.org
"""


def written(folder: Path, text: str, name: str = ".env") -> EnvFile:
    path = folder / name
    path.write_text(text)
    return EnvFile.read(path)


def test_what_it_says_and_what_bookwyrm_adds(tmp_path: Path) -> None:
    env = written(tmp_path, LINES)
    found = storage_in(env)
    assert (found.bucket, found.region, found.acl) == ("books", "fr-par", "public-read")
    assert found.public_base == "https://media.example.org"
    assert keys_in(env) == Keys("the-key", "the-secret")
    named = Settings(
        bucket="books", endpoint="https://s3.example.org", custom_domain="Media.example.org"
    )
    assert found.is_same_storage(named)
    assert not found.is_same_storage(Settings(bucket="books", endpoint="https://s3.example.org"))


def test_an_endpoint_with_the_bucket_in_it_is_that_of_the_service(tmp_path: Path) -> None:
    text = LINES.replace("https://S3.example.org/", "https://books.s3.example.org")
    found = storage_in(written(tmp_path, text))
    assert found.endpoint == "https://s3.example.org"


def test_amazon_where_no_endpoint_is_set(tmp_path: Path) -> None:
    text = "AWS_S3_ENDPOINT_URL=None\nAWS_S3_REGION_NAME=eu-west-3\nAWS_DEFAULT_ACL=\n"
    found = storage_in(written(tmp_path, text))
    assert (found.endpoint, found.acl) == ("https://s3.eu-west-3.amazonaws.com", "")


def test_the_newest_backup_that_names_a_storage(tmp_path: Path) -> None:
    old = storage_in(written(tmp_path, LINES, "env-20261127-010101-00.bak"))
    newer = LINES.replace("the-key", "a-newer-key")
    written(tmp_path, newer, "env-20261127-010102-00.bak")
    written(tmp_path, LINES.replace("books", "others"), "env-20261127-010103-00.bak")
    env = written(tmp_path, LINES.replace("books", "new"))
    found = env_of(old, env, tmp_path)
    assert found and keys_in(found).access_key_id == "a-newer-key"
    assert env_of(storage_in(env), env, tmp_path) is env
    assert env_of(Settings(bucket="never"), env, tmp_path) is None
