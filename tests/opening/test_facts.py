"""What is said of an instance before anything begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.instance.dockerless.yunohost import YunoHostApp
from wizard.opening.facts import fact_of_state


@pytest.mark.parametrize(
    ("state", "warned"), [("www/.bw-s3", True), ("data/bw-s3", False), ("srv/state", False)]
)
def test_a_state_that_an_upgrade_deletes_is_named(tmp_path: Path, state: str, warned: bool) -> None:
    app = YunoHostApp(name="bookwyrm", folder=tmp_path / "www", data=tmp_path / "data")
    facts = fact_of_state(app, tmp_path / state)
    assert bool(facts) is warned
    if facts:
        assert f"mv {tmp_path / state} {tmp_path / 'data/bw-s3'}" in facts[0].value
    assert fact_of_state(None, tmp_path / state) == ()
