"""CORS rules: whom they let in, what is added to them and taken away again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wizard.assets.cors_rules import covers, document, merged, rule_for, without
from wizard.storage.bucket import CorsRule
from wizard.storage.providers import CorsDocument

ORIGINS = st.sampled_from(
    [f"{scheme}://{host}" for scheme in ("http", "https") for host in ("a.org", "b.org", "c.a.org")]
)
RULES = st.lists(
    st.builds(
        lambda origins, methods: {"AllowedOrigins": origins, "AllowedMethods": methods},
        st.lists(st.one_of(ORIGINS, st.just("*"), st.just("https://*.a.org")), max_size=3),
        st.lists(st.sampled_from(["GET", "HEAD", "PUT"]), unique=True, max_size=3),
    ),
    max_size=4,
)


@given(RULES, st.lists(ORIGINS, unique=True, max_size=3), st.booleans())
def test_afterwards_all_are_let_in_and_nothing_is_taken_away(
    rules: list[CorsRule], wanted: list[str], joined: bool
) -> None:
    after = merged(rules, wanted, joined=joined)
    assert all(covers(after, origin, joined=joined) for origin in wanted)
    added = len(after) - len(rules)
    assert (after[added:] if joined else after[: len(rules)]) == rules
    again = merged(after, wanted, joined=joined)
    assert again == after, "the second time there is nothing to do"


@given(RULES, st.lists(ORIGINS, unique=True, max_size=3))
def test_what_was_added_is_taken_away_again(rules: list[CorsRule], wanted: list[str]) -> None:
    added = merged(rules, wanted)[len(rules) :]
    left = without(merged(rules, wanted), added)
    assert left == [rule for rule in rules if without([rule], added)]


def test_a_star_is_the_only_wildcard() -> None:
    rules = [{**rule_for(""), "AllowedOrigins": ["https://*.a.org", "https://?[a-z].org"]}]
    assert covers(rules, "https://books.a.org")
    assert not covers(rules, "https://a.org")
    assert not covers(rules, "https://xb.org")


def test_a_rule_for_other_methods_lets_no_font_be_used() -> None:
    rules = [{**rule_for("https://a.org"), "AllowedMethods": ["GET", "PUT"]}]
    assert not covers(rules, "https://a.org"), "browsers ask with HEAD, too"


def test_the_document_has_the_form_that_the_console_takes() -> None:
    rules = [rule_for("https://a.org"), rule_for("https://b.org")]
    assert json.loads(document(rules, CorsDocument.CLI)) == {"CORSRules": rules}
    assert json.loads(document(rules, CorsDocument.ARRAY)) == rules
    first, _ = json.loads(document(rules, CorsDocument.GCS))
    assert first == {
        "origin": ["https://a.org"],
        "method": ["GET", "HEAD"],
        "responseHeader": ["Content-Type"],
        "maxAgeSeconds": 3000,
    }
