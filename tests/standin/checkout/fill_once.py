"""`initdb`, which BookWyrm's entrypoint calls at each start, does nothing the second time."""

from bookwyrm.models import Connector
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Fills an empty database."""

    help = "Initialise the database unless that was done"

    def handle(self, *args: object, **options: object) -> None:
        """Call `initdb` where there is no connector yet."""
        if not Connector.objects.exists():
            call_command("initdb")
