"""What is said of an instance before anything begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wizard.core.settings import Settings
from wizard.instance.dockerless.yunohost import YunoHostApp
from wizard.opening.facts import fact_of_move, fact_of_site, fact_of_state
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import ServedFrom, SiteView


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


_OLD = Settings(endpoint="https://s3.a.example", bucket="books", custom_domain="media.a.example")
_NEW = replace(_OLD, endpoint="https://s3.b.example", custom_domain="media.b.example")


def test_where_a_moving_instance_comes_from_is_said_as_it_is_now() -> None:
    (during,) = fact_of_move(_OLD, _NEW, ServedFrom.ELSEWHERE)
    assert (during.label, during.value) == ("moves from", "books at s3.a.example")
    (after,) = fact_of_move(_OLD, _NEW, ServedFrom.THIS_BUCKET)
    assert (after.label, after.value) == ("moved from", "books at s3.a.example")
    other_address = replace(_OLD, custom_domain="cdn.a.example")
    (address,) = fact_of_move(_OLD, other_address, ServedFrom.ELSEWHERE)
    assert address.value == "https://media.a.example"


def test_the_old_storage_of_a_moving_site_is_no_stylesheet() -> None:
    sheet = "https://media.a.example/static/css/themes/bookwyrm-light.css"
    style = PageFile(kind=Kind.STYLESHEET, url=sheet)
    view = SiteView(status=200, own_page=True, points_to_bucket=False, files=(style,))
    (seen,) = fact_of_site(view, ServedFrom.ELSEWHERE, _OLD)
    assert seen.value == "answers, with its files still from https://media.a.example"
    (unknown,) = fact_of_site(view, ServedFrom.ELSEWHERE)
    assert sheet in unknown.value
