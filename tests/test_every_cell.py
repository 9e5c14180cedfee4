"""Each cell, entry and label of every page made unreadable: it alone is lost, and it is in quarantine.

``HOTPATCH_KB_CELLS`` says how many (``.ci/long``: all of them); an ordinary run takes a sample. The recorded pages are among them where they are.
A page of 1,175 rows takes 0.4 s to read, and there are 38,000 texts. So twelve texts of one page, far apart, are made unreadable together: what
twelve cost together must be what each may cost alone. A group in which that cannot be told is tried again one text at a time.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import mutating
import pytest
from helpers.mutations import Sample

from hotpatch_kb.db.model.claims import Claim
from hotpatch_kb.scraper.sources import registry

COUNT: Final = os.environ.get("HOTPATCH_KB_CELLS", "30")
SEED: Final = int(os.environ.get("HOTPATCH_KB_MUTATIONS_SEED", "1"))
TOGETHER: Final = 12
# A group's texts are at least this many apart, so that no two are of one row.
APART: Final = 40
# One element and what is in it: a cell of Learn's tables, an entry or a category of a navigation, the label of a table, a time of a feed.
_CELL: Final = re.compile(r"<(?P<tag>td)\b[^>]*>(?P<inner>.*?)</(?P=tag)>", re.DOTALL)
_ENTRY: Final = re.compile(r'<(?P<tag>li) class="\w+LeftNavArticle[^>]*>(?P<inner>.*?)</(?P=tag)>', re.DOTALL)
_CATEGORY: Final = re.compile(r'<(?P<tag>div) class="\w+LeftNavCategoryTitle[^>]*>(?P<inner>.*?)</(?P=tag)>', re.DOTALL)
_LABEL: Final = re.compile(r"<(?P<tag>strong|h3|h4)\b[^>]*>(?P<inner>[^<]*\(OS build \d+\)[^<]*)</(?P=tag)>")
_MARKDOWN_LABEL: Final = re.compile(r"^\*\*(?P<inner>[^*\n]*\(OS build \d+\)[^*\n]*)\*\*\r?$", re.MULTILINE)
_ROW: Final = re.compile(r"^\|(?!\s*-).*$", re.MULTILINE)
_OF_FEED: Final = re.compile(r"<(?P<tag>published|updated)\b[^>]*>(?P<inner>[^<]+)</(?P=tag)>")


class Place(NamedTuple):
    """A text of a page that is made unreadable: from where to where, and whether it names a whole section."""

    begin: int
    end: int
    is_label: bool


def _places(sample: Sample) -> Iterator[Place]:
    """Yield the places of a page, those in markup by what is between their tags."""
    text, source = sample.page.body.decode("utf-8", "replace"), sample.page.source
    if source == "support_navigation":
        yield from _found(_ENTRY, text, is_label=False)
        yield from _found(_CATEGORY, text, is_label=True)
    elif source in {"learn_release_info", "learn_hotpatch"} and text.lstrip().startswith("<"):
        main = text.find("<main")
        yield from (place for place in _found(_CELL, text, is_label=False) if place.begin > main)
        yield from _found(_LABEL, text, is_label=True)
    elif source in {"learn_release_info", "learn_hotpatch"}:
        headers = {match.end() for match in re.finditer(r"^\|.*(?=\r?\n\|\s*:?-)", text, re.MULTILINE)}
        for row in _ROW.finditer(text):
            if row.end() not in headers and row.end() - row[0].endswith("\r") not in headers:
                bars = [row.start() + place.start() for place in re.finditer(r"(?<!\\)\|", row[0])]
                yield from (Place(a + 1, b, False) for a, b in itertools.pairwise(bars))
        yield from _found(_MARKDOWN_LABEL, text, is_label=True)
    elif source == "support_feeds":
        yield from (place for place in _found(_OF_FEED, text, is_label=False) if place.begin > text.find("<entry"))
    elif source in {"support_toc", "graph_updates", "azure_retail_prices"}:
        keys = {
            "support_toc": "toc_title",
            "graph_updates": "id|releaseDateTime",
            "azure_retail_prices": "unitOfMeasure|effectiveStartDate|type",
        }
        for place in _found(re.compile(rf'"(?:{keys[source]})":\s*"(?P<inner>[^"\\]+)"'), text, is_label=False):
            is_category = source == "support_toc" and not re.search(r"KB ?\d|—|\d, 20\d\d", text[place.begin : place.end])
            yield place._replace(is_label=is_category)


def _found(pattern: re.Pattern[str], text: str, *, is_label: bool) -> Iterator[Place]:
    return (Place(*match.span("inner"), is_label) for match in pattern.finditer(text) if re.sub(r"<[^>]*>|\s|&nbsp;", "", match["inner"]))


def _unreadable(sample: Sample, places: Iterable[Place]) -> bytes:
    """Return the page with each text replaced by question marks, two for the first and one more for each further one; tags stay."""
    text = sample.page.body.decode("utf-8", "replace")
    marked = [("??" + "?" * number, place) for number, place in enumerate(sorted(places))]
    for mark, place in reversed(marked):
        parts = re.split(r"(<[^>]*>|\[|\]\([^)]*\))", text[place.begin : place.end])
        words = [number for number, part in enumerate(parts) if number % 2 == 0 and part.strip()]
        parts = [part if number % 2 else "" for number, part in enumerate(parts)]
        if words:
            parts[words[0]] = mark
        text = text[: place.begin] + "".join(parts) + text[place.end :]
    return text.encode()


def _values(claims: list[Claim]) -> set[tuple[str, str, str, str | None]]:
    """What claims say. How many entries of a feed were skipped is no statement of its own."""
    return {(c.section, c.subject, c.field.partition("#")[0], c.value) for c in claims if not c.subject.startswith("feed/")}


class _Cost(NamedTuple):
    """What a page with unreadable texts lost: rows, quarantined entries that are new, and what it stated that it did not state before."""

    rows: set[tuple[str, int]]
    values: set[tuple[str, str, str, str | None]]
    odd: set[str]
    new: set[tuple[str, str, str, str | None]]


def _cost(sample: Sample, places: Sequence[Place]) -> _Cost:
    before = sample.claims
    after = list(registry()[sample.page.source].parse(sample.page._replace(body=_unreadable(sample, places))))
    known, left = _values(before), _values(after)
    odd = {claim.subject for claim in after if claim.subject.startswith("quarantine/")} - {claim.subject for claim in before}
    is_label = any(place.is_label for place in places)
    rows: dict[tuple[str, str, str, str | None], set[tuple[str, int]]] = defaultdict(set)
    for claim in before:
        # A label is of all tables of its version: "Hotpatch calendar 2026: Windows 11, version 25H2".
        place_of = (claim.section.rpartition(": ")[2], 0) if is_label else (claim.section, claim.row)
        rows[claim.section, claim.subject, claim.field.partition("#")[0], claim.value].add(place_of)
    lost = known - left
    return _Cost({row for value in lost for row in rows[value]}, lost, odd, {value for value in left - known if value[1] not in odd})


def _faults(sample: Sample, places: Sequence[Place]) -> Iterator[str]:
    """Yield what is wrong of a page with unreadable texts; nothing where each text is lost alone, and is in quarantine."""
    fault = ""
    try:
        cost = _cost(sample, places)
    except Exception as error:  # noqa: BLE001 (whatever a parser raises is a fault)
        fault = f"refuses the page: {error!r}"
    else:
        if not cost.new and len(cost.rows) == len(cost.odd) <= len(places):
            return
    if len(places) > 1:
        for place in places:
            yield from _faults(sample, [place])
        return
    if not fault and cost.new:
        fault = f"states what it did not state: {sorted(map(str, cost.new))[:3]}"
    elif not fault and len(cost.rows) > 1:
        fault = f"loses more than one row: {sorted(cost.rows)[:4]}"
    elif not fault and cost.values and not cost.odd:
        fault = f"loses without a word: {sorted(map(str, cost.values))[:3]}"
    if fault:
        text = sample.page.body.decode("utf-8", "replace")[places[0].begin : places[0].end]
        yield f"{sample.name}: {text.strip()[:80]!r} unreadable: {fault}"


def _groups(sample: Sample) -> list[list[Place]]:
    """Return all places of a page in groups of up to TOGETHER, at least APART from one another; each label by itself."""
    places = sorted(_places(sample))
    labels, texts = [[place] for place in places if place.is_label], [place for place in places if not place.is_label]
    stride = max(APART, -(-len(texts) // TOGETHER))
    return labels + [texts[first::stride] for first in range(min(stride, len(texts)))]


def _samples() -> list[Sample]:
    sources = {
        "support_navigation",
        "learn_release_info",
        "learn_hotpatch",
        "support_feeds",
        "support_toc",
        "graph_updates",
        "azure_retail_prices",
    }
    found = [*mutating.samples(), *mutating.more_recorded()]
    return [sample for sample in found if sample.page.source in sources and len(sample.claims) > 6]


def _chosen(everything: list[tuple[Sample, list[Place]]]) -> list[tuple[Sample, list[Place]]]:
    """Return the groups that are tried: all of them, or as many of each page as of any other, at random."""
    if COUNT == "all":
        return everything
    draw = random.Random(SEED)
    by_page: dict[str, list[tuple[Sample, list[Place]]]] = defaultdict(list)
    for sample, places in draw.sample(everything, len(everything)):
        by_page[sample.name].append((sample, places))
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_page.values()))
    return list(itertools.islice((tried for tried in turns if tried), int(COUNT)))


def test_each_unreadable_text_costs_itself_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how many were tried, by source."""
    everything = [(sample, places) for sample in _samples() for places in _groups(sample)]
    counts: dict[str, int] = defaultdict(int)
    faults = []
    for sample, places in _chosen(everything):
        counts[sample.page.source] += len(places)
        faults += _faults(sample, places)
    total = sum(len(places) for _, places in everything)
    with capsys.disabled():
        print(f"\n{sum(counts.values())} of {total} texts made unreadable: {json.dumps(dict(sorted(counts.items())))}")
    assert not faults, "\n".join(faults)


def test_every_kind_of_page_has_texts_to_try() -> None:
    kinds: dict[str, Any] = defaultdict(int)
    for sample in _samples():
        kinds[sample.page.source] += sum(1 for _ in _places(sample))
    assert {source for source, count in kinds.items() if count > 3} == {sample.page.source for sample in _samples()}
    assert {"support_navigation", "learn_release_info"} <= kinds.keys()
