"""A few pages with covers on them."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.template.response import TemplateResponse
from django.views.static import serve

from bookwyrm.models import Edition, User

# The same list as in BookWyrm's nginx: whatever else lies in MEDIA_ROOT is private.
_PUBLIC = {"bmp", "ico", "jpg", "jpeg", "png", "svg", "tif", "tiff", "webp"}


def home(request: HttpRequest) -> HttpResponse:
    """Show the newest books and their readers."""
    books = Paginator(Edition.objects.order_by("-id"), 24).get_page(request.GET.get("page"))
    readers = User.objects.order_by("id")[:12]
    return TemplateResponse(request, "index.html", {"books": books, "readers": readers})


def about(request: HttpRequest) -> HttpResponse:
    """Say what this is."""
    return TemplateResponse(request, "about.html")


def nodeinfo(request: HttpRequest) -> HttpResponse:
    """Tell the software and its version, as instances of the fediverse do."""
    software = {"name": "bookwyrm", "version": settings.VERSION}
    return JsonResponse({"version": "2.0", "software": software, "protocols": ["activitypub"]})


def create_book(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded cover in the storage that is configured; answers with its address."""
    cover = request.FILES["cover"]
    book = Edition.objects.create(title=request.POST["title"], author="", cover=cover)
    return JsonResponse({"cover": settings.MEDIA_FULL_URL + book.cover.name}, status=201)


def static_file(request: HttpRequest, path: str) -> HttpResponse:
    """Send a collected static file."""
    return serve(request, path, document_root=settings.STATIC_ROOT)


def media_file(request: HttpRequest, path: str) -> HttpResponse:
    """Send a picture of the local media."""
    if path.rpartition(".")[2] not in _PUBLIC:
        return HttpResponseForbidden()
    return serve(request, path, document_root=settings.MEDIA_ROOT)


def server_error(request: HttpRequest) -> HttpResponse:
    """Show the error page, with status 200 as BookWyrm's."""
    return TemplateResponse(request, "500.html")
