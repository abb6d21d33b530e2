"""What a failed command of BookWyrm's said, in the admin's words."""

from __future__ import annotations

import pytest

from wizard.core.message import msg
from wizard.instance.problems import Advice, command_failed, how_it_ended

ADVICE = Advice(
    packages=(msg("Python misses a package."), msg("Install it.")),
    services=(msg("The database does not answer."), msg("Start it.")),
    permission=(msg("A file cannot be written."), msg("Change its owner.")),
)


@pytest.mark.parametrize(
    ("missing", "code", "words"),
    [
        (
            "bookwyrm.utils.regex",
            "module-missing",
            "The module bookwyrm.utils.regex of BookWyrm itself is missing",
        ),
        ("celerywyrm", "module-missing", "The module celerywyrm of BookWyrm itself is missing"),
        ("imagekit", "package-missing", "Python misses a package."),
        ("bookwyrm_extras", "package-missing", "Python misses a package."),
    ],
)
def test_a_missing_module(missing: str, code: str, words: str) -> None:
    lines = [
        "Traceback (most recent call last):",
        f"ModuleNotFoundError: No module named '{missing}'",
    ]
    problem = command_failed(["python", "manage.py", "collectstatic"], 1, lines, ADVICE)
    assert problem.why.startswith(words)
    assert problem.code == code
    assert ("git status" in problem.remedies[0].text) is (code == "module-missing")


def test_how_a_command_ended() -> None:
    argv = ["docker", "compose", "up", "my site"]
    assert how_it_ended(argv, 1) == "“docker compose up 'my site'” exited with status 1."
    assert how_it_ended(argv, -9) == "“docker compose up 'my site'” was killed by signal 9."
