"""The demo's settings, with the database of Docker Compose."""

from bookwyrm.settings import *  # noqa: F403
from bookwyrm.settings import env

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": env("POSTGRES_DB"),
        "USER": env("POSTGRES_USER"),
        "PASSWORD": env("POSTGRES_PASSWORD"),
        "HOST": env("POSTGRES_HOST"),
        "PORT": env.int("PGPORT", 5432),
        # Visitors ask for ten pages a second; to log in for each takes most of the time.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
