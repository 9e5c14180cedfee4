"""What is fuzzed: the grammar, queries, and the parser of every source. A target takes bytes and must end, soon, with what it promises.

A parser raises ``UnexpectedPage`` or states claims, of which every value is text and every subject has its parts; a query raises
``BadInput`` or is read. Anything else that is raised, and a second of work on some 4 kB, is a finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from hotpatch_kb.db.claims import checks
from hotpatch_kb.db.model import notation, product_names, products
from hotpatch_kb.db.model import titles as title_notation
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput, UnexpectedPage
from hotpatch_kb.db.model.queries import read_query
from hotpatch_kb.scraper.sources import registry, unread

TIMES: Final = "2026-07-23T12:00:00Z"
SLOW: Final = 1.0  # seconds for one input; the slowest page takes a twentieth of it

Target = Callable[[bytes], None]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def titles(data: bytes) -> None:
    text = _text(data)
    for in_hotpatch_line in (False, True):
        try:
            read = title_notation.title(text, in_hotpatch_line=in_hotpatch_line)
        except UnexpectedPage:
            continue
        assert read.kb is not None or read.kind == "baseline", text
        assert read.date is None or len(read.date) == 10, text


def cells(data: bytes) -> None:
    text = _text(data)
    for read in (
        notation.build,
        notation.kb,
        notation.iso_date,
        title_notation.update_type,
        title_notation.calendar_type,
        notation.month_number,
        notation.iso_date_or_month,
    ):
        try:
            read(text)
        except UnexpectedPage:
            continue
    notation.long_dates_in(text)
    notation.kbs_in(text)
    notation.builds_in(text)


def names(data: bytes) -> None:
    text = _text(data)
    product_names.read_name(text)
    products.heading(text, "win11")
    try:
        products.products_in(text)
    except UnexpectedPage:
        return


def addresses(data: bytes) -> None:
    text = _text(data)
    for read in (title_notation.guid_of, title_notation.help_kb, title_notation.slug_builds, title_notation.slug_kb):
        read(text)


def queries(data: bytes) -> None:
    try:
        read_query(_text(data))
    except BadInput as error:
        message = str(error)
    else:
        return
    assert "\n" not in message, message


def _parser(name: str, page_url: str) -> Target:
    source = registry()[name]

    def parse(data: bytes) -> None:
        page = Page(name, page_url, page_url, page_url, TIMES, 200, data)
        try:
            claims = list(source.parse(page))
        except UnexpectedPage as error:
            message = str(error)
            if "expected" not in message:
                raise AssertionError(message) from error
            return
        for claim in claims:
            assert claim.value is None or isinstance(claim.value, str), claim
            assert claim.subject.count("/") >= 1, claim
        counts = checks.count(claims)
        found = unread(source, page, claims)
        checks.check_page(page, claims, now=counts, before=counts, at_least=source.at_least, unread=found)
        source.stated_since(page)
        try:
            list(source.follow(page))
        except UnexpectedPage:
            return

    return parse


def _page_url(name: str) -> str:
    source = registry()[name]
    fixed = {
        "support_article": "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/kb5087423",
        "msrc_cvrf": "https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2025-Dec",
    }
    return fixed.get(name) or source.pages[0].page_url


TARGETS: Final[dict[str, Target]] = {
    "titles": titles,
    "cells": cells,
    "names": names,
    "addresses": addresses,
    "queries": queries,
} | {name: _parser(name, _page_url(name)) for name, source in registry().items() if not source.is_embedded}


def timed(name: str, data: bytes) -> None:
    """One input of a target. What is slow is done again, since other work of the machine is slow too.

    Raises:
        AssertionError: it took longer than ``SLOW`` thrice.
    """
    for _ in range(3):
        began = time.thread_time()
        TARGETS[name](data)
        if (took := time.thread_time() - began) < SLOW:
            return
    raise AssertionError(f"expected {name} to read {len(data)} bytes within {SLOW} s, took {took:.1f} s")
