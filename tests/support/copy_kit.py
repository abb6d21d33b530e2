"""A media folder, a bucket and a context: what the tests of the copy begin with."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tests.support.checkout import make_checkout
from tests.support.contexts import make_context
from wizard.copying.upload import (
    BackSurvey,
    BroughtBack,
    CopyOutcome,
    bring_all_media_back,
    bring_back_media,
    copy_media,
    copy_new_media,
    survey_back,
)
from wizard.core.copy_control import CopyControl
from wizard.core.events import Event
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.instance.deployment import Deployment
from wizard.journal.journal import Journal
from wizard.media.source import Digest, FolderMedia, Media
from wizard.step import Context
from wizard.storage.bucket import connect

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.servers.bad_proxy import BadProxy


Result = TypeVar("Result")


@dataclass(frozen=True)
class MediaOnly:
    """As much of a deployment as the copy asks for."""

    source: Media
    settings: Settings

    async def media(self) -> Media:
        """The media."""
        return self.source

    def with_settings(self, settings: Settings) -> MediaOnly:
        """The same with other settings."""
        return replace(self, settings=settings)


class ReadHere(FolderMedia):
    """A folder whose files are all read by `read`, as those in a container."""

    @contextmanager
    def digesting(self) -> Iterator[Digest]:
        """No MD5 without the bytes."""
        yield lambda files: ()


@dataclass
class CopyKit:
    """One instance's media below `folder`, to be copied into a bucket that is really there."""

    folder: Path
    settings: Settings
    keys: Keys
    events: list[Event] = field(default_factory=list)
    control: CopyControl = field(default_factory=CopyControl)

    @cached_property
    def client(self) -> S3Client:
        """boto3's view of the bucket."""
        return connect(self.settings, self.keys)

    @property
    def root(self) -> Path:
        """Where the media is."""
        return self.folder / "images"

    @property
    def journal_folder(self) -> Path:
        """Where the journal is."""
        return self.folder / ".bw-s3"

    def write(self, path: str, data: bytes) -> Path:
        """A media file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def fill(self, count: int, *, seed: int = 1) -> None:
        """So many covers of up to 40 kB, the same for the same seed."""
        chance = random.Random(seed)
        for number in range(count):
            data = chance.randbytes(chance.randrange(1, 40_000))
            self.write(f"covers/{seed}-{number:05}.jpg", data)

    def through(self, proxy: BadProxy) -> CopyKit:
        """The same, by way of a proxy."""
        return replace(self, settings=replace(self.settings, endpoint=proxy.endpoint))

    def open_to_all(self) -> None:
        """Let the public read all media, by a policy of the bucket."""
        statement = {
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{self.settings.bucket}/images/*",
        }  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client.put_bucket_policy(Bucket=self.settings.bucket, Policy=policy)

    def copy(self, media: Media | None = None) -> CopyOutcome:
        """Run the copy to its end, with a journal opened and closed for it."""
        return self._run(media, new_only=False)

    def catch_up(self) -> CopyOutcome:
        """Copy what is new."""
        return self._run(None, new_only=True)

    def bring_back(self) -> BroughtBack:
        """Copy what only the bucket has into the media."""
        return self._back(bring_back_media)

    def bring_all_back(self, *, all_public: bool = True) -> BroughtBack:
        """Do that, and compare what is on both sides."""
        return self._back(partial(bring_all_media_back, all_public=all_public))

    def survey_back(self) -> BackSurvey:
        """What would be copied back."""
        return self._back(survey_back)

    def _back(self, work: Callable[[Context], Coroutine[Any, Any, Result]]) -> Result:
        journal = Journal.open(self.journal_folder, self.folder)
        try:
            return asyncio.run(work(self.context(journal)))
        finally:
            journal.close()

    def _run(self, media: Media | None, *, new_only: bool) -> CopyOutcome:
        journal = Journal.open(self.journal_folder, self.folder)
        try:
            context = self.context(journal, media)
            if new_only:
                return asyncio.run(copy_new_media(context))
            return asyncio.run(copy_media(context, media or FolderMedia(self.root)))
        finally:
            journal.close()

    def context(self, journal: Journal, media: Media | None = None) -> Context:
        """A context with that journal."""
        if not (self.folder / "manage.py").exists():
            make_checkout(self.folder)
        source = MediaOnly(media or FolderMedia(self.root), self.settings)
        return make_context(
            open_instance(self.folder),
            cast(Deployment, source),
            journal,
            keys=self.keys,
            report=self.events.append,
            control=self.control,
        )

    def verified(self) -> dict[str, bytes]:
        """The MD5s that the journal holds."""
        journal = Journal.open(self.journal_folder, self.folder)
        try:
            return {row.key: row.md5 for row in journal.verified_files(self.settings.destination)}
        finally:
            journal.close()

    def there(self) -> dict[str, bytes]:
        """The bucket's objects below images/ and the MD5 of the bytes they give."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.settings.bucket, Prefix="images/"
        )
        keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
        return {key: md5(self.get(key)).digest() for key in keys}

    def here(self) -> dict[str, bytes]:
        """The keys that the files should have, and the MD5 of their bytes."""
        found: dict[str, bytes] = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder, name)
                key = f"images/{path.relative_to(self.root)}"
                found[key] = md5(path.read_bytes()).digest()
        return found

    def get(self, key: str) -> bytes:
        """An object's bytes."""
        return self.client.get_object(Bucket=self.settings.bucket, Key=key)["Body"].read()

    def put(self, key: str, data: bytes, **headers: str) -> None:
        """An object that somebody else puts there."""
        self.client.put_object(Bucket=self.settings.bucket, Key=key, Body=data, **headers)  # type: ignore[arg-type]
