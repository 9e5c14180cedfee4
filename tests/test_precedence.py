"""The order of belief: each rule decides where all rules before it are undecided, whatever comes after it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hotpatch_kb.db.facts.precedence import Belief, Precedence
from hotpatch_kb.db.facts.snapshots import StoredClaim
from hotpatch_kb.db.facts.tables import FactTables
from hotpatch_kb.db.model.claims import Correction

SUBJECT = "release/ws2025/5087423/26100.32772"
CORRECTION = Correction(7, "graph", SUBJECT, "build", "26100.9", "26100.7", "a typing error", "https://example.com", "2026-07-24")
PRECEDENCE = Precedence({"learn": 100, "navigation": 200, "graph": 500}, [CORRECTION])


def claim(value: str, source: str = "navigation", page: str = "https://b", *, field: str = "build", at: str = "2026-07-23") -> StoredClaim:
    time = f"{at}T12:00:00Z"
    number = hash((value, source, page, field, at))
    return StoredClaim(number, source, page, "table", SUBJECT, field, value, value, None, time, time, None)


def is_sane(value: str) -> bool:
    return value.startswith("26100.")


# What is believed, what loses, the rule. The loser is better by every later rule that the two can differ in.
RULES = [
    (claim("26100.9", "graph", "https://c"), claim("26100.1", "learn", "https://a", at="2026-07-24"), "correction"),
    (claim("26100.1", "graph", "https://c"), claim("20348.1", "learn", "https://a", at="2026-07-24"), "sanity"),
    (claim("26100.1", "learn", "https://c"), claim("26100.2", "navigation", "https://a", at="2026-07-24"), "precedence"),
    (claim("26100.1", "graph"), claim("26100.2", "learn", "https://a", field="slug_build", at="2026-07-24"), "slug"),
    (claim("26100.1", "graph"), claim("26100.2", "learn", "https://a", field="link_build", at="2026-07-24"), "link_text"),
    (claim("26100.1", "graph"), claim("20348.2", "learn", "https://a", field="slug_build"), "slug"),
    (claim("26100.1", "navigation"), claim("26100.2", "learn", "https://a", field="page_title_build", at="2026-07-24"), "precedence"),
    (claim("26100.1", page="https://b", at="2026-07-24"), claim("26100.2", page="https://a"), "later_page"),
    (claim("26100.1", page="https://a"), claim("26100.2", page="https://b"), "address"),
]


@pytest.mark.parametrize(("won", "lost", "rule"), RULES, ids=[f"{rule}-{place}" for place, (*_, rule) in enumerate(RULES)])
def test_the_first_rule_that_differs_decides(won: StoredClaim, lost: StoredClaim, rule: str) -> None:
    for claims in itertools.permutations((won, lost)):
        assert PRECEDENCE.in_order(claims, is_sane) == [won, lost]
    belief = Belief(PRECEDENCE, FactTables())
    value = "26100.7" if won.value == "26100.9" else won.value
    assert belief.pick(SUBJECT, "build", [lost, won], is_sane) == value
    assert belief.facts.fact_claims == {(SUBJECT, won.claim)}
    conflict = belief.facts.conflicts[SUBJECT, "build", won.claim, lost.claim]
    assert (conflict["value_won"], conflict["value_lost"], conflict["rule"]) == (value, lost.value, rule)
    assert conflict["correction"] == (CORRECTION.correction if rule == "correction" else None)


def test_claims_that_are_gone_count_where_no_page_states_the_field() -> None:
    gone = claim("26100.1", "learn")._replace(gone_at="2026-07-25T12:00:00Z")
    later = claim("26100.2", "graph", at="2026-07-24")._replace(gone_at="2026-07-25T12:00:00Z")
    assert PRECEDENCE.in_order([gone, claim("26100.3", "graph")]) == [claim("26100.3", "graph")]
    assert PRECEDENCE.in_order([gone, later]) == [later]  # what was stated last, not what the better source stated


def test_a_value_that_cannot_be_right_is_not_believed() -> None:
    belief = Belief(PRECEDENCE, FactTables())
    assert belief.pick(SUBJECT, "build", [claim("20348.1")], is_sane) is None
    assert belief.pick(SUBJECT, "build", [], is_sane) is None


def test_every_rule_is_explained() -> None:
    text = Path(__file__, "../../docs/how-facts-are-believed.md").resolve().read_text(encoding="utf-8")
    order = [f"`{rule}`" for rule in ("correction", "sanity", "precedence", "later_page", "address")]
    places = [text.index(f"{number}. {rule}") for number, rule in enumerate(order, 1)]
    assert places == sorted(places)
    assert [rule for *_, rule in RULES if f"`{rule}`" not in text] == []
