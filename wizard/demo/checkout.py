"""The throwaway instance's folder: a checkout, its media and its catalogue."""

from __future__ import annotations

import io
import json
import os
import random
import secrets
import shutil
import socket
import tarfile
import uuid
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from wizard.demo.font import woff
from wizard.demo.pictures import avatar, cover, thumbnail

_TEMPLATE = Path(__file__).parent / "instance"
# What the site imports; bw-s3's own surroundings hold them.
_PACKAGES = ("django", "storages", "environs", "boto3")
# Names that real instances have, each of which once broke somebody's copy.
_ODD_NAMES = (
    "covers/Der Prozess (1925).jpg",
    "covers/c'est-la-vie+1.jpg",
    "covers/Ævintýri – 100 sögur.jpg",
    "covers/#1 & only.jpg",
)
_FIRST = ("The Silent", "A Distant", "My Brilliant", "The Last", "One Hundred", "Invisible")
_SECOND = ("Library", "Harbour", "Cartographer", "Winter", "Orchard", "Cities", "Friend")
_AUTHORS = ("A. Ekström", "B. Okafor", "C. Morales", "D. Nguyễn", "E. Petrova", "F. Haddad")


@dataclass(frozen=True, slots=True)
class Picture:
    """A generated media file: its path below MEDIA_ROOT and the seed of its bytes."""

    path: str
    seed: int

    @property
    def data(self) -> bytes:
        """The picture's bytes."""
        if self.path.startswith("thumbnails/"):
            return thumbnail(self.seed)
        return avatar(self.seed) if self.path.startswith("avatars/") else cover(self.seed)


def make_checkout(folder: Path, port: int) -> None:
    """Copy the instance's files to `folder` and make its `.env` and environment."""
    shutil.copytree(_TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__", "env.template"))
    (folder / "site").chmod(0o755)
    _write_env(folder, port)
    _write_static(folder / "bookwyrm" / "static")
    _make_environment(folder / "venv")


def make_media(root: Path, covers: int, seed: int = 1) -> list[Picture]:
    """Fill MEDIA_ROOT with covers, avatars, thumbnails, and an archive that is nobody's."""
    pictures = list(_pictures(covers, seed))
    for picture in pictures:
        path = root / picture.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.data)
    # v0.7.2 and v0.7.3 wrote whole accounts into MEDIA_ROOT.
    (root / "exports").mkdir(parents=True)
    (root / "exports" / f"{uuid.UUID(int=seed)}.tar.gz").write_bytes(_archive())
    return pictures


def write_catalogue(folder: Path, pictures: list[Picture], self_connector: bool) -> None:
    """Write what `manage.py initdb` fills the database from."""
    books = [_book(p) for p in pictures if p.path.startswith("covers/")]
    readers = [
        {"name": f"reader {p.seed}", "avatar": p.path}
        for p in pictures
        if p.path.startswith("avatars/")
    ]
    content = {"books": books, "readers": readers, "self_connector": self_connector}
    (folder / "catalogue.json").write_text(json.dumps(content, ensure_ascii=False, indent=1))


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def missing_packages() -> list[str]:
    """Return what of the install extra `demo` is not installed."""
    return [name for name in _PACKAGES if find_spec(name) is None]


def _pictures(covers: int, seed: int) -> Iterator[Picture]:
    names = random.Random(seed)  # noqa: S311 - the same names at each start
    for number in range(covers):
        name = f"covers/{uuid.UUID(int=names.getrandbits(128), version=4)}.jpg"
        if number < len(_ODD_NAMES):
            name = _ODD_NAMES[number]
        yield Picture(name, number)
        if number % 3 == 0:
            yield Picture(f"thumbnails/{name[:-4]}/{names.getrandbits(128):032x}.jpg", number)
    for number in range(covers // 4):
        yield Picture(f"avatars/{uuid.UUID(int=names.getrandbits(128), version=4)}.png", number)


def _book(picture: Picture) -> dict[str, str]:
    number = picture.seed
    title = f"{_FIRST[number % len(_FIRST)]} {_SECOND[number % len(_SECOND)]}"
    return {"title": title, "author": _AUTHORS[number % len(_AUTHORS)], "cover": picture.path}


def _write_env(folder: Path, port: int) -> None:
    text = (_TEMPLATE / "env.template").read_text()
    values = {
        "port": str(port),
        "secret_key": secrets.token_urlsafe(38),
        "database_password": secrets.token_urlsafe(12),
        "email_password": secrets.token_urlsafe(12),
    }
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    with os.fdopen(os.open(folder / ".env", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _write_static(static: Path) -> None:
    """Write the static files that are no text."""
    fonts, images = static / "css" / "fonts", static / "images"
    fonts.mkdir(parents=True, exist_ok=True)
    images.mkdir(exist_ok=True)
    (fonts / "icomoon.woff").write_bytes(woff())
    (images / "logo-small.png").write_bytes(avatar(7, cell=8))
    (images / "logo.png").write_bytes(avatar(7, cell=40))
    (images / "no_cover.jpg").write_bytes(thumbnail(7))


def _make_environment(folder: Path) -> None:
    """Make a virtual environment for the site that finds bw-s3's own packages."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    specs = [find_spec(name) for name in _PACKAGES]
    places = {str(Path(s.origin).parent.parent) for s in specs if s and s.origin}
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "demo.pth").write_text("".join(f"{place}\n" for place in sorted(places)))


def _archive() -> bytes:
    """Return an account as exported: private, though it lies among the media."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        text = b'{"name": "reader 1", "statuses": []}'
        member = tarfile.TarInfo("archive.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return data.getvalue()
