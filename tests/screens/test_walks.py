"""Whole migrations in the wizard, on a real instance and a real S3 server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widget import Widget
from textual.widgets import Input, OptionList, Select

from screens.state.phase import Phase
from tests.screens.waiting import press
from tests.screens.walker import Walker, walking
from tests.support.parts import need
from tests.support.visitors import Visitors
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.storage.bucket import Bucket


@pytest.fixture(autouse=True)
def _needs(monkeypatch: pytest.MonkeyPatch) -> None:
    need("weed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)


async def _fill_in_the_form(walker: Walker, server: SeaweedFS, bucket: str) -> None:
    """By keyboard alone: choose the provider by its first letters, type or paste the rest."""
    await walker.until(lambda: isinstance(walker.screen.focused, Select))
    await walker.pilot.press("enter")
    await walker.until(lambda: isinstance(walker.screen.focused, OptionList))
    # In one go: letters that come later begin another search, and this machine may be busy.
    for letter in "seaw":
        press(walker.app, letter)
    await walker.until(lambda: _marked(walker.screen.focused) == "SeaweedFS")
    await walker.pilot.press("enter")
    await walker.until(lambda: isinstance(walker.screen.focused, Input))
    await walker.type(bucket)
    await walker.pilot.press("tab", "tab")
    await walker.type(f' "{server.keys.access_key_id}"')
    await walker.pilot.press("tab")
    await walker.type(server.keys.secret_access_key)
    await walker.pilot.press("tab")
    assert walker.screen.focused.name == "endpoint"
    walker.screen.focused.clear()
    await walker.type(server.endpoint)
    await walker.pilot.press("tab")
    domain = walker.screen.query_one("#field-custom_domain Input", Input).value
    assert domain == server.settings(bucket).custom_domain
    before = walker.label()
    await walker.pilot.press("enter")
    # Who looks too early still sees the form's button, and would press the plan's in its place.
    await walker.until(lambda: walker.label() != before)


def _marked(widget: Widget | None) -> str:
    """The option of a list that is marked; "" elsewhere."""
    option = widget.highlighted_option if isinstance(widget, OptionList) else None
    return str(option.prompt) if option else ""


async def test_existing_instance_by_keyboard(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    """While somebody uploads a cover each quarter of a second, before and after the switch."""
    async with build(tmp_path, covers=20, storage=seaweedfs) as demo:
        with Visitors(demo.site_url, seconds_an_upload=0.25) as visitors:
            async with walking(demo, told=False) as walker:
                await walker.obvious()
                await walker.until(lambda: walker.here() == "configure_provider")
                await _fill_in_the_form(walker, seaweedfs, demo.bucket)
                for step in walker.app.session.migration.steps:
                    await walker.do_step(step.name)
                    assert walker.state(step.name) in ("done", "skipped")
                    await walker.go_on()
                assert walker.here() == "end"
                assert "verified" in walker.words()
                assert walker.label() == "Finish"
                await walker.obvious()
                assert walker.app.session.exit_status() == 0
        settings = replace(demo.settings, custom_domain="")
        there = {found.key for found in Bucket(settings, demo.keys).list_objects("images/")}
        here = {f"images/{p.relative_to(demo.folder / 'images')}" for p in _files(demo.folder)}
        assert here <= there
        uploaded = {f"images/covers/{name}" for name in visitors.uploaded}
        assert uploaded - here, "nobody uploaded anything to the bucket"
        assert uploaded <= there
        assert _no_secrets(demo.folder / ".bw-s3", demo.keys.secret_access_key)


def _files(folder: Path) -> list[Path]:
    suffixes = (".jpg", ".jpeg", ".png", ".webp", ".svg")
    return [p for p in (folder / "images").rglob("*") if p.suffix in suffixes and p.is_file()]


def _no_secrets(folder: Path, secret: str) -> bool:
    """The backups of `.env` hold the keys; nothing else does."""
    kept = (p for p in folder.rglob("*") if p.is_file() and ".bak" not in p.name)
    return all(secret.encode() not in p.read_bytes() for p in kept)


async def test_fresh_install_by_mouse(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with (
        build(tmp_path, fresh=True, storage=seaweedfs) as demo,
        walking(demo, told=True, mouse=True) as walker,
    ):
        assert walker.app.session.context.settings.path == "fresh"
        await walker.obvious()
        for name in ("configure_provider", "enable_s3", "collect_static", "set_cors"):
            await walker.do_step(name)
            assert walker.state(name) == "done"
            await walker.go_on()
        await walker.until(lambda: walker.here() in ("verify_cors", "end"))
        if walker.here() == "verify_cors":
            await walker.do_step("verify_cors")
            await walker.go_on()
        assert walker.here() == "end"
        assert "waits until your site" in walker.words()
        await walker.pilot.click("#rail", offset=(3, 6))
        await walker.until(lambda: walker.here() == "restart")
        assert walker.phase() is Phase.NOT_NOW


async def test_going_back_to_another_bucket(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with build(tmp_path, covers=10, storage=seaweedfs) as demo:
        async with walking(demo, told=True) as walker:
            await walker.obvious()
            await walker.do_step("configure_provider")
            await walker.go_on()
            await walker.do_step("copy_media")
            await walker.pilot.press("1", "e")
            field = walker.screen.query_one("#field-bucket Input", Input)
            field.focus()
            field.clear()
            other = f"{demo.bucket}-2"
            await walker.type(other)
            await walker.pilot.press("ctrl+n")
            await walker.until(lambda: walker.state("copy_media") == "stale")
            assert "Copy media" in walker.words()
            await walker.do_step("configure_provider")
            await walker.go_on()
            await walker.until(lambda: walker.here() == "copy_media")
            await walker.do_step("copy_media")
            assert walker.state("copy_media") == "done"
        settings = replace(demo.settings, bucket=other)
        assert any(Bucket(settings, demo.keys).list_objects("images/"))
