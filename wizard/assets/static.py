"""Which static files a site needs, and whether the bucket has them: Django is asked, no guess."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from wizard.assets.samples import FONTS
from wizard.core.message import Message, msg, plural
from wizard.core.problem import Problem
from wizard.instance.deployment import Deployment
from wizard.storage.bucket import ObjectInfo
from wizard.web.browser import Onlooker
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import quoted

PREFIX = "static/"
_THEMES = re.compile(r"css/themes/[^/]+\.scss")
_MD5 = re.compile(r"[0-9a-f]{32}")
# What makes or breaks a page comes first.
_FIRST = (".css", ".js")
_KINDS = {
    "css": Kind.STYLESHEET,
    "js": Kind.SCRIPT,
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "svg", "ico"), Kind.IMAGE),
}
_AT_ONCE = 16
_TRIES = 3

# The same files that collectstatic copies: each finder's, the first of a name wins.
_SCRIPT = """
import hashlib
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
ignored = apps.get_app_config("staticfiles").ignore_patterns
files = {}
for finder in get_finders():
    for path, storage in finder.list(ignored):
        prefix = getattr(storage, "prefix", None)
        name = prefix + "/" + path if prefix else path
        if name not in files:
            with storage.open(path) as file:
                data = file.read()
            files[name] = [len(data), hashlib.md5(data).hexdigest()]
uses_s3 = getattr(settings, "USE_S3", False)
bucket = getattr(settings, "AWS_STORAGE_BUCKET_NAME", "") if uses_s3 else ""
answer({"url": settings.STATIC_URL, "bucket": bucket, "files": files})
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file: path below the static root, size in bytes, MD5 in hex.

    `size` is -1 where the file is only made elsewhere (a theme's CSS, compiled
    in a container that is gone).
    """

    path: str
    size: int
    md5: str

    @property
    def is_font(self) -> bool:
        """Whether it is a font, by its name."""
        return self.path.lower().endswith(FONTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Django's answer: where it keeps static files, which there are, which are themes' CSS."""

    url: str
    bucket: str
    files: tuple[Asset, ...]
    themes: tuple[str, ...]

    def to_json(self) -> str:
        """Return the assets as the journal can keep them; `from_json` is the way back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Assets:
        """Assets as `to_json` gave them."""
        data: dict[str, Any] = json.loads(text)
        files = tuple(Asset(**entry) for entry in data["files"])
        return cls(
            url=data["url"], bucket=data["bucket"], files=files, themes=tuple(data["themes"])
        )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that a visitor's browser could not use, and why; `no_answer`: nobody answered."""

    path: str
    problem: Problem
    no_answer: bool = False


async def ask_django(deployment: Deployment, with_themes: bool) -> Assets:
    """Return what Django's own finders list. Raises `Problem` where Django cannot be asked."""
    text = await deployment.run_script(_SCRIPT, "{}")
    if not text:
        raise Problem(
            msg("Django did not say which static files there are."),
            msg("`manage.py shell` succeeded, but its answer was not received."),
            msg("Try again; if it persists, please report it."),
            code="static-files-unknown",
        )
    data: dict[str, Any] = json.loads(text)
    files = {path: Asset(path, size, md5) for path, (size, md5) in data["files"].items()}
    themes = [p.removesuffix("scss") + "css" for p in files if _THEMES.fullmatch(p)]
    themes = sorted(themes) if with_themes else []
    files |= {path: Asset(path, -1, "") for path in themes if path not in files}
    listed = tuple(files[path] for path in sorted(files))
    return Assets(url=data["url"], bucket=data["bucket"], files=listed, themes=tuple(themes))


def differences(
    assets: Assets,
    stored: Mapping[str, ObjectInfo],
    *,
    etags_are_md5: bool,
    read: Callable[[str], bytes],
) -> dict[str, Message]:
    """Return the files that the bucket does not hold as they are here, and how they differ.

    Where an ETag does not tell, `read` gets an object's bytes by its key; blocks, and raises
    what that raises.
    """
    found = {asset.path: _difference(asset, stored.get(asset.path)) for asset in assets.files}
    other = [a for a in assets.files if not found[a.path] and _has_another_etag(a, stored[a.path])]
    certain = [a for a in other if etags_are_md5 and _MD5.fullmatch(stored[a.path].etag)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        unsure = [asset for asset in other if asset not in certain]
        bodies = pool.map(lambda asset: read(stored[asset.path].key), unsure)
        certain += [a for a, body in zip(unsure, bodies, strict=True) if _md5(body) != a.md5]
    found |= {asset.path: msg("other content there") for asset in certain}
    return {path: why for path, why in found.items() if why}


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _has_another_etag(asset: Asset, stored: ObjectInfo) -> bool:
    return asset.size >= 0 and stored.etag != asset.md5


def _difference(asset: Asset, stored: ObjectInfo | None) -> Message | None:
    # Translators: what is wrong with a file in the bucket, in brackets behind its path.
    if stored is None:
        return msg("missing")
    if asset.size < 0:
        return None if stored.size else msg("empty")
    if stored.size != asset.size:
        return plural(
            "{n} byte there, {here} here",
            "{n} bytes there, {here} here",
            stored.size,
            here=asset.size,
        )
    return None


async def read_as_visitor(
    browser: Onlooker, base: str, assets: Sequence[Asset]
) -> list[Unreadable]:
    """Read each file below `base` as a visitor's browser; returns those it could not use.

    But for fonts: what is in front of the bucket would keep an answer without the CORS headers,
    so they are read once the rules are set. Where nobody answers at all, the first file speaks
    for all of them.
    """
    wanted = [asset for asset in assets if not asset.is_font]
    ordered = sorted(wanted, key=lambda a: (not a.path.endswith(_FIRST), a.path))
    slots = asyncio.Semaphore(_AT_ONCE)
    if not ordered:
        return []
    first = await _read(browser, base, ordered[0], slots)
    if first and first.no_answer:
        return [Unreadable(asset.path, first.problem, no_answer=True) for asset in ordered]
    rest = await asyncio.gather(*(_read(browser, base, asset, slots) for asset in ordered[1:]))
    return [item for item in (first, *rest) if item]


async def _read(
    browser: Onlooker, base: str, asset: Asset, slots: asyncio.Semaphore
) -> Unreadable | None:
    ending = asset.path.lower().rpartition(".")[2]
    file = PageFile(kind=_KINDS.get(ending, Kind.OTHER), url=base + quoted(asset.path))
    for attempt in range(_TRIES):
        async with slots:
            seen = await browser.load(file)
        problem = browser.obstacle(file, seen)
        if problem is None:
            return None
        found = Unreadable(asset.path, problem, no_answer=seen.status == 0)
        if found.no_answer:
            break
        # What was just written may take a moment to be seen everywhere.
        await asyncio.sleep(attempt * 0.5)
    return found
