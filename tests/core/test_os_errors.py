"""What an error of the system says, and one of ours."""

from __future__ import annotations

import errno
import os

from wizard.core.message import Message, msg
from wizard.core.os_errors import ExplainedError, words_of


def test_ours_keep_their_message() -> None:
    """Python hands on the text of an `OSError` as a plain one."""
    error = ExplainedError(msg("{host} is silent", host="books.example.org"), errno.EIO)
    words = words_of(error)
    assert (words, words.id) == ("books.example.org is silent", "{host} is silent")
    assert error.errno == errno.EIO


def test_the_system_s_are_shown_as_they_came() -> None:
    words = words_of(OSError(errno.ENOENT, os.strerror(errno.ENOENT)))
    assert isinstance(words, Message)
    assert words == "No such file or directory"
    assert words_of(OSError("no number at all")) == "no number at all"
