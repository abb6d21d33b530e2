"""User exports in a bucket of their own, and what of it follows the settings of the media.

With `USE_S3_FOR_EXPORTS` BookWyrm (`bookwyrm/settings.py`, since v0.8.0) takes the media's
`AWS_*` for each of the exports' settings that is not set, but never the bucket's name: where
the media move to another service, exports would be sent there, into a bucket of the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wizard.env.file import EnvFile

BUCKET = "EXPORTS_STORAGE_BUCKET_NAME"
_ENDPOINT = "EXPORTS_S3_ENDPOINT_URL"
# What is taken where one is not set.
_FALLS_BACK = {
    "EXPORTS_ACCESS_KEY_ID": "AWS_ACCESS_KEY_ID",
    "EXPORTS_SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
    "EXPORTS_S3_REGION_NAME": "AWS_S3_REGION_NAME",
    _ENDPOINT: "AWS_S3_ENDPOINT_URL",
}


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports' settings as `env` has them, while the media's become `new`."""

    env: EnvFile
    new: Mapping[str, str | None]

    def kept(self) -> dict[str, str]:
        """Return the lines that write out what follows the media's now and is about to change."""
        return {
            own: before
            for own, media in self._following().items()
            if (before := self.env.get(media)) is not None and before != self.new.get(media)
        }

    def undecided(self) -> list[str]:
        """Return those that follow the media's and would be set for the first time by that."""
        return [own for own, media in self._following().items() if self.env.get(media) is None]

    def share_a_bucket(self) -> bool:
        """Tell whether exports, which are private, would be in the bucket of the media."""
        own = self.env.get(_ENDPOINT)
        before = self.kept().get(_ENDPOINT) if own is None else own
        endpoint = self.new.get("AWS_S3_ENDPOINT_URL") if before is None else before
        same = (endpoint or "").rstrip("/") == (self.new.get("AWS_S3_ENDPOINT_URL") or "").rstrip(
            "/"
        )
        return same and self.env.get(BUCKET) == self.new.get("AWS_STORAGE_BUCKET_NAME")

    def _following(self) -> dict[str, str]:
        names = _FALLS_BACK.items()
        return {o: m for o, m in names if m in self.new and self.env.get(o) is None}
