"""A problem keeps all it says through the journal."""

from __future__ import annotations

import json

import pytest

from wizard.core.message import verbatim
from wizard.core.problem import Action, Problem, Remedy


def test_it_is_read_as_a_sentence() -> None:
    assert (
        str(Problem(verbatim("The bucket is gone."), verbatim("Somebody deleted it.")))
        == "The bucket is gone."
    )


def test_in_short_it_says_what_can_be_done() -> None:
    assert (
        Problem(
            verbatim("It is down."), verbatim("Why."), verbatim("Wait."), verbatim("Call.")
        ).in_short()
        == "It is down. Wait. Or: Call."
    )
    assert Problem(verbatim("It is down."), verbatim("Why.")).in_short() == "It is down."


def test_plain_remedies_are_for_the_admin_alone() -> None:
    problem = Problem(
        verbatim("w"), verbatim("y"), verbatim("Look."), Remedy(verbatim("Again"), Action.RETRY)
    )
    assert problem.remedies == (Remedy(verbatim("Look.")), Remedy(verbatim("Again"), Action.RETRY))


@pytest.mark.parametrize("decision", [True, False])
def test_through_json_and_back(decision: bool) -> None:
    problem = Problem(
        verbatim("w"),
        verbatim("y"),
        verbatim("r"),
        Remedy(verbatim("s"), Action.SKIP),
        raw="x",
        field="bucket",
        decision=decision,
    )
    kept = Problem.from_dict(json.loads(json.dumps(problem.to_dict())))
    assert kept.to_dict() == problem.to_dict()
    assert kept.remedies == problem.remedies
    assert kept.decision is decision


def test_what_never_was_a_problem_cannot_be_read_as_one() -> None:
    with pytest.raises(KeyError):
        Problem.from_dict({"what": "w"})
    with pytest.raises(ValueError, match="no-such-action"):
        Problem.from_dict(
            Problem(verbatim("w"), verbatim("y")).to_dict()
            | {"remedies": [{"text": "r", "action": "no-such-action"}]}
        )
