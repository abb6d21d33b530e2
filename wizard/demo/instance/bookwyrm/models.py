"""The tables that matter for a migration, named as BookWyrm's."""

from django.db import models


class Connector(models.Model):
    """Where books are looked up; before v0.1.0 also the instance itself."""

    identifier = models.CharField(max_length=255, unique=True)
    priority = models.IntegerField(default=2)
    name = models.CharField(max_length=255, null=True, blank=True)
    connector_file = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    base_url = models.CharField(max_length=255)
    books_url = models.CharField(max_length=255)
    covers_url = models.CharField(max_length=255)
    search_url = models.CharField(max_length=255, null=True, blank=True)


class Edition(models.Model):
    """A book with its cover."""

    title = models.CharField(max_length=255)
    author = models.CharField(max_length=255)
    cover = models.FileField(upload_to="covers/", null=True, max_length=255)


class User(models.Model):
    """A reader with an avatar."""

    name = models.CharField(max_length=255)
    avatar = models.FileField(upload_to="avatars/", null=True, max_length=255)
