"""Opening the wizard in a terminal, and ending well whatever happens to the terminal."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from screens.app import terminal
from screens.state.wording import in_lines
from wizard.core.exit_status import ExitStatus
from wizard.core.language import shown
from wizard.core.message import Message, msg, verbatim
from wizard.core.settings import MigrationPath
from wizard.core.states import State

if TYPE_CHECKING:
    from screens.app.wizard_app import WizardApp
    from screens.state.sources import Source

_SECONDS_TO_CLOSE = 2.0


def run_wizard(source: Source, folder: str, *, mouse: bool) -> int:
    """Show the wizard until the admin leaves it; return the exit status.

    `folder` is what bw-s3 was called with, "demo" for the demo.
    """
    if reason := terminal.unsupported_reason():
        hint = terminal.screenless_commands(folder)
        if folder == "demo":
            hint = msg("  bw-s3 demo --yes   runs the demo without the wizard")
        print(shown(reason), shown(hint), sep="\n", file=sys.stderr)
        return ExitStatus.USAGE
    # Imported here: textual takes a third of a second that the message above need not wait for.
    from screens.app.wizard_app import WizardApp

    app = WizardApp(
        source,
        ascii_only=not terminal.uses_utf8(),
        theme=terminal.suitable_theme(),
        unprotected_ssh=terminal.is_unprotected_ssh(),
        once_open=_keep_collections_short,
    )
    _watch_signals(app)
    status = _run(app, mouse=mouse)
    if not app.crashed:
        print(shown(parting_message(app, folder)))
    elif app.source.kept:
        text = msg(
            "What is verified stays verified: start bw-s3 again, and it resumes where it left off."
        )
        print(shown(text))
    _close(app)
    sys.stdout.flush()
    if _threads_are_left():
        # A request that hangs in a thread must not keep the shell waiting; the journal is safe.
        os._exit(status)
    return status


def _run(app: WizardApp, *, mouse: bool) -> int:
    """Run the app in a loop of our own, whose end does not wait for threads."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(app.run_async(mouse=mouse))
    finally:
        asyncio.set_event_loop(None)
    return app.return_code if app.return_code is not None else ExitStatus.FAILED


def _keep_collections_short() -> None:
    """Have no key wait while Python looks through everything for cycles: a tenth of a second.

    The libraries, which are most of it, stay for good. The screens' own part is still looked
    through, five times less often.
    """
    gc.freeze()
    youngest, young, old = gc.get_threshold()
    gc.set_threshold(youngest, young, 5 * old)


def _watch_signals(app: WizardApp) -> None:
    def hung_up(number: int, frame: object) -> NoReturn:
        # The terminal is gone: nothing can be drawn, and textual would wait for it.
        _close(app)
        os._exit(ExitStatus.HUNG_UP)

    def terminated(number: int, frame: object) -> None:
        threading.Timer(_SECONDS_TO_CLOSE * 2, os._exit, (ExitStatus.TERMINATED,)).start()
        app.call_later(app.exit, None, ExitStatus.TERMINATED)

    signal.signal(signal.SIGHUP, hung_up)
    signal.signal(signal.SIGTERM, terminated)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _close(app: WizardApp) -> None:
    """Close the journal and what the demo built, without waiting for ever."""

    def close() -> None:
        if app.session.opened is not None:
            app.session.opened.close()
        app.source.close()

    closing = threading.Thread(target=close, daemon=True)
    closing.start()
    closing.join(app.source.seconds_to_close)


def _threads_are_left() -> bool:
    main = threading.main_thread()
    return any(t is not main and t.is_alive() and not t.daemon for t in threading.enumerate())


def parting_message(app: WizardApp, folder: str) -> Message:
    """Return what is left in the terminal when the wizard is gone."""
    session = app.session
    if session.opened is None:
        problem = session.opening_problem
        return verbatim(problem.what) if problem else msg("Nothing was changed.")
    again = "bw-s3 demo" if folder == "demo" else f"bw-s3 {folder}".removesuffix(" .")
    following = session.migration.next_step()
    if session.exit_status() is ExitStatus.OK:
        return _done(app, again)
    if folder == "demo":
        return (
            msg("The demo is over. Everything it created stays as it is now.")
            if app.source.kept
            else msg("The demo is over. Everything it created was deleted.")
        )
    lines = [verbatim(again)]
    if following:
        step = following.title
        lines = [
            msg("Nothing is lost. To continue with “{step}”: {command}", step=step, command=again)
        ]
    if session.migration.is_armed():
        warning = session.armed_warning
        lines.append(
            msg(
                "Note: {warning} To undo that: bw-s3 disarm {folder}",
                warning=warning,
                folder=folder,
            )
        )
    return in_lines(*lines)


_MOVED = msg("Done and verified. Keep the old storage: other servers still request it.")
_MOVED_ADDRESS = msg("Done and verified. Keep the old address: other servers still request it.")


def _done(app: WizardApp, again: str) -> Message:
    """Return what is left to say where all is done; `again` is the call for another start."""
    if not app.source.kept:
        return msg("Done and verified. The demo is over; everything it created was deleted.")
    waiting = any(s.state is State.LATER for s in app.session.migration.statuses())
    if waiting:
        return msg(
            "Everything that can be done now is done and verified. Once your site runs: {command}",
            command=again,
        )
    if app.session.leads_back:
        return msg("Done and verified. Keep the bucket: other servers still request it.")
    if app.session.moves:
        return _MOVED_ADDRESS if app.session.moves_address_only else _MOVED
    if app.session.context.settings.path == MigrationPath.FRESH:
        return msg("Done and verified. From now on, uploads go to the bucket.")
    return msg("Done and verified. Keep the local media: other servers still request them.")
