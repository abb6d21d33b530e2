"""The two themes of the wizard's own: night, and paper for bright rooms."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

NIGHT = Theme(
    name="night",
    primary="#7fb2e5",
    secondary="#5b84ad",
    accent="#e0b070",
    success="#8cc98a",
    warning="#e0b070",
    error="#ec8a83",
    foreground="#dde3ea",
    background="#12161c",
    surface="#191f27",
    panel="#2a323d",
    dark=True,
    variables={
        "line": "#3a4553",
        "faint": "#98a4b1",
        "key-background": "#2c5f93",
        "key-foreground": "#ffffff",
        "footer-background": "#12161c",
        "footer-key-foreground": "#e0b070",
        "footer-description-foreground": "#a9b4c0",
        "block-cursor-background": "#2c5f93",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "input-selection-background": "#7fb2e5 35%",
    },
)

PAPER = Theme(
    name="paper",
    primary="#1f5a93",
    secondary="#4a7aa8",
    accent="#8a4b00",
    success="#22692f",
    warning="#8a4b00",
    error="#a82a1f",
    foreground="#24262a",
    background="#fbf9f4",
    surface="#f3efe6",
    panel="#e6e0d3",
    dark=False,
    variables={
        "line": "#c9c1b0",
        "faint": "#5f6168",
        "key-background": "#1f5a93",
        "key-foreground": "#ffffff",
        "footer-background": "#fbf9f4",
        "footer-key-foreground": "#8a4b00",
        "footer-description-foreground": "#54565c",
        "block-cursor-background": "#1f5a93",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "input-selection-background": "#1f5a93 25%",
    },
)

# How much of the text's colour is in words that matter less.
_FAINT = 0.65


def missing_variables(theme: Theme) -> dict[str, str]:
    """Return what Textual's own themes lack of the variables that our style sheets use.

    As colours, since the value of a variable cannot name another one.
    """
    colours = {**theme.to_color_system().generate(), **theme.variables}
    line, faint = colours["panel"], colours["foreground"]
    if theme.ansi:  # no shades between the terminal's own sixteen
        line = "ansi_bright_black"
    else:
        text = Color.parse(faint)
        faint = Color.parse(colours["background"]).blend(text, _FAINT).hex
    return {
        "line": line,
        "faint": faint,
        "key-background": colours["block-cursor-background"],
        "key-foreground": colours["block-cursor-foreground"],
    }
