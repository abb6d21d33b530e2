"""What was found out about an instance, to be confirmed by the admin before anything begins."""

from __future__ import annotations

from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.instance.checkout import Instance
from wizard.instance.deployment import Deployment
from wizard.step import Fact


def facts_of(
    instance: Instance, deployment: Deployment, reason: str, settings: Settings, *, ran: bool
) -> tuple[Fact, ...]:
    """Return the instance, how it runs and which path it takes.

    `reason` says what told how it runs, `ran` whether it was ever seen running.
    """
    existing = settings.path == MigrationPath.EXISTING
    return (
        Fact("instance", instance.domain),
        Fact("folder", str(instance.folder)),
        Fact("BookWyrm", instance.version),
        Fact("runs as", f"{deployment.label} ({reason})" if reason else deployment.label),
        Fact("path", "existing instance: all eight steps" if existing else "fresh install"),
        Fact("site", settings.site_url if ran else f"{settings.site_url} (not seen running yet)"),
    )


def fact_of_keys(in_file: Keys, used: Keys) -> tuple[Fact, ...]:
    """Return a fact about keys exported for something else, which are easily taken for `.env`'s."""
    if not in_file or in_file == used:
        return ()
    return (Fact("keys", "those of the environment variables; .env has others"),)
