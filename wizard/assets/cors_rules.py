"""CORS rules for an instance's pages: which, merged how, and whether they let them in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from wizard.storage.providers import CorsDocument

if TYPE_CHECKING:
    from wizard.step import Context
    from wizard.storage.bucket import CorsRule

# What browsers ask for fonts with, the only files of BookWyrm's that need CORS.
_METHODS = ("GET", "HEAD")


def rule_for(origin: str) -> dict[str, object]:
    """Return the rule that lets one origin read: one for each, for servers that join origins."""
    return {
        "AllowedOrigins": [origin],
        "AllowedMethods": list(_METHODS),
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": 3000,
    }


def covers(rules: Sequence[CorsRule], origin: str, *, joined: bool = False) -> bool:
    """Tell whether some rule lets this origin read.

    `joined`: the server answers with all origins of the first rule that it finds, in one header,
    which browsers reject unless it is a single one.
    """
    if joined:
        first = next((rule for rule in rules if _is_found(rule, origin)), None)
        return first is not None and len(first["AllowedOrigins"]) == 1 and _lets_read(first)
    return any(
        _lets_read(rule)
        and any(fnmatchcase(origin, _as_glob(o)) for o in rule.get("AllowedOrigins", ()))
        for rule in rules
    )


def merged(
    rules: Sequence[CorsRule], wanted: Sequence[str], *, joined: bool = False
) -> list[CorsRule]:
    """Return the rules that are there, and one more for each origin that none of them lets in.

    Where the server's answers are `joined`, ours come first.
    """
    ours = [rule_for(origin) for origin in wanted if not covers(rules, origin, joined=joined)]
    return [*ours, *rules] if joined else [*rules, *ours]


def _lets_read(rule: CorsRule) -> bool:
    return set(_METHODS) <= set(rule.get("AllowedMethods", ()))


def _is_found(rule: CorsRule, origin: str) -> bool:
    """Tell whether Garage takes this rule for a GET (`cors_rule_matches`; it knows no patterns)."""
    asked = bool({"GET", "*"} & set(rule.get("AllowedMethods", ())))
    return asked and bool({origin, "*"} & set(rule.get("AllowedOrigins", ())))


def without(rules: Sequence[CorsRule], added: Sequence[CorsRule]) -> list[CorsRule]:
    """Return the rules without those that were added."""
    gone = [_essence(rule) for rule in added]
    return [rule for rule in rules if _essence(rule) not in gone]


def document_by_hand(context: Context) -> str:
    """Return the rules for the instance's pages as the console of its storage takes them."""
    form = context.service.cors_document
    return document(merged([], context.instance.origins), form)


def document(rules: Sequence[CorsRule], form: CorsDocument) -> str:
    """Return rules as text in the form that a service's console, or its program, takes."""
    plain: list[Any] = [dict(rule) for rule in rules]
    shown: Any = {"CORSRules": plain}
    if form is CorsDocument.ARRAY:
        shown = plain
    if form is CorsDocument.GCS:
        shown = [_as_googles(rule) for rule in plain]
    return json.dumps(shown, indent=2)


def _as_googles(rule: CorsRule) -> dict[str, object]:
    """Return a rule as Google Cloud Storage has it.

    Its `responseHeader` is what a page may read of an answer, besides those that it always may.
    """
    return {
        "origin": rule["AllowedOrigins"],
        "method": rule["AllowedMethods"],
        "responseHeader": ["Content-Type"],
        "maxAgeSeconds": rule.get("MaxAgeSeconds", 3000),
    }


def _essence(rule: CorsRule) -> tuple[frozenset[str], ...]:
    """Return the part of a rule that every service keeps as it was sent."""
    return (frozenset(rule.get("AllowedOrigins", ())), frozenset(rule.get("AllowedMethods", ())))


def _as_glob(allowed: str) -> str:
    """Return an origin as a pattern, where only S3's one wildcard, the star, means something."""
    return allowed.replace("[", "[[]").replace("?", "[?]")
