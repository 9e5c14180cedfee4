"""Mutate pages and tabulate the outcomes: ``python tests/mutating.py 20000`` writes docs/mutations.md."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import make_pages
from helpers import recorded, render
from helpers.mutations import KINDS, OUTCOMES, NotHere, Outcome, Sample, judge, mutant

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.scraper.crawl.reading import saved_tree
from hotpatch_kb.scraper.sources import PageSpec, Source, registry

ROOT: Final = Path(__file__).parent.parent
_READ_AT: Final = "2026-10-23T12:00:00Z"  # for pages that no tree dates; the newest was recorded in October 2026
_TRIES: Final = 4  # pages on which a kind is tried in its turn: not every page has what it mutates
_SUPPORT: Final = "https://support.microsoft.com/en-us/servicing/os"
# Recorded answers that are in no tree: file, source, address.
_SAMPLES: Final = (
    ("support-toc-json/windows11-servicing-toc-live-sample.json", "support_toc", f"{_SUPPORT}/windows-11/toc.json"),
    ("msrc-cvrf/2026-Jun.cvrf-sample.json", "msrc_cvrf", "https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Jun"),
    (
        "support-kb-article-html/kb5101650_new_layout_oddities.html",
        "support_article",
        f"{_SUPPORT}/windows-11/2026/07/july-14-2026-kb5101650",
    ),
    ("support-kb-article-html/kb_servicing_layout.html", "support_article", f"{_SUPPORT}/windows-11/2026/07/kb-servicing-layout"),
    ("support-kb-article-html/kb_known_issues.html", "support_article", f"{_SUPPORT}/windows-11/2026/07/kb-known-issues"),
)


def _spec(source: Source, folder: Path, file: Path, url: str) -> PageSpec | None:
    fixed = (spec for spec in source.pages if any(saved_tree.find(folder, address) == file for address in spec.addresses))
    return next(fixed, None) or source.page_at(url)


def _of_tree(name: str, folder: Path) -> list[Sample]:
    """Return the pages of a saved tree, each with the claims of all of them."""
    found = []
    for url, file in saved_tree.addresses(folder):
        for source in registry().values():
            spec = None if source.is_embedded else _spec(source, folder, file, url)
            if spec is not None:
                page = saved_tree.read(file, source=source.source, page_url=spec.page_url, url=url, now="2026-11-20T00:00:00Z")
                found.append(Sample(f"{name}/{page.source}/{page.page_url.rpartition('/')[2][-40:]}", page))
                break
    world = [(sample.page, claim) for sample in found for claim in sample.claims]
    for sample in found:
        sample.world = world
    return found


def _alone(name: str, source: str, url: str, asked: str, body: bytes, world: list[tuple[Page, Claim]]) -> Sample:
    specs = (spec for spec in registry()[source].pages if url in {*spec.addresses, spec.page_url})
    spec = next(specs, None) or registry()[source].page_at(url)
    page = Page(source, spec.page_url if spec else url, asked or url, url, _READ_AT, 200, body)
    sample = Sample(name, page)
    sample.world = [*world, *((page, claim) for claim in sample.claims)]
    return sample


@cache
def samples(*, with_recorded: bool = True) -> tuple[Sample, ...]:
    """Return every page to mutate: rendered ones, and recorded ones where they are at hand."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for generation in ("old", "new"):
            render.write_world(Path(folder, generation), generation)
            found += _of_tree(generation, Path(folder, generation))
    world = found[-1].world
    for name, rendered in make_pages.pages().items():
        if "/refused" not in name and "/quarantined" not in name:  # a page with one fault already is no page to begin with
            found.append(_alone(f"small/{name}", name.partition("/")[0], rendered.url, rendered.asked, rendered.bytes(), world))
    if with_recorded and recorded.are_there():
        for name in ("pages", "pages-2026-05"):
            found += _of_tree(f"recorded {name}", recorded.RECORDED / name)
        for file, source, url in _SAMPLES:
            found.append(_alone(f"recorded samples/{file}", source, url, "", (recorded.RECORDED / "samples" / file).read_bytes(), world))
    return tuple(found)


