"""The pages that are mutated, and the table of what became of them: ``PYTHONPATH=. python tests/mutating.py 20000``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import make_pages
import render
from mutations import KINDS, OUTCOMES, NotHere, Outcome, Sample, judge, mutant

from db.claims import Page
from scraper import tree
from scraper.sources import registry

RECORDED: Final = Path(__file__).parent.parent.parent / "shared"
_NOW: Final = "2026-07-24T00:00:00Z"
# Small pages whose releases lie after the pages of July 2026, or whose parser needs what a tree would not give it.
_READ_AT: Final = "2026-07-23T12:00:00Z"


def _pages(folder: Path) -> Iterator[Page]:
    """The pages of a saved tree, under their names."""
    for url, file in tree.addresses(folder):
        for source in registry().values():
            spec = next((spec for spec in source.pages if any(tree.find(folder, address) == file for address in spec.addresses)), None)
            spec = spec or source.page_at(url)
            if spec is not None and not source.is_embedded:
                yield tree.read(file, source=source.source, page_url=spec.page_url, url=url, now="2026-11-20T00:00:00Z")
                break


def _of_tree(name: str, folder: Path) -> list[Sample]:
    found = [Sample(f"{name}/{page.source}/{page.page_url.rpartition('/')[2][-40:]}", page) for page in _pages(folder)]
    world = [(sample.page, claim) for sample in found for claim in sample.claims]
    for sample in found:
        sample.world = world
    return found


def _small() -> Iterator[Sample]:
    """The small rendered pages that are accepted."""
    for name, rendered in make_pages.pages().items():
        source = registry()[name.partition("/")[0]]
        if "/refused" in name:
            continue
        spec = next((spec for spec in source.pages if rendered.url in {*spec.addresses, spec.page_url}), None) or source.page_at(rendered.url)
        page_url = spec.page_url if spec else rendered.url
        page = Page(source.source, page_url, rendered.asked or rendered.url, rendered.url, _READ_AT, 200, rendered.bytes())
        sample = Sample(f"small/{name}", page)
        sample.world = [(page, claim) for claim in sample.claims]
        yield sample


@cache
def samples() -> tuple[Sample, ...]:
    """Every page that is mutated: rendered ones, and recorded ones where they lie beside the project."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for generation in ("old", "new"):
            render.write_world(Path(folder, generation), generation)
            found += _of_tree(generation, Path(folder, generation))
    for name in ("pages", "pages-2026-05"):
        if (RECORDED / name).is_dir():
            found += _of_tree(f"recorded {name}", RECORDED / name)
    return tuple([*found, *_small()])


class Done(NamedTuple):
    """A mutation and what became of it."""

    seed: int
    sample: str
    kind: str
    outcome: Outcome


def run(count: int, first_seed: int = 1, only: str = "") -> Iterator[Done]:
    """So many mutations: the kinds take turns, each on the pages that have what it mutates."""
    by_kind = {name: [s for s in samples() if kind in s.kinds] for name, kind in KINDS.items() if only in name}
    made, seed = 0, first_seed - 1
    while made < count:
        seed += 1
        for name, found in by_kind.items():
            if not found or made >= count:
                continue
            for shift in range(4):  # a page may have nothing of the kind
                sample = found[(seed * 7 + len(name) + shift * 5) % len(found)]
                try:
                    mutated = mutant(sample, KINDS[name], seed)
                except (NotHere, IndexError, ValueError):
                    continue
                made += 1
                yield Done(seed, sample.name, name, judge(sample, mutated))
                break


def table(done: list[Done]) -> str:
    """Kinds and outcomes, as markdown."""
    lines = ["| kind | intent | all | " + " | ".join(OUTCOMES) + " |", "|---|---|" + "---:|" * (len(OUTCOMES) + 1)]
    counted = Counter((d.kind, d.outcome.what) for d in done)
    for name in KINDS:
        figures = [counted[name, what] for what in OUTCOMES]
        if sum(figures):
            lines.append(f"| {name} | {KINDS[name].intent} | {sum(figures)} | " + " | ".join(str(n or "") for n in figures) + " |")
    figures = [sum(counted[name, what] for name in KINDS) for what in OUTCOMES]
    lines.append(f"| **all** | | **{sum(figures)}** | " + " | ".join(f"**{n}**" for n in figures) + " |")
    return "\n".join(lines)


def main(count: int) -> None:
    done = list(run(count, int(os.environ.get("HOTPATCH_KB_MUTATIONS_SEED", "1")), os.environ.get("ONLY", "")))
    print(table(done))
    for d in done:
        if d.outcome.what == "silent" or d.outcome.stumbled:
            print(f"{'STUMBLED' if d.outcome.stumbled else 'SILENT'} seed {d.seed}, {d.kind}, {d.sample}: {d.outcome.why[:400]}", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
