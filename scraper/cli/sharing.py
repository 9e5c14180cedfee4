"""Commands that hand facts on: everything as files, and newer facts from such files. Heavy modules are imported where they are used."""

from __future__ import annotations

from pathlib import Path

import click

from hotpatch_kb.db.model import clock
from hotpatch_kb.scraper.cli import options
from hotpatch_kb.scraper.cli.options import examples
from hotpatch_kb.scraper.cli.output import form_of, write
from hotpatch_kb.scraper.cli.text import runs as run_text
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode


@click.command(epilog=examples("export public", "export public --db /var/lib/hotpatch-kb/hotpatch.db"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@options.on
@options.common
def export(folder: Path, on: str | None, db: Path, as_json: bool) -> int:
    """Write everything as static files.

    Answers by build, KB, CVE, product and year as JSON, tables as CSV and Parquet, feeds, calendars and the database, with their
    hashes (docs/export.md). Files that did not change are not touched, so any web server or bucket can take the folder after each crawl.
    """
    from hotpatch_kb.db.site.export.folder import write as write_folder  # noqa: PLC0415

    written = write_folder(options.facts(db), folder, on or clock.today())
    write([written._asdict()], form_of(as_json=as_json), text=lambda: run_text.exported(folder, written._asdict()))
    return ExitCode.DONE