@cache
def more_recorded() -> tuple[Sample, ...]:
    """Return the recorded pages that the mutations leave out: further versions, Windows 10 with its 1,175 rows."""
    names = ("pages-more", "pages-more-2026-05") if recorded.are_there() else ()
    return tuple(sample for name in names for sample in _of_tree(f"recorded {name}", recorded.RECORDED / name))


class Done(NamedTuple):
    """A mutation and its outcome."""

    seed: int
    sample: str
    kind: str
    outcome: Outcome

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.kind}, {self.sample}: {self.outcome.why[:500]}"


def run(count: int, first_seed: int = 1) -> Iterator[Done]:
    """Yield so many mutations, by seeds that count up. The kinds take turns, each on the pages that have what it mutates."""
    by_kind = {name: [sample for sample in samples() if kind in sample.kinds] for name, kind in KINDS.items()}
    made, seed = 0, first_seed - 1
    while made < count:
        seed += 1
        for turn, (name, found) in enumerate(by_kind.items()):
            for further in range(_TRIES if made < count else 0):
                sample = found[(seed * 7 + turn * 3 + further * 5) % len(found)]
                try:
                    mutated = mutant(sample, KINDS[name], seed)
                except NotHere:
                    continue
                made += 1
                yield Done(seed, sample.name, name, judge(sample, mutated))
                break


def table(done: Sequence[Done]) -> str:
    """Return kinds and outcomes as a Markdown table."""
    counted = Counter((d.kind, d.outcome.what) for d in done)
    lines = [f"| kind | a reader would say | all | {' | '.join(OUTCOMES)} |", "|---|---|---:|" + "---:|" * len(OUTCOMES)]
    for name, kind in KINDS.items():
        figures = [counted[name, what] for what in OUTCOMES]
        if any(figures):
            lines.append(f"| {name} | {kind.intent} | {sum(figures)} | {' | '.join(str(n or '') for n in figures)} |")
    figures = [sum(counted[name, what] for name in KINDS) for what in OUTCOMES]
    lines.append(f"| **all** | | **{sum(figures)}** | {' | '.join(f'**{n}**' for n in figures)} |")
    return "\n".join(lines)


_INTRODUCTION: Final = """# Mutated pages

Outcomes of mutated pages of Microsoft: {count:,} seeded mutations of {pages} pages ({recorded}), of {kinds} kinds, by
`python tests/mutating.py {count}`. Written by the run; `.ci/long` repeats it.

Each kind has the judgement of a person who reads the mutated page: it states the *same* as before, or *less*; it is *broken*; one place has
*restated* something; or, *everywhere*, a number changed in all places, which no reader could notice, nor can we.

| outcome | meaning |
|---|---|
| right | the same is stated as before, by whatever markup |
| refused | the page is not believed: its facts are kept, the source is marked, the exit code is 3 |
| reported | the statements differ, and a row of `checks` or `conflicts` says so, with the text |
| gone | the page no longer states it: the fact is kept, `gone_since` says since when, `changes` has it |
| restated | the page, in a place that the mutation changed, states another value and nothing contradicts it: no parser could know better |
| silent | a wrong or lost fact that nothing reports |

{stumbled}

"""


def report(done: Sequence[Done]) -> str:
    """Return the page of the documentation."""
    stumbled = sum(d.outcome.stumbled for d in done)
    recorded = sum(sample.name.startswith("recorded") for sample in samples())
    introduction = _INTRODUCTION.format(
        count=len(done),
        pages=len(samples()),
        recorded=f"{recorded} of them recorded ones, the others rendered from facts" if recorded else "all rendered from facts",
        kinds=len({d.kind for d in done}),
        stumbled=f"The parser stumbled over {stumbled or 'none'}; a run would refuse such a page too.",
    )
    return f"{introduction}{table(done)}\n"


def main(count: int) -> int:
    """Run so many mutations, write docs/mutations.md, and print the silent ones."""
    done = list(run(count))
    (ROOT / "docs" / "mutations.md").write_text(report(done), encoding="utf-8", newline="\n")
    print(table(done))
    odd = [d for d in done if d.outcome.what == "silent" or d.outcome.stumbled]
    for d in odd:
        print("stumbled:" if d.outcome.stumbled else "silent:", d, file=sys.stderr)
    return 1 if any(d.outcome.what == "silent" for d in odd) else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
