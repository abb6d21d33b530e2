"""Themes from their sources, written beside them as BookWyrm writes them."""

import re

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Compiles each `css/themes/*.scss`; what is known of SCSS is its variables."""

    help = "SCSS compile all themes"

    def handle(self, *args: object, **options: object) -> None:
        """Write each theme's CSS."""
        folder = settings.BASE_DIR / "bookwyrm" / "static" / "css" / "themes"
        for source in sorted(folder.glob("*.scss")):
            text = source.read_text()
            values = dict(re.findall(r"^\$(\w+): (.+);$", text, re.MULTILINE))
            rules = re.sub(r"^\$\w+: .+;\n", "", text, flags=re.MULTILINE)
            for name, value in values.items():
                rules = re.sub(rf"\${name}\b", value, rules)
            source.with_suffix(".css").write_text(rules.strip() + "\n")
            self.stdout.write(f"Compiled SASS/SCSS file: '{source}'")
