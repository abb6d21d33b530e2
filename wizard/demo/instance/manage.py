#!/usr/bin/env python3
"""The demo's Django commands, run as BookWyrm's are."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookwyrm.settings")
    execute_from_command_line(sys.argv)
