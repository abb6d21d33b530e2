"""The least that is a BookWyrm checkout, for tests that need no running site."""

from __future__ import annotations

from pathlib import Path

SETTINGS = """\
AWS_DEFAULT_ACL = env("AWS_DEFAULT_ACL", "public-read")
AWS_S3_URL_PROTOCOL = env("AWS_S3_URL_PROTOCOL", "https:")
"""

ENV = """\
SECRET_KEY="a-secret-for-tests"
DOMAIN=books.example.org
MEDIA_ROOT=images/
STATIC_ROOT=static/

USE_S3=false
AWS_ACCESS_KEY_ID=
AWS_SECRET_ACCESS_KEY=
# AWS_STORAGE_BUCKET_NAME=        # "a-bucket"
# AWS_S3_CUSTOM_DOMAIN=None       # "a-bucket.s3.example.org"
# AWS_S3_REGION_NAME=None
# AWS_S3_ENDPOINT_URL=None
"""


def make_checkout(folder: Path, env: str = ENV) -> Path:
    """Create a checkout of version 0.9.2 in `folder` and return the folder."""
    (folder / "bookwyrm" / "management" / "commands").mkdir(parents=True)
    (folder / "images").mkdir(exist_ok=True)
    (folder / "manage.py").write_text("")
    (folder / "VERSION").write_text("0.9.2\n")
    (folder / "bookwyrm" / "settings.py").write_text(SETTINGS)
    (folder / "bookwyrm" / "management" / "commands" / "compile_themes.py").write_text("")
    (folder / ".env").write_text(env)
    return folder
