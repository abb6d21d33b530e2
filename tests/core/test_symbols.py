"""Every state and every verdict has a sign of its own, also where there is only ASCII."""

from __future__ import annotations

from rich.cells import cell_len

from wizard.core.events import Verdict
from wizard.core.states import RESTING, ResultState, State
from wizard.core.symbols import (
    ASCII,
    AT_WORK,
    PAUSED,
    STATE_SYMBOLS,
    UNDECIDED,
    VERDICT_SYMBOLS,
    without_accents,
)


def test_each_state_is_told_from_the_others() -> None:
    signs = [*STATE_SYMBOLS.values(), AT_WORK, PAUSED, UNDECIDED]
    assert set(STATE_SYMBOLS) == set(State)
    assert len({*signs}) == len(signs)
    plain = [ASCII.get(sign, sign) for sign in signs]
    assert len({*plain}) == len(plain)


def test_each_verdict_is_told_from_the_others() -> None:
    assert set(VERDICT_SYMBOLS) == set(Verdict)
    assert len({*VERDICT_SYMBOLS.values()}) == len(Verdict)


def test_the_ascii_is_as_wide() -> None:
    for sign, plain in ASCII.items():
        assert plain.isascii(), sign
        assert cell_len(plain) == cell_len(sign), sign


def test_how_a_step_ended_is_a_state_too() -> None:
    """The journal's words and the screens' are the same."""
    assert {result.value for result in ResultState} <= {state.value for state in State}
    assert State.FAILED not in RESTING
    assert State.STALE not in RESTING


def test_letters_lose_their_accents_only() -> None:
    said = "Où l’échec s’arrête : ça, déjà ÀÉÇ"
    assert "".join(ASCII.get(c) or without_accents(c) for c in said) == (
        "Ou l'echec s'arrete : ca, deja AEC"
    )
    assert not without_accents("日")
