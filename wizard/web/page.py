"""What a page and its stylesheets name for a browser to load."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from urllib.parse import urljoin

# Formats that no browser of today uses; of a font with several, it takes the first that it knows.
_OLD_FORMATS = ("embedded-opentype", "svg")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FONT_FACE = re.compile(r"@font-face\s*\{([^}]*)\}", re.IGNORECASE)
_SOURCES = re.compile(r"(?:^|[;\s])src\s*:\s*((?:url\([^)]*\)|[^;])*)", re.IGNORECASE)
_SOURCE = re.compile(
    r"""url\(\s*(?P<quote>["']?)(?P<url>.*?)(?P=quote)\s*\)"""
    r"""(?:\s*format\(\s*["']?(?P<format>[\w-]+)["']?\s*\))?""",
    re.IGNORECASE,
)


# One candidate of a `srcset`: an address, and behind it a width or a density.
_CANDIDATE = re.compile(r"[\s,]*(\S*[^\s,])(?:\s+[^,]*)?(?:,|$)")
# What browsers take from a `<source>` of a `<picture>`; they pass over other types.
_IMAGE_TYPES = frozenset(
    f"image/{name}"
    for name in (
        *("apng", "avif", "bmp", "gif", "jpeg", "jpg", "pjpeg", "png", "svg+xml", "webp"),
        *("vnd.microsoft.icon", "x-icon", "x-png"),
    )
)


class Kind(StrEnum):
    """What a browser takes a file for, by how the page names it."""

    STYLESHEET = "stylesheet"
    SCRIPT = "script"
    FONT = "font"
    IMAGE = "image"
    OTHER = "other"


class Cors(StrEnum):
    """How a page wants a file asked for: as any, or with CORS, with cookies or without."""

    NONE = ""
    ANONYMOUS = "anonymous"
    CREDENTIALS = "use-credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A file that a page names, with its element's nonce and digests (`integrity`), "" for none."""

    kind: Kind
    url: str
    nonce: str = ""
    cors: Cors = Cors.NONE
    integrity: str = ""


# Elements of other kinds have no `integrity`.
_WITH_DIGESTS = (Kind.STYLESHEET, Kind.SCRIPT)


@dataclass(frozen=True, slots=True)
class Page:
    """The files of a page, in its order, each once; and the policies in its `<meta>` elements."""

    files: tuple[PageFile, ...]
    policies: tuple[str, ...]


def read_page(
    html: str,
    url: str,
    lets_base: Callable[[str, Sequence[str]], bool] = lambda base, policies: True,
) -> Page:
    """Return what a page found at `url` names, with full addresses.

    `lets_base` says whether its `<base>` may name an address, by the policies in the `<meta>`
    elements before it and those that came with the page.
    """
    reader = _Reader(url, lets_base)
    reader.feed(html)
    return Page(tuple(dict.fromkeys(reader.files)), tuple(reader.policies))


def fonts_of(css: str, url: str) -> tuple[tuple[PageFile, ...], ...]:
    """Return the fonts of a stylesheet found at `url`, each with its files.

    A browser tries the files of a font one after the other, and needs one of them.
    """
    faces = _FONT_FACE.findall(_COMMENT.sub("", css))
    found = (_files_of(face, url) for face in faces)
    return tuple(dict.fromkeys(files for files in found if files))


def _files_of(face: str, base: str) -> tuple[PageFile, ...]:
    lists = _SOURCES.findall(face)
    # The last one that is given counts.
    sources = _SOURCE.finditer(lists[-1]) if lists else ()
    urls = [s["url"] for s in sources if (s["format"] or "").lower() not in _OLD_FORMATS]
    # What comes within the stylesheet itself is asked of nobody.
    return tuple(
        PageFile(kind=Kind.FONT, url=urljoin(base, url), cors=Cors.ANONYMOUS)
        for url in urls
        if not url.startswith("data:")
    )


_Values = Mapping[str, str]


class _Picture:
    """The sources of a `<picture>`, before its image.

    Which one is taken depends on the browser's window; `suits_all`: what comes next never is.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.suits_all = False

    def add(self, values: _Values) -> None:
        """Take the next `<source>`."""
        kind = values.get("type", "").partition(";")[0].strip().lower()
        found = _candidates(values.get("srcset", ""))
        if self.suits_all or not found or (kind and kind not in _IMAGE_TYPES):
            return
        self.names += found
        self.suits_all = values.get("media", "").strip().lower() in ("", "all")


def _candidates(srcset: str) -> list[str]:
    return _CANDIDATE.findall(srcset)


class _Reader(HTMLParser):
    """Collects what a page loads, as full addresses."""

    def __init__(self, url: str, lets_base: Callable[[str, Sequence[str]], bool]) -> None:
        super().__init__()
        self.url = url
        self._lets_base = lets_base
        self.base = ""  # of the first <base> that names one; the others count for nothing
        self.files: list[PageFile] = []
        self.policies: list[str] = []
        self._picture: _Picture | None = None
        self._readers: Mapping[str, Callable[[_Values], None]] = {
            "base": self._set_base,
            "meta": self._read_meta,
            "link": self._read_link,
            "script": self._read_script,
            "picture": self._begin_picture,
            "source": self._read_source,
            "img": self._read_image,
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        read = self._readers.get(tag)
        if read is not None:
            read({name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if tag == "picture":
            self._picture = None

    def _set_base(self, values: _Values) -> None:
        if "href" in values and not self.base:
            base = urljoin(self.url, values["href"].strip())
            good = base.startswith(("http:", "https:")) and self._lets_base(base, self.policies)
            self.base = base if good else self.url

    def _read_meta(self, values: _Values) -> None:
        if values.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(values.get("content", ""))

    def _read_link(self, values: _Values) -> None:
        relations = values.get("rel", "").lower().split()
        if "stylesheet" in relations and "alternate" not in relations:
            self._add(Kind.STYLESHEET, values, values.get("href", ""))
        elif "icon" in relations:
            self._add(Kind.IMAGE, values, values.get("href", ""))

    def _read_script(self, values: _Values) -> None:
        self._add(Kind.SCRIPT, values, values.get("src", ""))

    def _begin_picture(self, values: _Values) -> None:
        self._picture = _Picture()

    def _read_source(self, values: _Values) -> None:
        if self._picture is not None:
            self._picture.add(values)

    def _read_image(self, values: _Values) -> None:
        """Read an image; a browser takes the first source of its `<picture>` that suits it."""
        picture, self._picture = self._picture or _Picture(), None
        names = list(picture.names)
        if not picture.suits_all:
            names += [*_candidates(values.get("srcset", "")), values.get("src", "")]
        for name in names:
            self._add(Kind.IMAGE, values, name)

    def _add(self, kind: Kind, values: _Values, name: str) -> None:
        url = urljoin(self.base or self.url, name.strip())
        if not name or not url.startswith(("http:", "https:")):
            return
        nonce = values.get("nonce", "")
        integrity = values.get("integrity", "") if kind in _WITH_DIGESTS else ""
        self.files.append(
            PageFile(kind=kind, url=url, nonce=nonce, cors=_cors(values), integrity=integrity)
        )


def _cors(values: _Values) -> Cors:
    """Return how an element wants its file asked for; what it says in other words is anonymous."""
    if "crossorigin" not in values:
        return Cors.NONE
    wanted = values["crossorigin"].lower()
    return Cors.CREDENTIALS if wanted == Cors.CREDENTIALS else Cors.ANONYMOUS
