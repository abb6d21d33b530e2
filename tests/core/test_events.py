"""Checks go into the journal as JSON, and come back as they were."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wizard.core.events import Check, Verdict, failed, later, passed, remark
from wizard.core.message import verbatim
from wizard.core.problem import Action, Problem, Remedy

TEXT = st.text(max_size=40)
PROBLEMS = st.builds(
    lambda what, why, remedy, action: Problem(what, why, Remedy(remedy, action), raw=why),
    TEXT,
    TEXT,
    TEXT,
    st.sampled_from([None, *Action]),
)
CHECKS = st.one_of(
    st.builds(passed, TEXT, TEXT),
    st.builds(remark, TEXT, TEXT),
    st.builds(later, TEXT, TEXT),
    st.builds(failed, TEXT, PROBLEMS),
)


@given(CHECKS)
def test_a_check_survives_json(check: Check) -> None:
    back = Check.from_dict(json.loads(json.dumps(check.to_dict())))
    assert (back.asked, back.seen, back.verdict) == (check.asked, check.seen, check.verdict)
    assert (back.problem is None) == (check.problem is None)
    if back.problem and check.problem:
        assert back.problem.to_dict() == check.problem.to_dict()


def test_a_failed_check_says_its_problem() -> None:
    problem = Problem(verbatim("The bucket is away."), verbatim("Somebody deleted it."))
    check = failed(verbatim("Is the bucket there?"), problem)
    assert (check.verdict, check.seen) == (Verdict.FAIL, problem.what)
    assert check.problem is problem
