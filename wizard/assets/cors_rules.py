"""CORS rules for an instance's pages: which, merged how, and whether they let them in."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.storage.bucket import CorsRule

# What browsers ask for fonts with, the only files of BookWyrm's that need CORS.
_METHODS = ("GET", "HEAD")


def rule_for(origin: str) -> dict[str, object]:
    """Return the rule that lets one origin read.

    One rule for each origin: Garage joins those of a rule into one header,
    which browsers reject.
    """
    return {
        "AllowedOrigins": [origin],
        "AllowedMethods": list(_METHODS),
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": 3000,
    }


def covers(rules: Sequence[CorsRule], origin: str) -> bool:
    """Tell whether some rule lets this origin read."""
    return any(
        set(_METHODS) <= set(rule.get("AllowedMethods", ()))
        and any(fnmatchcase(origin, _as_glob(o)) for o in rule.get("AllowedOrigins", ()))
        for rule in rules
    )


def merged(rules: Sequence[CorsRule], wanted: Sequence[str]) -> list[CorsRule]:
    """Return the rules that are there, and one more for each origin that none of them lets in."""
    return [*rules, *(rule_for(origin) for origin in wanted if not covers(rules, origin))]


def without(rules: Sequence[CorsRule], added: Sequence[CorsRule]) -> list[CorsRule]:
    """Return the rules without those that were added."""
    gone = [_essence(rule) for rule in added]
    return [rule for rule in rules if _essence(rule) not in gone]


def _essence(rule: CorsRule) -> tuple[frozenset[str], ...]:
    """Return the part of a rule that every service keeps as it was sent."""
    return (frozenset(rule.get("AllowedOrigins", ())), frozenset(rule.get("AllowedMethods", ())))


def _as_glob(allowed: str) -> str:
    """Return an origin as a pattern, where only S3's one wildcard, the star, means something."""
    return allowed.replace("[", "[[]").replace("?", "[?]")
