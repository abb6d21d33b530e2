"""Opening a migration: what can be found out by itself, and what was said before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.core.events import Event, Note, Report
from wizard.core.message import NOTHING, Message, msg, plural, sentences, with_full_stop
from wizard.core.problem import Problem
from wizard.core.quantities import describe_moment
from wizard.core.secrets import Keys, Masker
from wizard.core.settings import DeploymentKind, MigrationPath, Settings
from wizard.core.states import State
from wizard.env.file import EnvFile
from wizard.env.next_lines import next_values
from wizard.instance.checkout import Instance, is_true, open_instance
from wizard.instance.compose.deployment import Compose
from wizard.instance.deployment import Deployment
from wizard.instance.dockerless.deployment import Dockerless
from wizard.instance.dockerless.yunohost import app_of
from wizard.instance.problems import refuse_azure
from wizard.journal.journal import FOLDER, Journal
from wizard.migration import DRAFT, STEPS, Migration, Status, storage_changed
from wizard.opening.detect import detect
from wizard.opening.facts import fact_of_keys, fact_of_move, fact_of_site, fact_of_state, facts_of
from wizard.opening.lost_lines import lost_lines, reopen_steps
from wizard.opening.unfinished_switch import (
    finish_what_was_begun,
    how_it_stands,
    open_journal,
)
from wizard.step import Applies, Ask, Context, Fact, Question
from wizard.storage.answers import clean
from wizard.storage.in_env import keys_in, storage_in
from wizard.storage.providers import PRESETS
from wizard.switch.first_run import note_that_it_runs, once_it_runs, was_started
from wizard.switch.problems import site_too_slow
from wizard.switch.site_before import note_before
from wizard.system.stopping import temporary_folder
from wizard.web.trust import use_ca_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A migration ready to be looked at or carried out.

    `facts` is what was found out about the instance; `resumed` says where an
    earlier start left off, "" where this is the first; `news` what became of a
    switch of the services that went on without us, "" where there was none;
    `site_problem` what is wrong with the running site, None where it answers or
    was never started yet.
    """

    migration: Migration
    facts: tuple[Fact, ...]
    resumed: Message
    news: Message = NOTHING
    site_problem: Problem | None = None

    def close(self) -> None:
        """Let the next wizard in."""
        self.migration.context.journal.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How to open a migration.

    `folder` is the instance's; `state` where the journal lies (None: in the
    folder); `overrides` settings said on the command line, by field name;
    `keys` those of the environment, which go before those of `.env`;
    `look_only`: nothing may be changed, not even what a killed run left;
    `shown_state` where the journal would lie, if `state` is only a copy of it;
    `put_back`: a switch of the services that was begun is not finished but put back;
    `ask_again`: the copy is to ask again about what the admin wanted held back;
    `with_draft`: what was typed into the form before is taken up again, though it never worked;
    `console_minutes`: how long to wait for what is done in the service's console (None: as usual).
    """

    folder: Path
    state: Path | None = None
    overrides: Mapping[str, str | int] | None = None
    keys: Keys = field(default_factory=Keys)
    look_only: bool = False
    shown_state: Path | None = None
    put_back: bool = False
    ask_again: bool = False
    with_draft: bool = False
    console_minutes: int | None = None

    @property
    def journal_folder(self) -> Path:
        """Where the journal and the backups of `.env` lie."""
        return (self.state or _usual_state(self.folder)).absolute()


def _usual_state(folder: Path) -> Path:
    """Return where the state lies if nobody says it: in the folder, or where upgrades leave it.

    A state that is in the folder already stays there, as does that of a user who may not write
    where upgrades leave it.
    """
    app, inside = app_of(folder.absolute()), folder / FOLDER
    if app is None or inside.exists() or not app.can_keep_state:
        return inside
    return app.state_folder


async def open_migration(opening: Opening, report: Report, ask: Ask) -> Opened:
    """Find out what there is, open the journal and put both together.

    Raises `Problem` where there is no instance, where it cannot be migrated
    (Azure), where the journal is held by another wizard or cannot be used, or
    where only the admin can say how the instance is deployed.
    """
    instance = _usable_instance(opening.folder)
    journal = await open_journal(
        opening.journal_folder, instance, report, ask, put_back=opening.put_back
    )
    journal.shown_folder = opening.shown_state or journal.folder
    try:
        said = str((opening.overrides or {}).get("ca_file", journal.settings.ca_file))
        use_ca_file(clean("ca_file", said)[0] if said else "")
        return await _opened(opening, instance, journal, report=report, ask=ask)
    except BaseException:
        journal.close()
        raise


@contextmanager
def opening_that_changes_nothing(opening: Opening) -> Iterator[Opening]:
    """Yield the same opening with a copy of the journal, which goes away afterwards."""
    with temporary_folder("bw-s3-dry-run-") as folder:
        copy = folder / "state"
        kept = Journal.read(opening.journal_folder)
        if kept:
            copy.mkdir(mode=0o700)
            kept.copy_to(copy)
            kept.close()
        where = opening.journal_folder
        yield replace(opening, state=copy, look_only=True, shown_state=where)


def open_to_read(opening: Opening, report: Report, ask: Ask) -> Migration | None:
    """Return the migration as the journal knows it, while another process may be at work.

    None where no migration was begun. Nothing is asked of the world.
    """
    instance = _usable_instance(opening.folder)
    journal = Journal.read(opening.journal_folder)
    if journal is None:
        return None
    settings, env = journal.settings, instance.env_file()
    if not settings.site_url:
        settings = replace(settings, site_url=instance.origins[0])
    deployment = deploy(instance, settings, journal.id)
    keys = _keys(env, opening, settings)
    return _migration(instance, deployment, journal, keys, report=report, ask=ask)


def open_for_switch(folder: Path, state: Path, lock: int) -> Context:
    """Return the context of a switch's runner, which whoever started it hands the journal's lock.

    Nobody is there to be asked: what was agreed to before is agreed to. Raises `Problem`.
    """
    instance = _usable_instance(folder)
    journal = Journal.open(state, instance.folder, lock)
    use_ca_file(journal.settings.ca_file)
    deployment = deploy(instance, journal.settings, journal.id)
    keys = _keys(instance.env_file(), Opening(folder=folder), journal.settings)
    return _migration(instance, deployment, journal, keys, report=_unheard, ask=_agreed).context


def _unheard(event: Event) -> None:
    """Take an event that nobody is there for."""


async def _agreed(question: Question) -> bool:
    return True


def deploy(instance: Instance, settings: Settings, journal_id: str) -> Deployment:
    """Return the deployment that the settings name."""
    if settings.deployment == DeploymentKind.COMPOSE:
        return Compose(instance, settings, journal_id)
    return Dockerless(instance, settings, journal_id)


def environment_keys() -> Keys:
    """Return the keys in the environment variables that AWS's own tools read."""
    return Keys(
        os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    )


