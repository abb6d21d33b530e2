"""What was found out about an instance, to be confirmed by the admin before anything begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from wizard.core.message import Message, msg
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.instance.checkout import Instance
from wizard.instance.deployment import Deployment
from wizard.instance.dockerless.yunohost import YunoHostApp
from wizard.step import Fact
from wizard.web.visitor import ServedFrom, SiteView

# The screens say the path in sentences of their own, and leave this line out.
# Translators: the way through the steps: that of a fresh or of an existing instance.
PATH = msg("path")


_PATHS: Mapping[str, Message] = MappingProxyType(
    {
        MigrationPath.FRESH: msg("fresh install"),
        MigrationPath.EXISTING: msg("existing instance: all eight steps"),
        MigrationPath.MOVING: msg("moving to another storage: all eight steps"),
    }
)


def facts_of(
    instance: Instance, deployment: Deployment, reason: str, settings: Settings, *, ran: bool
) -> tuple[Fact, ...]:
    """Return the instance, how it runs and which path it takes.

    `reason` says what told how it runs, `ran` whether it was ever seen running.
    """
    runs: str = deployment.label
    if reason:
        # Translators: for example “Docker Compose (there are containers of this folder)”.
        runs = msg("{kind} ({reason})", kind=deployment.label, reason=reason)
    path = _PATHS.get(settings.path, _PATHS[MigrationPath.FRESH])
    site: str = settings.site_url
    if not ran:
        site = msg("{site} (not seen running yet)", site=settings.site_url)
    return (
        Fact(msg("instance"), instance.domain),
        Fact(msg("folder"), str(instance.folder)),
        Fact(msg("BookWyrm"), instance.version),
        # Translators: the label of how an instance runs: “runs as  Docker Compose”.
        Fact(msg("runs as"), runs),
        Fact(PATH, path),
        Fact(msg("site"), site),
        *([Fact(msg("upgrades"), deployment.upkeep)] if deployment.upkeep else []),
    )


def fact_of_state(app: YunoHostApp | None, state: Path) -> tuple[Fact, ...]:
    """Return a warning where an upgrade of the package would delete bw-s3's own state."""
    if app is None or not app.deletes(state):
        return ()
    place = app.state_folder
    text = msg(
        "{state}: an upgrade of the package deletes it. Move it while bw-s3 does not run: "
        "{command}",
        state=str(state),
        command=f"mkdir -p {place.parent} && mv {state} {place}",
    )
    # Translators: the label of the folder where bw-s3 keeps its own state.
    return (Fact(msg("state"), text),)


def fact_of_keys(in_file: Keys, used: Keys) -> tuple[Fact, ...]:
    """Return a fact about keys exported for something else, which are easily taken for `.env`'s."""
    if not in_file or in_file == used:
        return ()
    return (Fact(msg("keys"), msg("those of the environment variables; .env has others")),)


def fact_of_move(old: Settings | None, new: Settings, served_from: ServedFrom) -> tuple[Fact, ...]:
    """Return the storage that a moving instance comes from, or came from."""
    if old is None:
        return ()
    place: str = msg("{bucket} at {endpoint}", bucket=old.bucket, endpoint=old.endpoint_host)
    if old.destination == new.destination:
        place = old.public_base
    if served_from is ServedFrom.THIS_BUCKET:
        # Translators: the label of the bucket or the address that the instance used before.
        return (Fact(msg("moved from"), place),)
    # Translators: the label of the bucket or the address that the instance uses now, and leaves.
    return (Fact(msg("moves from"), place),)


def fact_of_site(
    view: SiteView | None, served_from: ServedFrom, old: Settings | None = None
) -> tuple[Fact, ...]:
    """Say what the running site was seen to serve its files from; () where it is not known.

    `old` is the storage that a moving instance comes from.
    """
    if view is None:
        return ()
    match served_from:
        case ServedFrom.THIS_SERVER:
            return (_seen(msg("answers, with its files from this server")),)
        case ServedFrom.THIS_BUCKET:
            return (_seen(msg("answers, with its files from the bucket")),)
        case ServedFrom.ELSEWHERE if view.stylesheets:
            sheet = view.stylesheets[0]
            if old is not None and sheet.startswith(f"{old.public_base}/"):
                base = old.public_base
                return (_seen(msg("answers, with its files still from {address}", address=base)),)
            return (_seen(msg("answers, with its files from {address}", address=sheet)),)
    return ()


def _seen(how: Message) -> Fact:
    # Translators: the label of what the site was seen to do: “seen now  answers, with …”.
    return Fact(msg("seen now"), how)
