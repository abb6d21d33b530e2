"""The storage and the keys that `.env` names, as BookWyrm takes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.env.file import EnvFile, backups
from wizard.storage.answers import clean

_NAMES = {
    "bucket": "AWS_STORAGE_BUCKET_NAME",
    "region": "AWS_S3_REGION_NAME",
    "endpoint": "AWS_S3_ENDPOINT_URL",
    "custom_domain": "AWS_S3_CUSTOM_DOMAIN",
}
# `bookwyrm/settings.py`, v0.9.2; the ACL was always sent before it read the variable.
_USUAL_ACL, _USUAL_PROTOCOL = "public-read", "https:"


def storage_in(env: EnvFile) -> Settings:
    """Return the storage that `.env` names; what it does not say is as with BookWyrm."""
    values = {field: _value(env, name) for field, name in _NAMES.items()}
    cleaned = {field: clean(field, value)[0] if value else "" for field, value in values.items()}
    found = Settings(
        provider="other",
        url_protocol=_value(env, "AWS_S3_URL_PROTOCOL") or _USUAL_PROTOCOL,
        acl=acl_in(env),
        acl_known=True,
        **cleaned,  # type: ignore[arg-type]
    )
    if found.endpoint:
        # With the bucket in it BookWyrm works half; it is the same bucket all the same.
        return replace(found, endpoint=found.endpoint.replace(f"://{found.bucket}.", "://", 1))
    # Where no endpoint is set, boto3 takes Amazon's.
    return replace(found, endpoint=f"https://s3.{found.region or 'us-east-1'}.amazonaws.com")


def names_bucket_twice(env: EnvFile) -> bool:
    """Tell whether the endpoint has the bucket's name in it, which is put in front of keys then."""
    bucket, endpoint = _value(env, _NAMES["bucket"]), _value(env, _NAMES["endpoint"])
    return bool(bucket) and f"://{bucket}." in endpoint


def acl_in(env: EnvFile) -> str:
    """Return the ACL that BookWyrm sends with each file; "" for none."""
    acl = env.get("AWS_DEFAULT_ACL")
    return _USUAL_ACL if acl is None else acl.strip()


def keys_in(env: EnvFile) -> Keys:
    """Return the two keys that `.env` names, tidied up."""
    return Keys(
        clean("access_key_id", env.get("AWS_ACCESS_KEY_ID") or "")[0],
        clean("secret_access_key", env.get("AWS_SECRET_ACCESS_KEY") or "")[0],
    )


def env_of(storage: Settings, env: EnvFile, backup_folder: Path) -> EnvFile | None:
    """Return the newest `.env` that names this storage: the file itself, or one of its backups."""
    if storage_in(env).is_same_storage(storage):
        return env
    kept = (EnvFile.read(path) for path in reversed(backups(backup_folder)))
    return next((old for old in kept if storage_in(old).is_same_storage(storage)), None)


def _value(env: EnvFile, name: str) -> str:
    """Return a value; the template's own "None", uncommented without editing, is none."""
    found = (env.get(name) or "").strip()
    return "" if found == "None" else found
