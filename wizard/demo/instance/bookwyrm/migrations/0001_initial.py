"""The tables of `models.py`."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates them."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[object]] = [
        migrations.CreateModel(
            name="Connector",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False)),
                ("identifier", models.CharField(max_length=255, unique=True)),
                ("priority", models.IntegerField(default=2)),
                ("name", models.CharField(blank=True, max_length=255, null=True)),
                ("connector_file", models.CharField(max_length=255)),
                ("active", models.BooleanField(default=True)),
                ("base_url", models.CharField(max_length=255)),
                ("books_url", models.CharField(max_length=255)),
                ("covers_url", models.CharField(max_length=255)),
                ("search_url", models.CharField(blank=True, max_length=255, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=255)),
                ("author", models.CharField(max_length=255)),
                ("cover", models.FileField(max_length=255, null=True, upload_to="covers/")),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255)),
                ("avatar", models.FileField(max_length=255, null=True, upload_to="avatars/")),
            ],
        ),
    ]
