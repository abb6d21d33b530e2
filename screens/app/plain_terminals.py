"""Line filters for plain terminals: ASCII for other locales, no colours under NO_COLOR."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from wizard.core.symbols import ASCII, without_accents

# How much brighter or darker than the screen a background must be to be told from it.
_STANDS_OUT = 0.15

# What Textual draws with, besides the symbols of our own.
_SAME_WIDTH = str.maketrans(
    {
        **ASCII,
        "↑": "^", "↓": "v", "◂": "<", "▾": "v", "⏎": "<", "▼": "v", "▲": "^", "⌕": "/", "↵": "<",
        "●": "*", "○": "o", "◉": "*", "━": "=", "╸": "=", "╺": "=", "┃": "|", "┌": "+", "┐": "+",
        "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+", "╭": "+",
        "╮": "+", "╯": "+", "╰": "+", "┏": "+", "┓": "+", "┗": "+", "┛": "+", "║": "|",
        "═": "=", "╔": "+", "╗": "+", "╚": "+", "╝": "+", "▔": "-", "▁": "_", "▂": ".",
        "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%", "█": "#", "▏": "|", "▎": "|",
        "▍": "|", "▌": "|", "▋": "|", "▊": "|", "▉": "|", "▕": "|", "▐": "|", "▀": "-",
        "╱": "/", "╲": "\\", "🔎": "> ",
    }
)  # fmt: skip


class PlainLetters(LineFilter):
    """Replaces each other character by ASCII of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Draw the same line with what every terminal has."""
        return [Segment(in_ascii(s.text), s.style, s.control) for s in segments]


def in_ascii(text: str) -> str:
    """Put `text` in ASCII, as wide as before; what has no likeness becomes "?"."""
    if text.isascii():
        return text
    known = text.translate(_SAME_WIDTH)
    return "".join(c if c.isascii() else _alike(c) for c in known)


def _alike(letter: str) -> str:
    alike, width = without_accents(letter), cell_len(letter)
    return alike if len(alike) == width else "?" * width


class WithoutColours(LineFilter):
    """Removes every colour; what had a background of its own is shown in reverse."""

    def __init__(self, dark: bool) -> None:
        super().__init__()
        self._screen = Color.parse("black" if dark else "white")

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Draw the same line in the terminal's own two colours."""
        return [
            Segment(s.text, s.style and _colourless(s.style, self._screen), s.control)
            for s in segments
        ]


@lru_cache(2048)
def _colourless(style: Style, screen: Color) -> Style:
    stands_out = False
    if style.bgcolor is not None and not style.bgcolor.is_default:
        brightness = Color.from_rich_color(style.bgcolor).brightness
        stands_out = abs(brightness - screen.brightness) > _STANDS_OUT
    return Style(
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=stands_out != bool(style.reverse),
        meta=style.meta,
    )