async def _opened(
    opening: Opening, instance: Instance, journal: Journal, *, report: Report, ask: Ask
) -> Opened:
    news = await _news_of_switch(opening, instance, journal, report=report, ask=ask)
    env = instance.env_file()
    settings = _settled(opening, env, _remembered(opening, journal))
    kind, kind_reason = detect(instance)
    if not settings.deployment:
        if kind is None:
            raise Problem(
                msg("It is not clear how this instance runs."),
                kind_reason,
                msg("Specify it: --deployment dockerless or --deployment compose"),
                field="deployment",
                decision=True,
                code="deployment-unclear",
            )
        settings = replace(settings, deployment=kind)
    deployment = deploy(instance, settings, journal.id)
    if not opening.look_only:
        await deployment.tidy_up(report)
    settings = await _with_path(opening, env, settings, deployment, report=report)
    if not settings.site_url:
        settings = replace(settings, site_url=instance.origins[0])
    deployment = deployment.with_settings(settings)
    resumed = _resumed(journal)
    _keep(journal, settings, journal.settings.site_url)
    fresh = settings.path == MigrationPath.FRESH
    started = not fresh or await was_started(journal, deployment)
    keys = _keys(env, opening, settings)
    migration = _migration(
        instance,
        deployment,
        journal,
        keys,
        report=report,
        ask=ask,
        console_minutes=opening.console_minutes,
    )
    if opening.ask_again:
        migration.ask_again_about_media()
    site_problem = await _look_at_site(migration, first=not resumed) if started else None
    settings = migration.context.settings
    if lost := lost_lines(migration):
        reopen_steps(migration)
        news = sentences(news, lost)
    ran = once_it_runs(migration.context).applies is Applies.YES
    old, served_from = migration.context.old_storage, migration.served_from()
    facts = (
        *facts_of(instance, deployment, kind_reason, settings, ran=ran),
        *fact_of_move(old, settings, served_from),
        *fact_of_site(migration.site, served_from, old),
        *fact_of_state(app_of(instance.folder), journal.shown_folder),
        *fact_of_keys(_keys(env, replace(opening, keys=Keys()), settings), keys),
    )
    return Opened(
        migration=migration,
        facts=facts,
        resumed=where_it_stands(migration) if resumed else NOTHING,
        news=news,
        site_problem=site_problem,
    )


