"""Arming and disarming an instance: `.env` as Django, bash and the admin see it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from tests.support.checkout import ENV, make_checkout
from tests.support.contexts import Listener, make_context
from tests.support.users import ALICE, as_user, fill, need_root, owned_folder, small_disk
from wizard.core.events import Check, Verdict
from wizard.core.plan import Diff, Plan, Sentence
from wizard.core.problem import Action, Problem
from wizard.core.secrets import Keys
from wizard.core.settings import DeploymentKind, MigrationPath, Settings
from wizard.env.file import EnvFile, backups
from wizard.instance.checkout import open_instance
from wizard.instance.dockerless.deployment import Dockerless
from wizard.journal.entries import text_entry
from wizard.journal.journal import FOLDER, Journal
from wizard.step import Context
from wizard.steps.enable_s3 import EnableS3
from wizard.switch.env_change import values_in_bash

STORAGE = {
    "AWS_ACCESS_KEY_ID": "AKIAFORTESTS",
    "AWS_SECRET_ACCESS_KEY": "a-very-secret-key",
    "AWS_STORAGE_BUCKET_NAME": "books",
    "AWS_S3_CUSTOM_DOMAIN": "books.s3.example.org",
    "AWS_S3_ENDPOINT_URL": "https://s3.example.org",
}
STEP = EnableS3()


@dataclass
class Scene(Listener):
    """An instance whose provider is configured, and what was reported and asked."""

    context: Context = field(init=False)

    @property
    def env(self) -> Path:
        return self.context.instance.env_path

    async def enable(self) -> list[Check]:
        """Apply and verify."""
        await STEP.apply(self.context)
        return list(await STEP.verify(self.context, None))

    def set_up(self, **settings: str) -> None:
        changed = replace(self.context.settings, **settings)  # type: ignore[arg-type]
        self.context = self.context.with_settings(changed)


def open_scene(folder: Path) -> Scene:
    """The scene as the next start finds it."""
    scene = Scene()
    instance = open_instance(folder)
    settings = Settings(path=MigrationPath.EXISTING, deployment=DeploymentKind.DOCKERLESS)
    scene.context = make_context(
        instance,
        Dockerless(instance, settings),
        Journal.open(folder / FOLDER, folder),
        keys=Keys("AKIAFORTESTS", "a-very-secret-key"),
        report=scene.report,
        ask=scene.ask,
    )
    return scene


def make_scene(folder: Path) -> Scene:
    make_checkout(folder)
    (folder / ".env").write_bytes(EnvFile.read(folder / ".env").with_values(STORAGE).data)
    return open_scene(folder)


def make_and_leave(folder: Path) -> None:
    make_scene(folder).context.journal.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = make_scene(tmp_path / "books")
    yield scene
    scene.context.journal.close()


def old_version(scene: Scene) -> None:
    """Make it a version that knows USE_HTTPS."""
    folder = scene.context.instance.folder
    (folder / "bookwyrm" / "settings.py").write_text('USE_HTTPS = env.bool("USE_HTTPS", False)\n')
    scene.context = replace(scene.context, instance=open_instance(folder))


def diffs(plan: Plan) -> list[str]:
    return [item.text for item in plan.items if isinstance(item, Diff)]


def warnings(plan: Plan) -> str:
    return " ".join(i.text for i in plan.items if isinstance(i, Sentence) and i.warning)


class TestPlan:
    async def test_it_shows_the_one_line(self, scene: Scene) -> None:
        before = scene.env.read_bytes()
        plan = await STEP.plan(scene.context)
        (diff,) = diffs(plan)
        assert [line for line in diff.splitlines()[2:] if line[0] in "+-"] == [
            "-USE_S3=false",
            "+USE_S3=true",
        ]
        assert "AKIAFORTESTS" not in str(plan)
        assert "a-very-secret-key" not in str(plan)
        assert scene.env.read_bytes() == before

    async def test_it_says_what_being_armed_means(self, scene: Scene) -> None:
        text = warnings(await STEP.plan(scene.context))
        assert "armed" in text
        assert "a reboot" in text
        assert "worker" not in text

    @pytest.mark.parametrize("line", ["", "# USE_S3=false\n"])
    async def test_without_a_line_even_a_recycled_worker_switches(
        self, scene: Scene, line: str
    ) -> None:
        scene.env.write_text(scene.env.read_text().replace("USE_S3=false\n", line))
        assert "worker process" in warnings(await STEP.plan(scene.context))

    async def test_a_fresh_instance_is_not_armed(self, scene: Scene) -> None:
        scene.set_up(path=MigrationPath.FRESH)
        assert warnings(await STEP.plan(scene.context)) == ""

    async def test_nothing_to_do(self, scene: Scene) -> None:
        await scene.enable()
        plan = await STEP.plan(scene.context)
        assert len(plan.items) == 1
        assert not diffs(plan)

    async def test_it_works_before_the_provider_is_configured(self, scene: Scene) -> None:
        scene.env.write_text(ENV)
        assert diffs(await STEP.plan(scene.context))

    async def test_a_line_that_bash_stumbles_over_is_mentioned(self, scene: Scene) -> None:
        scene.env.write_text("PASSWORD=it's\n" + scene.env.read_text())
        assert "bash" in warnings(await STEP.plan(scene.context))


class TestApply:
    async def test_it_is_verified_by_django_and_by_bash(self, scene: Scene) -> None:
        before = scene.env.read_text()
        checks = await scene.enable()
        assert [check.verdict for check in checks] == [Verdict.PASS, Verdict.PASS]
        assert scene.env.read_text() == before.replace("USE_S3=false", "USE_S3=true")
        assert all(check in scene.events for check in checks)
        (backup,) = backups(scene.context.journal.folder)
        assert backup.read_text() == before

    @pytest.mark.parametrize("line", ["", "#USE_S3=\n", "USE_S3=\n", "export USE_S3=no\n"])
    async def test_however_the_line_was(self, scene: Scene, line: str) -> None:
        scene.env.write_text(scene.env.read_text().replace("USE_S3=false\n", line))
        assert [c.verdict for c in await scene.enable()] == [Verdict.PASS, Verdict.PASS]

    async def test_a_value_that_environs_refuses_is_replaced(self, scene: Scene) -> None:
        scene.env.write_text(scene.env.read_text().replace("USE_S3=false", "USE_S3=tRUE"))
        assert not (await STEP.inspect(scene.context)).done
        await scene.enable()
        assert "USE_S3=true\n" in scene.env.read_text()

    async def test_what_is_true_in_other_words_stays(self, scene: Scene) -> None:
        scene.env.write_text(scene.env.read_text().replace("USE_S3=false", "USE_S3=Yes"))
        before = scene.env.read_text()
        assert (await STEP.inspect(scene.context)).done
        await scene.enable()
        assert scene.env.read_text() == before
        assert not backups(scene.context.journal.folder)

    async def test_twice_is_once(self, scene: Scene) -> None:
        await scene.enable()
        after = scene.env.read_bytes()
        await scene.enable()
        assert scene.env.read_bytes() == after
        assert len(backups(scene.context.journal.folder)) == 1

    async def test_old_versions_need_use_https_too(self, scene: Scene) -> None:
        old_version(scene)
        assert STEP.inputs(scene.context) == {"url_protocol": "https:"}
        checks = await scene.enable()
        assert len(checks) == 3
        assert scene.env.read_text().endswith("USE_HTTPS=true\n")

    async def test_but_not_with_storage_over_http(self, scene: Scene) -> None:
        old_version(scene)
        scene.set_up(url_protocol="http:")
        await scene.enable()
        assert "USE_HTTPS" not in scene.env.read_text()

    @pytest.mark.parametrize("name", sorted(STORAGE))
    @pytest.mark.parametrize("value", ["", "None"])
    async def test_not_before_the_provider_is_configured(
        self, scene: Scene, name: str, value: str
    ) -> None:
        env = EnvFile.read(scene.env).with_values({name: value})
        scene.env.write_bytes(env.data)
        with pytest.raises(Problem, match=f"^{name} must be set") as caught:
            await STEP.apply(scene.context)
        assert caught.value.remedies[0].action is Action.EDIT_PROVIDER
        assert "USE_S3=false" in scene.env.read_text()

    async def test_azure_is_the_admins_decision(self, scene: Scene) -> None:
        scene.env.write_text(scene.env.read_text() + "USE_AZURE=true\n")
        for attempt in (STEP.plan, STEP.apply):
            with pytest.raises(Problem, match="Azure") as caught:
                await attempt(scene.context)
            assert caught.value.decision

    async def test_unclosed_quote_stops_it_under_compose_only(self, scene: Scene) -> None:
        scene.env.write_text("PASSWORD=it's\n" + scene.env.read_text())
        scene.set_up(deployment=DeploymentKind.COMPOSE)
        with pytest.raises(Problem, match="bw-dev stops at line 1 of"):
            await STEP.apply(scene.context)
        assert "USE_S3=false" in scene.env.read_text()
        scene.set_up(deployment=DeploymentKind.DOCKERLESS)
        verdicts = [check.verdict for check in await scene.enable()]
        assert verdicts == [Verdict.PASS, Verdict.REMARK]

    async def test_edited_afterwards(self, scene: Scene) -> None:
        await scene.enable()
        scene.env.write_text(scene.env.read_text().replace("USE_S3=true", "USE_S3=false"))
        finding = await STEP.inspect(scene.context)
        assert (finding.done, finding.gone) == (False, ".env no longer says so")
        checks = await STEP.verify(scene.context, None)
        assert checks[0].verdict is Verdict.FAIL
        assert checks[0].problem is not None


class TestConversion:
    def spoil(self, scene: Scene) -> str:
        text = scene.env.read_text()
        scene.env.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        return text

    async def test_it_is_a_diff_of_its_own(self, scene: Scene) -> None:
        self.spoil(scene)
        conversion, change = diffs(await STEP.plan(scene.context))
        assert "␍" in conversion
        assert "a-very-secret-key" not in conversion
        assert change.count("\n+") == 2  # the header and the line

    async def test_agreed(self, scene: Scene) -> None:
        text = self.spoil(scene)
        await scene.enable()
        assert "Convert" in scene.questions[0].text
        assert scene.env.read_text() == text.replace("USE_S3=false", "USE_S3=true")

    async def test_declined(self, scene: Scene) -> None:
        self.spoil(scene)
        before = scene.env.read_bytes()
        scene.answer = False
        with pytest.raises(Problem) as caught:
            await STEP.apply(scene.context)
        assert caught.value.remedies[0].action is Action.CONVERT_ENV
        assert caught.value.decision
        assert scene.env.read_bytes() == before


class TestUndo:
    @pytest.mark.parametrize(
        "line",
        ["USE_S3=false\n", "", "# USE_S3=true   # not yet\n", 'export USE_S3="no"  # a\n'],
    )
    @pytest.mark.parametrize("final_newline", [True, False])
    async def test_every_byte_is_as_it_was(
        self, scene: Scene, line: str, final_newline: bool
    ) -> None:
        old_version(scene)
        text = scene.env.read_text().replace("USE_S3=false\n", line)
        scene.env.write_text(text if final_newline else text.rstrip("\n"))
        before = scene.env.read_bytes()
        await scene.enable()
        assert scene.env.read_bytes() != before
        assert await STEP.undo(scene.context)
        assert scene.env.read_bytes() == before

    async def test_later_edits_stay(self, scene: Scene) -> None:
        await scene.enable()
        scene.env.write_text("FIRST=1\n" + scene.env.read_text() + "LAST=1\n")
        await STEP.undo(scene.context)
        lines = scene.env.read_text().splitlines()
        assert (lines[0], lines[-1]) == ("FIRST=1", "LAST=1")
        assert "USE_S3=false" in lines
        assert "AWS_STORAGE_BUCKET_NAME=books" in lines

    async def test_disarmed_by_hand_already(self, scene: Scene) -> None:
        await scene.enable()
        scene.env.write_text(scene.env.read_text().replace("USE_S3=true", "USE_S3=0"))
        await STEP.undo(scene.context)
        assert "USE_S3=0\n" in scene.env.read_text()

    async def test_with_the_journal_gone_it_is_false(self, scene: Scene) -> None:
        await scene.enable()
        scene.context.journal.forget(text_entry("enable_s3.lines"))
        assert await STEP.undo(scene.context)
        assert "USE_S3=false\n" in scene.env.read_text()

    async def test_nothing_to_take_back(self, scene: Scene) -> None:
        before = scene.env.read_bytes()
        assert not await STEP.undo(scene.context)
        assert scene.env.read_bytes() == before

    async def test_armed_again_it_goes_back_again(self, scene: Scene) -> None:
        before = scene.env.read_bytes()
        for _ in range(2):
            await scene.enable()
            await STEP.undo(scene.context)
            assert scene.env.read_bytes() == before

    async def test_killed_between_write_and_remembering(self, scene: Scene) -> None:
        """The lines are remembered first, so a kill right after the write loses nothing."""
        before = scene.env.read_bytes()
        await scene.enable()
        await STEP.apply(scene.context)  # what the next start does
        await STEP.undo(scene.context)
        assert scene.env.read_bytes() == before


class TestBadWeather:
    async def test_no_write_where_the_disk_is_full(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", "8m") as disk:
            scene = make_scene(disk / "books")
            fill(disk)
            with pytest.raises(Problem, match=r"cannot be (changed|written)|no room"):
                await STEP.apply(scene.context)
            assert "USE_S3=false" in scene.env.read_text()
            scene.context.journal.close()

    def test_a_read_only_env_of_the_users_own(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        as_user(ALICE, partial(make_and_leave, home / "books"))
        env = home / "books" / ".env"
        env.chmod(0o400)
        with pytest.raises(Problem, match="cannot be changed"):
            as_user(ALICE, lambda: EnvFile.read(env).with_values({"A": "1"}).write(env.parent))

    async def test_as_root_everything_stays_the_owners(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        as_user(ALICE, partial(make_and_leave, home / "books"))
        scene = open_scene(home / "books")
        scene.env.chmod(0o640)
        assert all(check.verdict is Verdict.PASS for check in await scene.enable())
        assert stat.S_IMODE(scene.env.stat().st_mode) == 0o640
        assert {path.stat().st_uid for path in home.rglob("*")} == {ALICE}
        scene.context.journal.close()


class TestBash:
    async def test_a_command_in_the_file_does_not_run(self, scene: Scene, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        scene.env.write_text(f"A=1 touch {mark}\n/usr/bin/touch {mark}\necho > {mark}\nB=2\n")
        assert await values_in_bash(EnvFile.read(scene.env), ["B"]) == {"B": "2"}
        assert not mark.exists()

    @pytest.mark.parametrize("line", ["exit", "while :; do :; done"])
    async def test_a_file_that_would_have_no_end(self, scene: Scene, line: str) -> None:
        scene.env.write_text(f"A=1\n{line}\nB=2\n")
        assert await values_in_bash(EnvFile.read(scene.env), ["B"]) == {"B": "2"}

    async def test_what_it_says_names_no_secret(self, scene: Scene) -> None:
        scene.env.write_text("SECRET='hidden-away\nB=2\n")
        scene.set_up(deployment=DeploymentKind.COMPOSE)
        with pytest.raises(Problem) as caught:
            await STEP.apply(scene.context)
        assert "hidden-away" not in str(caught.value.to_dict())

    async def test_an_open_quote_swallows_the_rest(self, scene: Scene) -> None:
        scene.env.write_text("A='open\nB=2\n")
        assert await values_in_bash(EnvFile.read(scene.env), ["B"]) == {"B": ""}

    async def test_it_is_what_source_reads(self, scene: Scene) -> None:
        await scene.enable()
        names = [*STORAGE, "USE_S3"]
        script = 'set -a; source "$0"; for n in "$@"; do printf "%s\\0" "${!n}"; done'
        output = subprocess.run(
            ["env", "-i", "bash", "-c", script, str(scene.env), *names],
            capture_output=True,
            check=True,
        ).stdout
        expected = dict(zip(names, output.decode().split("\0"), strict=False))
        assert await values_in_bash(EnvFile.read(scene.env), names) == expected

    async def test_no_bash_at_all(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "defpath", str(scene.env.parent))
        with pytest.raises(Problem, match="bash cannot read"):
            await values_in_bash(EnvFile.read(scene.env), ["B"])


@pytest.mark.server
async def test_a_challenge_stops_it_before_anything_is_armed(scene: Scene) -> None:
    """Whatever is answered: after the restart nobody would see whether the site came back."""
    from tests.servers.refusing import Refusing, Reply, always

    challenge = Reply(403, b"Just a moment...", {"cf-mitigated": "challenge"})
    with Refusing(always(challenge)) as site:
        settings = replace(
            scene.context.settings,
            site_url=f"http://{site.host}",
            path=MigrationPath.EXISTING,
        )
        before = scene.env.read_bytes()
        with pytest.raises(Problem) as caught:
            await STEP.apply(scene.context.with_settings(settings))
    assert "challenge by Cloudflare" in caught.value.what
    assert "the site is down" not in caught.value.why
    assert caught.value.decision
    assert scene.env.read_bytes() == before
    assert scene.questions == []
