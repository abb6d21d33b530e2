"""Throwaway instances for tests, and a context around one, as the command line makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.contexts import Listener, make_context
from wizard.core.events import Check, Verdict
from wizard.core.settings import MigrationPath, Settings
from wizard.demo.build import DemoInstance, build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.instance.checkout import open_instance
from wizard.instance.dockerless.deployment import Dockerless
from wizard.journal.journal import FOLDER, Journal
from wizard.step import Context, Step
from wizard.storage.bucket import Bucket


@dataclass
class DemoScene(Listener):
    """A running throwaway instance, the context of a migration, and what was reported."""

    demo: DemoInstance
    context: Context = field(init=False)

    @property
    def folder(self) -> Path:
        """The instance's folder."""
        return self.demo.folder

    @property
    def bucket(self) -> Bucket:
        """The bucket, with the right keys."""
        return Bucket(self.context.settings, self.demo.keys)

    def set_env(self, **values: str | None) -> None:
        """Set lines of `.env`; None comments one out."""
        env = self.context.instance.env_file().with_values(values)
        env.write(self.context.journal.folder)

    def enable_s3(self, **values: str | None) -> None:
        """Write into `.env` what the first three steps write; `values` go before."""
        settings, keys = self.context.settings, self.demo.keys
        usual = {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_STORAGE_BUCKET_NAME": settings.bucket,
            "AWS_S3_REGION_NAME": settings.region,
            "AWS_S3_ENDPOINT_URL": settings.endpoint,
            "AWS_S3_CUSTOM_DOMAIN": settings.custom_domain,
            "AWS_S3_URL_PROTOCOL": settings.url_protocol,
            "AWS_DEFAULT_ACL": "",
            "CSP_ADDITIONAL_HOSTS": settings.endpoint,
            "USE_S3": "true",
        }
        self.set_env(**{**usual, **values})

    def open_bucket(self) -> None:
        """Create the bucket, and make public what is to be public."""
        self.bucket.create()
        name = self.context.settings.bucket
        places = [f"arn:aws:s3:::{name}/{prefix}/*" for prefix in ("images", "static")]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": places}
        self.bucket.put_policy({"Version": "2012-10-17", "Statement": [allow]})

    def change(self, settings: Settings) -> None:
        """Go on with other settings."""
        self.context = self.context.with_settings(settings)

    async def carry_out(self, step: Step) -> list[Check]:
        """Apply and verify a step; none of its checks may have failed."""
        found = await step.apply(self.context)
        self.change(step.settled(self.context.settings, found))
        checks = list(await step.verify(self.context, found))
        assert [c for c in checks if c.verdict is Verdict.FAIL] == []
        return checks


@asynccontextmanager
async def demo_scene(
    parent: Path,
    storage: SeaweedFS,
    *,
    covers: int = 8,
    fresh: bool = False,
    self_connector: bool = False,
) -> AsyncIterator[DemoScene]:
    """A throwaway instance below `parent` on a server that runs, and its context."""
    demo = build(parent, covers=covers, fresh=fresh, self_connector=self_connector, storage=storage)
    async with demo:
        instance = open_instance(demo.folder)
        path = MigrationPath.FRESH if fresh else MigrationPath.EXISTING
        settings = replace(demo.settings, path=path, deployment="dockerless")
        journal = Journal.open(demo.folder / FOLDER, demo.folder)
        deployment = Dockerless(instance, settings)
        scene = DemoScene(demo=demo)
        scene.context = make_context(
            instance, deployment, journal, keys=demo.keys, report=scene.report, ask=scene.ask
        )
        try:
            yield scene
        finally:
            journal.close()