def _remembered(opening: Opening, journal: Journal) -> Settings:
    """Return the settings that worked, or with the storage that was typed since."""
    draft = journal.recall(DRAFT) if opening.with_draft else None
    return journal.settings.with_storage_of(draft) if draft else journal.settings


def _keep(journal: Journal, settings: Settings, site_url: str) -> None:
    """Remember the settings, but of storage and site only what has worked already.

    What is said of the storage is kept by the first step that is done with it: a wrong
    endpoint, or a provider named by mistake, must not shape the next start.
    """
    known = settings.with_storage_of(journal.settings)
    journal.save_settings(replace(known, site_url=site_url))


async def _look_at_site(migration: Migration, *, first: bool) -> Problem | None:
    """Look at the running site; what is wrong with it, if anything.

    How it is at the `first` start is recorded, before anything is written.
    """
    context = migration.context
    view = await migration.look_at_site()
    if view is None:
        return site_too_slow(context.settings.site_url)
    if view.own_page:
        migration.take_path()
        context = migration.context
        _keep(context.journal, context.settings, context.settings.site_url)
        note_that_it_runs(context.journal)
        if first:
            note_before(context.journal, context.instance, view)
    return view.problem


async def _news_of_switch(
    opening: Opening, instance: Instance, journal: Journal, *, report: Report, ask: Ask
) -> Message:
    """Finish a switch whose runner was killed, before anything else; what became of the last."""
    if opening.look_only:
        return how_it_stands(journal.shown_folder, instance.folder)
    deployment = deploy(instance, journal.settings, journal.id)
    keys = _keys(instance.env_file(), opening, journal.settings)
    migration = _migration(instance, deployment, journal, keys, report=report, ask=ask)
    return await finish_what_was_begun(migration.context, put_back=opening.put_back)


def _migration(
    instance: Instance,
    deployment: Deployment,
    journal: Journal,
    keys: Keys,
    *,
    report: Report,
    ask: Ask,
    console_minutes: int | None = None,
) -> Migration:
    masker = Masker(instance.env_file().secrets())
    masker.add_keys(keys)
    journal.mask = masker
    context = Context(
        instance=instance,
        deployment=deployment,
        journal=journal,
        keys=keys,
        report=report,
        ask=ask,
        masker=masker,
        console_minutes=console_minutes,
    )
    context.control.limit_rate(context.settings.limit_rate)
    return Migration(context)


