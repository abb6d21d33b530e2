"""The entries of the journal, as the modules declare them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import wizard
from wizard.journal.entries import Entry


def declared_entries() -> list[Entry[Any]]:
    """The entries of all modules, each found where it is declared."""
    root = Path(wizard.__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        if path.is_relative_to(root / "demo"):
            continue
        parts = path.relative_to(root.parent).with_suffix("").parts
        module = import_module(".".join(parts).removesuffix(".__init__"))
        found.update({id(v): v for v in vars(module).values() if isinstance(v, Entry)})
    return list(found.values())
