"""What was found out about an instance, to be confirmed by the admin before anything begins."""

from __future__ import annotations

from pathlib import Path

from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.instance.checkout import Instance
from wizard.instance.deployment import Deployment
from wizard.instance.dockerless.yunohost import YunoHostApp
from wizard.step import Fact
from wizard.web.visitor import ServedFrom, SiteView


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
        *([Fact("upgrades", deployment.upkeep)] if deployment.upkeep else []),
    )


def fact_of_state(app: YunoHostApp | None, state: Path) -> tuple[Fact, ...]:
    """Return a warning where an upgrade of the package would delete bw-s3's own state."""
    if app is None or not app.deletes(state):
        return ()
    place = app.state_folder
    text = (
        f"{state}: an upgrade of the package deletes it. Move it while bw-s3 does not run: "
        f"mkdir -p {place.parent} && mv {state} {place}"
    )
    return (Fact("state", text),)


def fact_of_keys(in_file: Keys, used: Keys) -> tuple[Fact, ...]:
    """Return a fact about keys exported for something else, which are easily taken for `.env`'s."""
    if not in_file or in_file == used:
        return ()
    return (Fact("keys", "those of the environment variables; .env has others"),)


_SERVED = {
    ServedFrom.THIS_SERVER: "answers, with its files from this server",
    ServedFrom.THIS_BUCKET: "answers, with its files from the bucket",
}


def fact_of_site(view: SiteView | None, served_from: ServedFrom) -> tuple[Fact, ...]:
    """Say what the running site was seen to serve its files from; () where it is not known."""
    if view is None or served_from is ServedFrom.UNKNOWN:
        return ()
    elsewhere = f"answers, with its files from {view.stylesheets[0]}" if view.stylesheets else ""
    return (Fact("seen now", _SERVED.get(served_from, elsewhere)),)
