"""The language in which messages are shown."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from wizard.core.message import Message, Number, Value, fill

ENGLISH = "en"

_CATALOGUES = Path(__file__).parents[1] / "locale"
_DOMAIN = "bw-s3"


class Language:
    """One language: its catalogue, and how it writes numbers."""

    def __init__(self, code: str) -> None:
        """`code` is one of `known_languages`, such as "fr"."""
        self.code = code
        self.catalogue = gettext.translation(
            _DOMAIN, _CATALOGUES, languages=[code], fallback=code == ENGLISH
        )

    def show(self, text: str) -> str:
        """Return a text in this language; what is no message, or unknown here, as it is."""
        if self.code == ENGLISH or not isinstance(text, Message):
            return str(text)
        return fill(self.sentence(text), text.values, self._value)

    def sentence(self, text: Message) -> str:
        """Return the sentence of a message with the names of its values in it."""
        number = text.values.get("n")
        if text.plural and isinstance(number, int):
            return self.catalogue.ngettext(text.id, text.plural, number)
        return self.catalogue.gettext(text.id)

    def _value(self, value: Value) -> str:
        if isinstance(value, str):
            return self.show(value)
        # Takes a moment to load, and English does without.
        from babel.numbers import format_decimal

        number, digits = (value.value, value.digits) if isinstance(value, Number) else (value, 0)
        form = "#,##0." + "0" * digits if digits else "#,##0"
        return str(format_decimal(number, form, locale=self.code))


def known_languages() -> tuple[str, ...]:
    """Return the codes of the languages that there is a catalogue for, English first."""
    found = _CATALOGUES.glob(f"*/LC_MESSAGES/{_DOMAIN}.mo")
    return (ENGLISH, *sorted(path.parts[-3] for path in found))


def wanted_language(environment: Mapping[str, str]) -> str:
    """Return the code of the known language that the environment asks for, English for none.

    As gettext's manual has it: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set; a
    list in `LANGUAGE` goes before, but for the locale C. "pt_BR" is asked for before "pt".
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "C")
    if locale.split(".")[0] in ("C", "POSIX"):
        return ENGLISH
    wanted = [*environment.get("LANGUAGE", "").split(":"), locale]
    plain = [name.split(".")[0].split("@")[0] for name in wanted]
    codes = [code for name in plain for code in (name, name.split("_")[0])]
    known = known_languages()
    return next((code for code in codes if code in known), ENGLISH)


@cache
def language(code: str) -> Language:
    """Return a language by its code, its catalogue read once."""
    return Language(code)


_in_use = language(ENGLISH)


def use(other: Language) -> None:
    """Show messages in another language from now on.

    One for the whole process, as gettext has it: nothing but what people read depends on it.
    """
    global _in_use  # noqa: PLW0603
    _in_use = other


def language_in_use() -> Language:
    """Return the language in which messages are shown."""
    return _in_use


def shown(text: str) -> str:
    """Return a text in the language in use; what is no message stays as it is."""
    return _in_use.show(text)
