"""Settings read from `.env` as BookWyrm 0.9.2 reads them, as far as storage goes."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environs import FileAwareEnv

BASE_DIR = Path(__file__).resolve().parent.parent

# As the boto3 1.34 that BookWyrm pins: newer ones use checksums that many services refuse.
os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")

env = FileAwareEnv()
env.read_env(BASE_DIR / ".env")
DOMAIN = env("DOMAIN")
VERSION = (BASE_DIR / "VERSION").read_text().strip()
STATIC_ROOT = BASE_DIR / env("STATIC_ROOT", "static")
MEDIA_ROOT = BASE_DIR / env("MEDIA_ROOT", "images")

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env("SECRET_KEY", None)
if not DEBUG and SECRET_KEY is None:
    raise ImproperlyConfigured("You must change the SECRET_KEY env variable")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"])

INSTALLED_APPS = ["django.contrib.staticfiles", "bookwyrm", "storages"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "bookwyrm.middleware.ContentSecurityPolicy",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "bookwyrm.urls"
WSGI_APPLICATION = "bookwyrm.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["bookwyrm.context_processors.site_settings"]},
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "site.db"}}
USE_TZ = True

PORT = env.int("PORT", 80)
if DOMAIN == "localhost":
    PROTOCOL = "http"
    NETLOC = f"{DOMAIN}:{PORT}"
else:
    PROTOCOL = "https"
    NETLOC = DOMAIN
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
BASE_URL = f"{PROTOCOL}://{NETLOC}"
CSP_ADDITIONAL_HOSTS = env.list("CSP_ADDITIONAL_HOSTS", [])

USE_S3 = env.bool("USE_S3", False)
if USE_S3:
    AWS_ACCESS_KEY_ID = env("AWS_ACCESS_KEY_ID")
    AWS_SECRET_ACCESS_KEY = env("AWS_SECRET_ACCESS_KEY")
    AWS_STORAGE_BUCKET_NAME = env("AWS_STORAGE_BUCKET_NAME")
    AWS_S3_CUSTOM_DOMAIN = env("AWS_S3_CUSTOM_DOMAIN", None)
    AWS_S3_REGION_NAME = env("AWS_S3_REGION_NAME", "")
    AWS_S3_ENDPOINT_URL = env("AWS_S3_ENDPOINT_URL", None)
    AWS_DEFAULT_ACL = env("AWS_DEFAULT_ACL", "public-read")
    AWS_S3_OBJECT_PARAMETERS = {"CacheControl": "max-age=86400"}
    AWS_S3_URL_PROTOCOL = env("AWS_S3_URL_PROTOCOL", f"{PROTOCOL}:")
    _bucket = {"BACKEND": "storages.backends.s3.S3Storage"}
    _static = {"location": "static", "default_acl": AWS_DEFAULT_ACL}
    _media = {"location": "images", "default_acl": AWS_DEFAULT_ACL, "file_overwrite": False}
    STORAGES = {
        "default": {**_bucket, "OPTIONS": _media},
        "staticfiles": {**_bucket, "OPTIONS": _static},
    }
    _public = f"{AWS_S3_URL_PROTOCOL}//{AWS_S3_CUSTOM_DOMAIN}"
    STATIC_URL = STATIC_FULL_URL = f"{_public}/static/"
    MEDIA_URL = MEDIA_FULL_URL = f"{_public}/images/"
    # None where the custom domain is missing: the middleware fails on it, as BookWyrm's does.
    _sources = ["'self'", _public if AWS_S3_CUSTOM_DOMAIN else None]
else:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        },
    }
    STATIC_URL, MEDIA_URL = "/static/", "/images/"
    STATIC_FULL_URL, MEDIA_FULL_URL = BASE_URL + STATIC_URL, BASE_URL + MEDIA_URL
    _sources = ["'self'"]

CSP_DEFAULT_SRC = CSP_SCRIPT_SRC = [*_sources, *CSP_ADDITIONAL_HOSTS]