def _usable_instance(folder: Path) -> Instance:
    instance = open_instance(folder)
    refuse_azure(instance.env_file())
    return instance


def _settled(opening: Opening, env: EnvFile, remembered: Settings) -> Settings:
    """Return settings from the command line, else the journal, else `.env`, else the preset."""
    given = {k: v for k, v in (opening.overrides or {}).items() if v not in (None, "")}
    # Tidied only; what is wrong with them the first step says, where they can be corrected.
    name = str(given.get("provider", remembered.provider))
    overrides = {k: clean(k, v, name)[0] if isinstance(v, str) else v for k, v in given.items()}
    moves = _names_another_provider(remembered, overrides)
    said = replace(_without_storage(remembered) if moves else remembered, **overrides)  # type: ignore[arg-type]
    if storage_changed(remembered, said) and remembered.bucket:
        said = _for_another_bucket(said, overrides)
    # What .env says of the bucket was written for the provider named before.
    settings = said if moves else _from_env_for(said, env, named="provider" in overrides)
    if not settings.provider and settings.endpoint:
        settings = replace(settings, provider="other")
    preset = PRESETS.get(settings.provider)
    if settings.provider and preset is None:
        raise Problem(
            msg("There is no provider called “{provider}”.", provider=settings.provider),
            msg("bw-s3 knows these: {names}.", names=", ".join(sorted(PRESETS))),
            msg("Choose one of them; “other” works with every S3-compatible service."),
            field="provider",
            usage=True,
            code="provider-unknown",
        )
    return preset.fill(settings) if preset else settings


def _names_another_provider(remembered: Settings, said: Mapping[str, str | int]) -> bool:
    return bool(remembered.provider) and said.get("provider", "") not in ("", remembered.provider)


def _without_storage(settings: Settings) -> Settings:
    """Without what led to the provider named before: new keys must not go to the old service."""
    usual = Settings()
    return replace(
        settings,
        endpoint=usual.endpoint,
        region=usual.region,
        custom_domain=usual.custom_domain,
        url_protocol=usual.url_protocol,
        acl=usual.acl,
        acl_known=usual.acl_known,
    )


def _for_another_bucket(settings: Settings, said: Mapping[str, str | int]) -> Settings:
    """Return the settings without what followed from the bucket that was named before."""
    domain = str(said.get("custom_domain", ""))
    return replace(settings, custom_domain=domain, acl="", acl_known=False)


def _from_env_for(settings: Settings, env: EnvFile, *, named: bool) -> Settings:
    """Return `_from_env`, unless .env leads to another service than the provider just `named`."""
    found, preset = _from_env(settings, env), PRESETS.get(settings.provider)
    if not named or preset is None or settings.endpoint:
        return found
    own = preset.endpoint_for(found)
    fits = not preset.endpoint or not found.endpoint or found.endpoint == own
    return found if fits else replace(settings, bucket=found.bucket)


def _from_env(settings: Settings, env: EnvFile) -> Settings:
    """Return what is still open, as `.env` has it."""
    names = {
        "bucket": "AWS_STORAGE_BUCKET_NAME",
        "region": "AWS_S3_REGION_NAME",
        "endpoint": "AWS_S3_ENDPOINT_URL",
        "custom_domain": "AWS_S3_CUSTOM_DOMAIN",
    }
    if settings.bucket and settings.bucket != (env.get(names["bucket"]) or ""):
        return settings  # .env speaks of another bucket, or of none yet
    if settings.bucket and settings.endpoint and not _at_same_service(settings, env):
        return settings  # or of one of the same name elsewhere
    found = {
        field: clean(field, value, settings.provider)[0]
        for field, name in names.items()
        # The template's own "None", uncommented without editing, is no value.
        if not getattr(settings, field) and (value := env.get(name)) and value != "None"
    }
    protocol = env.get("AWS_S3_URL_PROTOCOL")
    if protocol in ("http:", "https:") and "bucket" in found:
        found["url_protocol"] = protocol
    return replace(settings, **found)  # type: ignore[arg-type]


