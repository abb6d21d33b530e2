"""What every template of the site knows."""

from django.conf import settings
from django.http import HttpRequest


def site_settings(request: HttpRequest) -> dict[str, str]:
    """Return the theme, and where the media are."""
    return {
        "site_theme": "css/themes/bookwyrm-light.css",
        "media_full_url": settings.MEDIA_FULL_URL,
        "version": settings.VERSION,
    }
