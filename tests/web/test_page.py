"""What a page and its stylesheets name."""

from __future__ import annotations

import pytest

from wizard.web.page import Cors, Kind, fonts_of, read_page

_PAGE = """<!DOCTYPE html><base href="https://b.example/x/">
<meta http-equiv="Content-Security-Policy" content="img-src 'none'">
<link rel="alternate stylesheet" href="other.css"><link rel=STYLESHEET href=" a.css ">
<link rel="stylesheet" href="a.css"><link rel="shortcut icon" href="/favicon.ico">
<link rel="search" href="/opensearch.xml"><script>inline()</script>
<script src="/a.js" nonce="n1" crossorigin></script><img src="data:image/png;base64,AA">
<img src="c.png"><img alt="none">"""
# As BookWyrm's icons.css has it: two lists, of which the second counts.
_CSS = """/* @font-face { src: url(gone.woff) } */
@font-face { font-family: 'icomoon'; src: url('../fonts/i.eot?w');
  src: url('../fonts/i.eot?w#iefix') format('embedded-opentype'),
    url('../fonts/i.ttf?w') format('truetype'), url(../fonts/i.woff?w) format("woff"),
    url('../fonts/i.svg?w#i') format('svg'); font-display: block; }
@font-face { font-family: inside; src: url(data:font/woff;base64,AA) }
@FONT-FACE{font-family:plain;src:local("Plain"),url(https://c.example/plain.otf)}"""


def test_the_files_of_a_page_each_once() -> None:
    page = read_page(_PAGE, "https://a.example/")
    assert [(f.kind, f.url) for f in page.files] == [
        (Kind.STYLESHEET, "https://b.example/x/a.css"),
        (Kind.IMAGE, "https://b.example/favicon.ico"),
        (Kind.SCRIPT, "https://b.example/a.js"),
        (Kind.IMAGE, "https://b.example/x/c.png"),
    ]
    script = page.files[2]
    assert (script.nonce, script.cors) == ("n1", Cors.ANONYMOUS)
    assert page.policies == ("img-src 'none'",)


@pytest.mark.parametrize("base", ["data:text/plain,x", "", "javascript:0"])
def test_a_base_that_means_nothing_counts_as_the_first(base: str) -> None:
    """As HTML has it; what such a page names is at its own host, which is not asked here."""
    bases = f'<base target="_top"><base href="{base}"><base href="https://b.example/">'
    page = read_page(f'{bases}<img src="c.png">', "https://a.example/x/")
    assert [file.url for file in page.files] == ["https://a.example/x/c.png"]


def test_the_fonts_of_a_stylesheet() -> None:
    faces = fonts_of(_CSS, "https://b.example/static/css/icons.css")
    assert [[f.url for f in face] for face in faces] == [
        ["https://b.example/static/fonts/i.ttf?w", "https://b.example/static/fonts/i.woff?w"],
        ["https://c.example/plain.otf"],
    ]