def _at_same_service(settings: Settings, env: EnvFile) -> bool:
    written = env.get("AWS_S3_ENDPOINT_URL")
    return not written or storage_in(env).is_same_service(settings)


async def _with_path(
    opening: Opening, env: EnvFile, settings: Settings, deployment: Deployment, *, report: Report
) -> Settings:
    """Return the path that was said or remembered, else by whether the instance ever ran.

    What was fresh at an earlier start and has run without S3 since then has media to copy.
    """
    said = (opening.overrides or {}).get("path")
    waiting = settings.path == MigrationPath.FRESH and not is_true(env.get("USE_S3"))
    if settings.path and (said or not waiting):
        return settings
    ran = await deployment.ever_ran()
    if ran and waiting:
        text = msg(
            "The instance has run without S3 since the last start: its media are copied too."
        )
        report(Note(text, warning=True))
    return replace(settings, path=MigrationPath.EXISTING if ran else MigrationPath.FRESH)


def _keys(env: EnvFile, opening: Opening, settings: Settings) -> Keys:
    """Return the keys of the storage that is named: given, waiting in `.env`, or in use there.

    Those in use are sent to no other service than they are for.
    """
    if opening.keys:
        keys = opening.keys
        return Keys(
            clean("access_key_id", keys.access_key_id)[0],
            clean("secret_access_key", keys.secret_access_key)[0],
        )
    waiting = env.with_values(next_values(env)) if next_values(env) else None
    if waiting and storage_in(waiting).destination == settings.destination:
        return keys_in(waiting)
    in_use = storage_in(env)
    elsewhere = is_true(env.get("USE_S3")) and settings.bucket not in ("", in_use.bucket)
    if elsewhere and not settings.is_same_service(in_use):
        return Keys()
    return keys_in(env)


def _resumed(journal: Journal) -> bool:
    return any(journal.result(step.name) for step in STEPS)


def where_it_stands(migration: Migration) -> Message:
    """Return where the migration stands, in sentences."""
    done = sum(1 for s in migration.statuses() if s.state is State.DONE)
    begun = migration.next_step()
    if begun is None:
        return msg("Everything that can be done now is done and verified.")
    so_far = plural(
        "{n} step is done and verified.",
        "{n} steps are done and verified.",
        done,
    )
    return sentences(so_far, _how_the_next_stands(migration.status(begun)))


def _how_the_next_stands(status: Status) -> Message:
    title = status.step.title
    match status.state:
        case State.BEGUN:
            return msg("“{step}” was interrupted.", step=title)
        case State.FAILED:
            return msg("“{step}” failed.", step=title)
        case State.STALE:
            return with_full_stop(
                msg("“{step}” needs to be redone: {why}", step=title, why=status.why)
            )
    return msg("“{step}” is next.", step=title)


def site_now(migration: Migration) -> Message:
    """Say how the site was seen just now; else what is known of it, with its date."""
    view = migration.site
    if view is not None and view.own_page:
        old = migration.context.old_storage
        (fact,) = fact_of_site(view, migration.served_from(), old)
        # Translators: what stands there is, for example, “answers, with its files from …”.
        return msg("The site {answers}.", answers=fact.value)
    if view is not None and view.problem is not None:
        return with_full_stop(view.problem.what)
    restart = migration.status(migration.step_named("restart"))
    if restart.state is State.LATER:
        return msg("The site has not been seen running yet.")
    address = migration.context.settings.site_url
    if restart.result is None:
        return msg(
            "The site was not reached at {address}; it was never switched by bw-s3.",
            address=address,
        )
    return msg(
        "The site was not reached at {address}: its state is as of {when}, not checked now.",
        address=address,
        when=describe_moment(restart.result.at),
    )
