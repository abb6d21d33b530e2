"""What a failed command of BookWyrm's said, in the admin's words."""

from __future__ import annotations

import pytest

from wizard.instance.problems import Advice, command_failed

ADVICE = Advice(
    packages=("Python misses a package.", "Install it."),
    services=("The database does not answer.", "Start it."),
    permission=("A file may not be written.", "Change its owner."),
)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("bookwyrm.utils.regex", "The module bookwyrm.utils.regex of BookWyrm itself is missing"),
        ("celerywyrm", "The module celerywyrm of BookWyrm itself is missing"),
        ("imagekit", "Python misses a package."),
        ("bookwyrm_extras", "Python misses a package."),
    ],
)
def test_a_missing_module(missing: str, words: str) -> None:
    lines = [
        "Traceback (most recent call last):",
        f"ModuleNotFoundError: No module named '{missing}'",
    ]
    problem = command_failed(["python", "manage.py", "collectstatic"], 1, lines, ADVICE)
    assert problem.why.startswith(words)
    own = "itself" in words
    assert ("git status" in problem.remedies[0].text) is own
