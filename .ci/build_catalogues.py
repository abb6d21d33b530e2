"""Compiles the catalogues whenever a wheel or an sdist is built, or the project is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Hatch calls it by this name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the .mo files, and have them packed although git does not know them."""
        script = Path(self.root, ".ci", "catalogues.py")
        subprocess.run([sys.executable, script, "compile"], check=True)
        build_data["artifacts"].append("wizard/locale/**/*.mo")
