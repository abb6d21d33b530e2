"""Two buckets, and one instance between them: what the tests of moving on begin with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.support.copy_kit import CopyKit
from wizard.copying.sources import media_of
from wizard.copying.upload import (
    BroughtBack,
    CopyOutcome,
    bring_back_media,
    copy_media,
    copy_new_media,
)
from wizard.instance.checkout import open_instance
from wizard.journal.journal import Journal
from wizard.journal.moving import note_moving_from
from wizard.step import Context

Result = TypeVar("Result")


@dataclass
class Move:
    """Two buckets, and one instance between them: `old` is what its site uses."""

    old: CopyKit
    new: CopyKit

    @contextmanager
    def context(self) -> Iterator[Context]:
        journal = Journal.open(self.new.journal_folder, self.new.folder)
        try:
            context = self.new.context(journal)
            self._write_env(open_instance(self.new.folder).env_path)
            note_moving_from(journal, self.old.settings)
            yield context
        finally:
            journal.close()

    def _write_env(self, env: Path) -> None:
        settings, keys = self.old.settings, self.old.keys
        lines = {
            "DOMAIN": "books.example.org",
            "USE_S3": "true",
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_STORAGE_BUCKET_NAME": settings.bucket,
            "AWS_S3_ENDPOINT_URL": settings.endpoint,
            "AWS_S3_REGION_NAME": settings.region,
            "AWS_S3_CUSTOM_DOMAIN": settings.custom_domain,
            "AWS_S3_URL_PROTOCOL": settings.url_protocol,
        }
        env.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def run(self, work: Callable[[Context], Coroutine[Any, Any, Result]]) -> Result:
        with self.context() as context:
            return asyncio.run(work(context))

    def copy(self) -> CopyOutcome:
        async def work(context: Context) -> CopyOutcome:
            return await copy_media(context, await media_of(context))

        return self.run(work)

    def catch_up(self) -> CopyOutcome:
        return self.run(copy_new_media)

    def send_back(self) -> BroughtBack:
        return self.run(bring_back_media)

    def fill(self, count: int) -> None:
        """So many covers in the old bucket only."""
        acl = {"ACL": "public-read"} if self.old.settings.acl else {}
        for number in range(count):
            data = os.urandom(100 + 37 * number)
            self.old.put(f"images/covers/{number:04}.jpg", data, ContentType="image/jpeg", **acl)
