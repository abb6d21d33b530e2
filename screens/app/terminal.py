"""What the terminal can do, found out before textual is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from wizard.core.message import NOTHING, Message, msg

_RICH_TERMINALS = ("256color", "kitty", "direct", "ghostty", "alacritty")
_LIGHT_BACKGROUNDS = {"7", "15"}  # COLORFGBG, as rxvt, konsole and others set it


def unsupported_reason(environment: Mapping[str, str] = os.environ) -> Message:
    """Return why the wizard cannot be shown here; "" where it can."""
    # Textual draws on standard error.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return msg("The wizard needs a terminal, but its input or output is not one.")
    if environment.get("TERM", "") in ("", "dumb", "unknown"):
        return msg(
            "The wizard needs a full-screen terminal, but TERM is “{term}”.",
            term=environment.get("TERM", ""),
        )
    return NOTHING


def screenless_commands(folder: str) -> Message:
    """Return the commands that do the same where the wizard cannot be shown."""
    return msg(
        "The same steps run without the wizard:\n  bw-s3 run {folder} --dry-run   shows what "
        "each step would change\n  bw-s3 run {folder} --yes       runs the steps\n  bw-s3 "
        "status {folder}          shows how far the migration is",
        folder=folder,
    )


def is_unprotected_ssh(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a dropped connection would end the wizard: SSH without tmux or screen."""
    remote = bool(environment.get("SSH_CONNECTION"))
    return remote and not (environment.get("TMUX") or environment.get("STY"))


def uses_utf8(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the locale is UTF-8, by the variables in the C library's order."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environment.get(name):
            return value.lower().replace("-", "").endswith("utf8") or ".utf8" in value.lower()
    return False


def suitable_theme(environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the theme that suits this terminal: its colours, its background."""
    if chosen := environment.get("TEXTUAL_THEME"):
        return chosen
    light = environment.get("COLORFGBG", "").split(";")[-1] in _LIGHT_BACKGROUNDS
    if _has_many_colours(environment):
        return "paper" if light else "night"
    return "ansi-light" if light else "ansi-dark"


def _has_many_colours(environment: Mapping[str, str]) -> bool:
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return True
    return any(word in environment.get("TERM", "") for word in _RICH_TERMINALS)
