"""What the fuzzer starts from and what it found: nothing is raised but what is promised, and nothing takes long.

Coverage-guided by ``tests/fuzz/fuzz.py``, an hour of it in ``.ci/long`` (``HOTPATCH_KB_FUZZ_SECONDS``); here its targets alone, on
their seeds with a few random changes.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "fuzz"))

import fuzz
import targets

DEEP = 100_000
# What the fuzzer or the bombs found, each by what it did.
FOUND = {
    # ValueError of urlsplit, for which the whole page was refused
    "a link with half an IPv6 address": ("learn_release_info", b"# a release history\n**Version 25H2 (OS build 26200)**\n| Update type | Availability date | Build | KB article |\n|---|---|---|---|\n| 2026-07 B | 2026-07-14 | 26200.8875 | [KB5101650](https://[support.microsoft.com/help/5101650) |\n"),
    # IndexError
    "a tab panel without a name": ("support_article", b"<main><h1>May 12, 2026\xe2\x80\x94Hotpatch KB5087423 (OS Build 26100.32772)</h1><section id='tabpanel_'><table><tr><td>Yes</td></tr></table></section></main>"),
    # UnicodeDecodeError
    "markdown in UTF-16": ("learn_release_info", "# a release history\n| Build |\n".encode("utf-16")),
    # UnicodeDecodeError of ``stated_since``, which nothing caught: the run died
    "a date of change that is no UTF-8": ("learn_release_info", b'<html><meta name="updated_at" content="2026-\x8407-19T03:21:00Z" /><main><h2>a release history</h2><strong>Version 25H2 (OS build 26200)</strong><table><tr><th>Update type</th><th>Availability date</th><th>Build</th><th>KB article</th></tr><tr><td>2026-07 B</td><td>2026-07-14</td><td>26200.8875</td><td>KB5101650</td></tr></table></main></html>'),
    # ValueError of lxml
    "a comment as the first cell": ("support_article", "<main><h1>May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)</h1><section id='tabpanel_1_catalog'><table><tr><!-- x --><th>Available</th></tr></table></section></main>".encode()),
    # IndexError
    "a row of issues without cells": ("support_article", b"<main><h1>May 12, 2026\xe2\x80\x94KB5087539 (OS Build 26100.32860)</h1><h2>Known issues</h2><table><tr><th>Symptom</th><th>Workaround</th></tr><tr></tr></table></main>"),
    # RecursionError
    "a nest of lists": ("support_toc", b"[" * DEEP),
    # ValueError of int
    "a number of many digits": ("support_toc", b"1" * DEEP),
}  # fmt: skip
NESTS = {
    "div": b"<html><body><main>" + b"<div>" * DEEP,
    "category": b"<html><body>" + b'<div class="learnRenderLeftNavCategory">' * DEEP,
    "sup": b"<html><body><main><h2>Windows release history</h2><table><tr><td>" + b"<sup>" * DEEP + b"1",
    "details": b"<html><body><main><h1>May 12, 2026 KB5087423</h1><h2>Known issues</h2>" + b"<details><summary>x</summary>" * DEEP,
    "lists": b"[" * DEEP,
    "objects": b'{"value":' * DEEP,
    "elements": b'<feed xmlns="http://www.w3.org/2005/Atom">' + b"<a>" * DEEP,
    "cells": b"# a release history\n" + b"|" * DEEP,
    "blanks": b"OS Build " * (DEEP // 10),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found(name: str) -> None:
    targets.timed(*FOUND[name])


@pytest.mark.parametrize("target", targets.TARGETS)
def test_seeds_and_what_is_near_them(target: str) -> None:
    draw = random.Random(f"fuzz {target}")
    seeds = fuzz.seeds(target)
    for data in draw.sample(seeds, min(len(seeds), 8)):
        targets.timed(target, data)
        place = draw.randrange(len(data) + 1)
        targets.timed(target, data[:place])
        targets.timed(target, data[:place] + draw.randbytes(3) + data[place:])


@pytest.mark.parametrize("nest", NESTS)
def test_nests_and_rows_without_end(nest: str) -> None:
    for target in targets.TARGETS:
        targets.TARGETS[target](NESTS[nest])
