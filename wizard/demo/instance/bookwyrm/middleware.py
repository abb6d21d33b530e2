"""What every answer of the site carries."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ContentSecurityPolicy:
    """Tells browsers from where scripts, styles and pictures may come."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        default, script = " ".join(settings.CSP_DEFAULT_SRC), " ".join(settings.CSP_SCRIPT_SRC)
        response["Content-Security-Policy"] = f"default-src {default}; script-src {script}"
        return response
