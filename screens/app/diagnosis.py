"""The file for a bug report: asked for by a key, or written when bw-s3 itself fails."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from textual.app import App

from screens.state.wording import in_lines
from wizard.core.message import Message, msg, sentences
from wizard.core.problem import Problem

if TYPE_CHECKING:
    from screens.state.session import Session

_RAW_KEPT = 4000


class DiagnosisWriter:
    """Writes the file for a bug report into the journal's folder. It holds no secrets."""

    def __init__(self, app: App[int], session: Session) -> None:
        self._app, self._session = app, session

    def write(self) -> None:
        """Write the file, and say where it is."""
        if self._session.opened is None:
            return
        from wizard.reporting.diagnosis import write_diagnosis

        try:
            path = write_diagnosis(self._session.migration, self._session.last_problem)
        except OSError as error:
            self._app.notify(str(error), title=msg("Diagnosis not written"), severity="error")
            return
        text = in_lines(str(path), msg("It contains no secrets; read it before you send it."))
        self._app.notify(text, title=msg("Diagnosis written"), timeout=20)

    def crash_message(self, error: BaseException) -> Message:
        """Write the file for a mistake of bw-s3 itself; return the message for the terminal."""
        from wizard.reporting.diagnosis import write_diagnosis

        problem = unexpected(error)
        stopped = msg("bw-s3 stopped with {error}.", error=type(error).__name__)
        message = sentences(problem.what, stopped)
        if self._session.opened is None:
            return in_lines(message, problem.raw)
        try:
            path = write_diagnosis(self._session.migration, problem)
        except OSError as refused:
            why = str(refused)
            return in_lines(
                message, msg("The diagnosis file could not be written either: {why}", why=why)
            )
        send = msg("Please attach this file to a bug report; it contains no secrets:")
        return in_lines(sentences(message, send), str(path))


def unexpected(error: BaseException) -> Problem:
    """Describe a mistake in bw-s3 itself as a problem that can be reported."""
    return Problem(
        msg("This is a bug in bw-s3."),
        msg("It ran into an error that it does not handle."),
        msg("Press d to write a diagnosis file, and attach it to a bug report."),
        msg("Start bw-s3 again: what is verified stays verified, and nothing is sent twice."),
        code="mistake-of-bw-s3",
        raw="".join(traceback.format_exception(error))[-_RAW_KEPT:],
    )
