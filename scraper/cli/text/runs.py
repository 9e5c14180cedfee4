"""Runs, the freshness of sources and what doctor finds, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hotpatch_kb.scraper.cli.text import Row, count, table

if TYPE_CHECKING:
    from pathlib import Path

    from hotpatch_kb.scraper.crawl.contact.bundle import Packed
    from hotpatch_kb.scraper.crawl.doctor import Finding
    from hotpatch_kb.scraper.crawl.run import Result
    from hotpatch_kb.scraper.crawl.upkeep.backup import Backup

# Checks that fail on a page that was accepted: "quarantined entry", "missing release".
_ACCEPTED: Final = ("quarantined ", "missing ")


def status(rows: Sequence[Row], feed: str | None = None) -> Iterator[str]:
    """Yield how fresh each source is, and what to do; of a machine that takes its facts from an export (``feed``), to take them again."""
    yield from table(
        [(r["source"], r["state"], _minute(r["last_good_at"]), _minute(r["due_at"]), _freshness(r), r["note"]) for r in rows],
        ("source", "state", "last good (UTC)", "due (UTC)", "", "note"),
    )
    if stale := sum(bool(row["is_stale"]) for row in rows):
        what = f"hotpatch-kb update {feed} takes newer facts" if feed else "hotpatch-kb crawl reads what is due"
        yield f"{count(stale, 'source')} stale: {what}, hotpatch-kb status --drift says what failed"


def _freshness(row: Row) -> str:
    """Return whether a source is stale, "" of one that is off or was not needed.

    What comes with the program has no day on which it is due: it is as old as it is.
    """
    if row["is_stale"]:
        return "stale"
    if row["due_at"]:
        return "fresh"
    return "comes with the program" if row["last_good_at"] else ""


def _minute(time: str | None) -> str | None:
    """Return a time without its seconds, as the table of sources has room for."""
    return time and time[:16].replace("T", " ")


def drift(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the checks that failed, page by page."""
    for row in rows:
        where = row["page_url"] + (f", {row['section']!r}" if row["section"] else "")
        what: str = row["name"]
        how = "unreachable" if what == "fetch" else "refused" if row["is_required"] else "reported"
        if what.startswith(_ACCEPTED):
            how, what = what.split(" ", 1)
        yield f"{row['source']}: {how} in run {row['run']}: {where}: {what}: {row['note']}"
    if not rows:
        yield "nothing: every check of each source's last run passed"


def packed(file: Path, packed: Packed) -> str:
    """Return what a bundle holds."""
    missing = f"; not in the archive: {', '.join(packed.missing)}" if packed.missing else ""
    return f"wrote {file}: {packed.pages} pages, {packed.checks} checks{missing}"


def backup(file: Path, made: Backup) -> Iterator[str]:
    """Yield what was written."""
    yield f"wrote {file}: {made.files} files, {made.bytes / 1_000_000:.1f} MB before packing, data as of {made.data_until}"


def restored(db: Path, made: Backup) -> Iterator[str]:
    """Yield what was brought back."""
    yield f"restored {db} as of {made.made_at}: {made.files} files, data as of {made.data_until}"


def dry_run(rows: Sequence[Row], news: Sequence[str]) -> Iterator[str]:
    """Yield what a dry run saw of each source, and what a crawl would report as new."""
    said: set[str] = set()
    for row in rows:
        status = "no answer" if row["status"] is None else f"status {row['status']}"
        answer = f" ({', '.join(filter(None, (status, row['layout'])))})" if row["state"] not in {"off", "not_in_tree"} else ""
        counts = f": {row['rows']} rows, {row['quarantined']} quarantined; {row['claims_added']} claims would be added, {row['claims_ended']} ended"
        yield f"{row['source']}: {row['state'].replace('_', ' ')}: {row['url']}{answer}{counts if row['state'] == 'read' else ''}"
        yield from (f"    {note}" for note in row["notes"] if note not in said)
        said.update(row["notes"])  # of a host that cannot be reached each source has the same
    yield from (f"would be new: {line}" for line in news)
    yield "nothing was written"


def findings(given: Sequence[Finding]) -> Iterator[str]:
    """Yield what doctor found, and what --repair does about it."""
    for finding in given:
        repair = f" (--repair {finding.repair})" if finding.repair else ""
        yield f"{'broken' if finding.is_broken else 'note'}: {finding.where}: {finding.what}{repair}"
    if not given:
        yield "all sound"


def as_row(result: Result) -> Row:
    """Return what a run did, as a row of JSON."""
    return {
        "run": result.run,
        "pages_read": result.pages_read,
        "pages_parsed": result.pages_parsed,
        "claims_added": result.claims_added,
        "claims_ended": result.claims_ended,
        "facts_changed": result.facts_changed,
        "not_in_tree": result.not_in_tree,
        "failures": [{"source": f.source, "page_url": f.page_url, "state": f.state, "note": f.note} for f in result.failures],
    }


def run(result: Result, *, is_said: bool = False) -> Iterator[str]:
    """Yield what a run did; not its failures where standard error goes to the same place and has them already (a run of ``serve``)."""
    yield (
        f"run {result.run}: {result.pages_read} pages read, {result.pages_parsed} parsed, {result.claims_added} claims added, "
        f"{result.claims_ended} ended, {result.facts_changed} changes"
    )
    if result.not_in_tree:
        yield f"not in the tree: {len(result.not_in_tree)} pages"
    if is_said:
        return
    from hotpatch_kb.scraper.crawl.run import alike  # noqa: PLC0415 (only a run has imported it)

    for failure, more in alike(result.failures):
        again = f" ({more} more page{'s' if more > 1 else ''} likewise)" if more else ""
        yield f"{failure.state}: {failure.source}: {failure.note}{again}"


def exported(folder: Path, written: Row) -> Iterator[str]:
    """Yield what an export wrote."""
    yield (
        f"{folder}: {written['files']} files, {written['bytes'] / 1e6:.1f} MB, data as of {written['data_until'] or 'no day'}; {written['changed']} written, "
        f"{written['removed']} removed; verdicts hold until {written['valid_until']}"
    )
