"""What BookWyrm's installation guide has an admin do before the first start."""

import json

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from bookwyrm.models import Connector, Edition, User

_KNOWN = ("bookwyrm.social", "inventaire.io", "openlibrary.org")


class Command(BaseCommand):
    """Fills the database from `catalogue.json`, and collects the static files."""

    help = "Initialise the database"

    def handle(self, *args: object, **options: object) -> None:
        """Make the tables and the rows, the themes and the static files."""
        call_command("migrate", verbosity=0)
        catalogue = json.loads((settings.BASE_DIR / "catalogue.json").read_text())
        Edition.objects.bulk_create([Edition(**book) for book in catalogue["books"]])
        User.objects.bulk_create([User(**reader) for reader in catalogue["readers"]])
        for identifier in _KNOWN:
            self._connect(identifier, "bookwyrm_connector", f"https://{identifier}")
        if catalogue["self_connector"]:
            self._connect(settings.DOMAIN, "self_connector", settings.BASE_URL)
        call_command("compile_themes", stdout=self.stdout)
        call_command("collectstatic", interactive=False, stdout=self.stdout)

    def _connect(self, identifier: str, file: str, url: str) -> None:
        Connector.objects.create(
            identifier=identifier,
            name=identifier,
            connector_file=file,
            base_url=url,
            books_url=f"{url}/book",
            covers_url=f"{url}/images",
            search_url=f"{url}/search?q=",
        )
