"""A file for a bug report: what was set up, where it stands, what went wrong; no secrets.

In English whatever the language in use: it is for those who maintain bw-s3.
"""

from __future__ import annotations

import platform
import time
from importlib.metadata import version
from pathlib import Path

from wizard.core.problem import Problem
from wizard.core.quantities import describe_moment
from wizard.migration import Migration
from wizard.reporting.narration import describe_problem
from wizard.system.files import write_atomically

_LAST_LOG_LINES = 200


def write_diagnosis(migration: Migration, problem: Problem | None) -> Path:
    """Write the diagnosis beside the journal, for its owner only, and return its path.

    Raises `OSError` where the disk refuses it.
    """
    context = migration.context
    path = context.journal.folder / f"diagnosis-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    text = context.masker("\n".join(_lines(migration, problem)) + "\n")
    write_atomically(path, text.encode(errors="surrogateescape"), 0o600, context.instance.folder)
    return path


def _lines(migration: Migration, problem: Problem | None) -> list[str]:
    context = migration.context
    lines = [
        f"bw-s3 {version('bw-s3')}, Python {platform.python_version()}, {platform.platform()}",
        *(f"{name} {version(name)}" for name in ("boto3", "awscrt", "httpx", "textual")),
        f"BookWyrm {context.instance.version}, {context.deployment.label}",
        f"abilities: {context.instance.abilities}",
        "",
        "settings:",
        *(f"  {name} = {value}" for name, value in context.settings.to_dict().items()),
        "",
        "steps:",
        *(f"  {s.step.name}: {s.state} {s.why}".rstrip() for s in migration.statuses()),
    ]
    if problem:
        lines += ["", "problem:", describe_problem(problem, show=str)]
    return [*lines, "", "log:", *_log(migration)]


def _log(migration: Migration) -> list[str]:
    lines = migration.context.journal.log_lines()[-_LAST_LOG_LINES:]
    return [f"  {describe_moment(at)} {step}: {text}" for at, step, text in lines]
