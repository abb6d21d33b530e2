"""What this site serves is public, with a real nginx in front of it that has a list of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.nginx import running_nginx
from tests.servers.ports import free_port
from tests.steps.test_copy_media import keys_there
from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.results import done
from wizard.core.events import Verdict
from wizard.core.message import verbatim
from wizard.core.plan import Sentence
from wizard.demo.seaweedfs import SeaweedFS
from wizard.steps.copy_media import CopyMedia

STEP = CopyMedia()
# An admin's own: more endings than BookWyrm's, archives among them, and no SVG of a reader's.
_LOCATIONS = """
location ~ ^/images/avatars/.*\\.svg$ {{ return 403; }}
location ~ ^/images/.*\\.(jpg|JPG|png|gif|svg|gz)$ {{ root {folder}; }}
location ~ ^/images/.*\\.txt$ {{ return 200 "<html>Welcome</html>"; }}
location /images/ {{ return 404; }}
"""
MORE = {
    "covers/old.gif": b"GIF89a cover",
    "covers/camera.JPG": b"\xff\xd8\xff camera",
    "covers/drawing.svg": b"<svg/>",
    "covers/note.txt": b"what the page for everything is not",
    "avatars/drawing.svg": b"<svg/>",
    "exports/account.tar.gz": b"an account",
    "imports/books.mpo": b"no ending that this site serves",
}
OFFERED = {"images/covers/old.gif", "images/covers/camera.JPG"}


@pytest.fixture
async def scene(tmp_path: Path, seaweedfs: SeaweedFS) -> AsyncIterator[DemoScene]:
    """An instance with files of many kinds, and its bucket."""
    async with demo_scene(tmp_path, seaweedfs, covers=3) as made:
        made.open_bucket()
        for path, data in MORE.items():
            file = made.context.instance.media_root / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
        yield made


@contextmanager
def nginx(scene: DemoScene, place: Path, *, none: bool = False) -> Iterator[None]:
    """Have an nginx of the admin's own answer for the instance."""
    locations = _LOCATIONS.format(folder=scene.context.instance.media_root.parent)
    if none:
        locations = locations.replace("jpg|JPG|png|gif|svg|gz", "nothing")
    port = free_port()
    with running_nginx(place, port, locations):
        scene.change(replace(scene.context.settings, site_url=f"http://127.0.0.1:{port}"))
        yield


async def planned(scene: DemoScene) -> str:
    plan = await STEP.plan(scene.context)
    return "\n".join(item.text for item in plan.items if isinstance(item, Sentence))


async def test_what_the_site_serves_is_copied_where_the_admin_agrees(
    scene: DemoScene, tmp_path: Path
) -> None:
    with nginx(scene, tmp_path):
        words = await planned(scene)
        assert "covers/*.JPG (1 file), covers/*.gif (1 file)" in words
        assert "since your site refuses them too: avatars/*.svg (HTTP 403)" in words
        checks = await scene.carry_out(STEP)
        assert checks[0].verdict is Verdict.PASS
        (question,) = scene.questions
        assert "covers/*.gif" in question.text
        assert "tar.gz" not in question.text
        there = keys_there(scene)
        assert there & {f"images/{path}" for path in MORE} == {
            *OFFERED,
            "images/covers/drawing.svg",
        }
        seen = {check.asked: check.seen for check in checks}
        (beyond,) = (text for asked, text in seen.items() if "would not serve" in asked)
        assert "covers/*.JPG, covers/*.gif" in beyond
        assert "pictures that your site refuses too: 1" in seen[verbatim("What was held back?")]
        assert (await STEP.inspect(scene.context)).done
        await scene.carry_out(STEP)
        assert len(scene.questions) == 1, "what was answered is not asked again"
    # The site is away: what is known is not forgotten.
    assert (await STEP.inspect(scene.context)).done
    assert "could not find out" in await planned(scene)


async def test_a_kind_that_came_since_is_asked_about_before_the_switch(
    scene: DemoScene, tmp_path: Path
) -> None:
    """After it, such files would be missing: the site that serves them is gone by then."""
    covers = scene.context.instance.media_root / "covers"
    with nginx(scene, tmp_path):
        context = scene.context
        await scene.carry_out(STEP)
        context.journal.save_result(done(STEP.name, STEP.inputs(context)))
        (covers / "second.gif").write_bytes(b"GIF89a another of a kind that is known")
        (covers / "second.txt").write_bytes(b"and of one that the site refuses")
        assert (await STEP.inspect(context)).done
        (covers / "new.PNG").write_bytes(b"of a kind that the site refuses, as it turns out")
        (covers.parent / "avatars" / "new.gif").write_bytes(b"GIF89a of a reader")
        found = await STEP.inspect(context)
        assert not found.done
        assert found.gone.endswith("avatars/*.gif, covers/*.PNG")
        await scene.carry_out(STEP)
        assert "avatars/*.gif" in scene.questions[-1].text
        assert "images/avatars/new.gif" in keys_there(scene)
        assert (await STEP.inspect(context)).done
        context.journal.save_result(done("restart"))
        (covers / "late.BMP").write_bytes(b"what the bucket cannot be asked about")
        assert "asked" not in (await STEP.inspect(context)).gone


async def test_what_the_admin_declines_stays_here(scene: DemoScene, tmp_path: Path) -> None:
    scene.answer = False
    with nginx(scene, tmp_path):
        await scene.carry_out(STEP)
        assert not keys_there(scene) & OFFERED
        await scene.carry_out(STEP)
        assert len(scene.questions) == 1
        assert "you will be asked first" not in await planned(scene)


async def test_a_site_that_serves_no_picture_says_nothing_of_kinds(
    scene: DemoScene, tmp_path: Path
) -> None:
    with nginx(scene, tmp_path, none=True):
        assert "it serves no picture at all" in await planned(scene)
        await scene.carry_out(STEP)
    there = keys_there(scene)
    assert "images/avatars/drawing.svg" in there, "BookWyrm's own list"
    assert not there & OFFERED
    assert not scene.questions
