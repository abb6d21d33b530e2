"""What argparse itself says, in the language in use."""

from __future__ import annotations

import argparse

from wizard.core.language import language_in_use
from wizard.core.message import marked

# The sentences of Python 3.11 to 3.14 that a user can see; what is missing stays English.
WORDS = (
    marked("usage: "),
    marked("positional arguments"),
    marked("options"),
    marked("show this help message and exit"),
    marked("show program's version number and exit"),
    marked("%(prog)s: error: %(message)s\n"),
    marked("argument %(argument_name)s: %(message)s"),
    marked("unrecognized arguments: %s"),
    marked("the following arguments are required: %s"),
    marked("expected one argument"),
    marked("invalid choice: %(value)r (choose from %(choices)s)"),
    marked("invalid %(type)s value: %(value)r"),
    marked("ambiguous option: %(option)s could match %(matches)s"),
    marked("ignored explicit argument %r"),
)


def translate_argparse() -> None:
    """Have argparse say what it says in the language in use.

    It asks gettext's domain of the whole process, whose language only the environment can
    change, and with it that of every program that we start.
    """
    argparse._ = _translated  # type: ignore[attr-defined]


def _translated(sentence: str) -> str:
    return language_in_use().catalogue.gettext(sentence)
