"""The site's pages, and what nginx serves for a real instance."""

from django.urls import path

from bookwyrm import views

handler500 = "bookwyrm.views.server_error"

urlpatterns = [
    path("", views.home),
    path("about", views.about),
    path("nodeinfo/2.0", views.nodeinfo),
    path("create-book", views.create_book),
    path("static/<path:path>", views.static_file),
    path("images/<path:path>", views.media_file),
]
