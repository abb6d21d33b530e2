"""What the terminal can do, found out before textual is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_RICH_TERMINALS = ("256color", "kitty", "direct", "ghostty", "alacritty")
_LIGHT_BACKGROUNDS = {"7", "15"}  # COLORFGBG, as rxvt, konsole and others set it


def why_not(environment: Mapping[str, str] = os.environ) -> str:
    """Why the wizard cannot be shown here; "" where it can."""
    # Textual draws on standard error.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return "The wizard needs a terminal, and input or output is not one."
    if environment.get("TERM", "") in ("", "dumb", "unknown"):
        return (
            f"The wizard needs a terminal that can draw; TERM is “{environment.get('TERM', '')}”."
        )
    return ""


def instead(folder: str) -> str:
    """What to do where the wizard cannot be shown."""
    return (
        f"The same steps run without a screen:\n"
        f"  bw-s3 run {folder} --dry-run   shows what each step would change\n"
        f"  bw-s3 run {folder} --yes       does it\n"
        f"  bw-s3 status {folder}          says where the migration stands"
    )


def is_fragile(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a dropped line would end the wizard: SSH without tmux or screen."""
    remote = bool(environment.get("SSH_CONNECTION"))
    return remote and not (environment.get("TMUX") or environment.get("STY"))


def speaks_utf8(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale is UTF-8, by the variables in the order the C library takes them."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environment.get(name):
            return value.lower().replace("-", "").endswith("utf8") or ".utf8" in value.lower()
    return False


def theme(environment: Mapping[str, str] = os.environ) -> str:
    """The name of the theme that suits this terminal: its colours, its background."""
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
