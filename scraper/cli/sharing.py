"""Commands that hand facts on: everything as files, and newer facts from such files. Heavy modules are imported where they are used."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.cli import options
from hotpatch_kb.scraper.cli.commands import report
from hotpatch_kb.scraper.cli.options import examples
from hotpatch_kb.scraper.cli.output import form_of, write
from hotpatch_kb.scraper.cli.text import runs as run_text
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.reading.feed_state import FEED_VARIABLE
from hotpatch_kb.scraper.crawl.stderr import is_terminal, say
from hotpatch_kb.scraper.crawl.upkeep import parent


@click.command(epilog=examples("export public", "export public --db /var/lib/hotpatch-kb/hotpatch.db"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@options.day_option("--on", f"{options.ON}.")
@options.path_option("--key", metavar="FILE", help="The private key that signs the export: Ed25519, as openssl or ssh-keygen writes it.")
@click.option("--url", metavar="URL", help="Where the files will be: for the sitemap, and the address by which each page is known.")
@click.option("--site/--no-site", "with_site", default=True, show_default=True, help="Write the pages of the site, too.")
@options.common
def export(folder: Path, on: str | None, key: Path | None, url: str | None, with_site: bool, db: Path, as_json: bool) -> int:
    """Write everything as static files.

    Answers by build, KB, CVE, product and year as JSON, tables as CSV and (with the extra 'bulk') Parquet, feeds, calendars, the pages of the site and the database, with
    their hashes. Files that did not change are not touched, so any web server or bucket can take the folder after each crawl.
    """
    from hotpatch_kb.db.site.export.folder import write as write_folder  # noqa: PLC0415
    from hotpatch_kb.db.site.export.tables import has_parquet  # noqa: PLC0415

    conn = options.connection(db)
    written = write_folder(
        conn, folder, on or clock.today(), key, address=_address(url), with_site=with_site,
        begins=(lambda part: say(f"writing {part}")) if is_terminal() else (lambda _part: None),
    )  # fmt: skip
    if not has_parquet():
        say("hotpatch-kb: no Parquet was written, which needs DuckDB: install hotpatch-kb with the extra 'bulk'")
    row = written._asdict() | {"data_until": coverage.latest_data_until(conn)}
    write([row], form_of(as_json=as_json), text=lambda: run_text.exported(folder, row))
    return ExitCode.DONE


def _address(url: str | None) -> str | None:
    """Return where an export will be, with a slash at the end.

    Raises:
        BadInput: it is no web address, or has more than a host and a path.
    """
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        raise BadInput("expected a web address such as https://facts.example.com/hotpatch-kb/, got {got!r}", got=url[:200])
    return url.rstrip("/") + "/"


@click.command(epilog=examples("update https://facts.example.com/hotpatch-kb/", "update /mnt/stick/hotpatch-kb"))
@click.argument("export", metavar="URL|FILE|DIR", envvar=FEED_VARIABLE)
@click.option("--due", is_flag=True, help="Ask only where the feed is due: every six hours, on the second Tuesday every half hour.")
@options.feed_key
@options.ends_with_stdin
@options.archive
@options.corrections
@options.common
def update(
    export: str,
    due: bool,
    key: Path | None,
    ends_with_stdin: bool,
    archive: Path | None,
    corrections: tuple[Path, ...],
    db: Path,
    as_json: bool,
) -> int:
    """Take newer facts from an export, instead of crawling.

    The export is an HTTPS address or a folder that hotpatch-kb export filled; without an argument, the one that HOTPATCH_KB_FEED names. What its
    pages state is loaded as if they had been read here: each fact keeps its source, its page and the day of reading, and what was crawled here
    goes on counting. An export is refused, and nothing changes (exit code 3), if its bytes do not match its hashes, it is older than what is there, it lacks
    facts, or with --key it is not signed with that key. What is new goes to the webhook and the mail addresses that
    the environment names, as after a crawl (hotpatch-kb crawl --help lists the variables).
    """
    from hotpatch_kb.scraper.crawl import notify, runs  # noqa: PLC0415
    from hotpatch_kb.scraper.crawl.channels import read_channels  # noqa: PLC0415
    from hotpatch_kb.scraper.fetch.errors import FetchError  # noqa: PLC0415

    if ends_with_stdin:
        parent.end_with_stdin()
    read_channels(os.environ)  # a setting that cannot be used is an error before the update, not after it
    try:
        with runs.progress() as progress:
            result = runs.update(db, options.archive_of(db, archive), export, key=key, due=due, corrections=corrections, say=progress)
    except FetchError as error:
        say(f"hotpatch-kb: {error}; the facts were kept")
        notify.send(db, say)
        return ExitCode.SOURCE_FAILED
    notify.send(db, say)
    if result.pages_read or result.failures:
        return report(result, as_json=as_json, is_said=ends_with_stdin)
    until = coverage.latest_data_until(options.connection(db)) or "no day"
    write([run_text.as_row(result)], form_of(as_json=as_json), text=lambda: [f"already up to date, data as of {until}"])
    return ExitCode.DONE


@click.command(epilog=examples("pages", "pages --due > addresses.txt"))
@click.option("--due", is_flag=True, help="Only pages of sources that are due.")
@options.common
def pages(due: bool, db: Path, as_json: bool) -> int:
    """Print the addresses of the pages to save, most useful first.

    For a machine without the internet: save them in a browser elsewhere, as HTML or MHTML, and read them here with hotpatch-kb crawl --from. Lists of releases come first, then the articles of the last quarter, then documents, ends of support and prices.
    """
    from hotpatch_kb.scraper.crawl.reading.to_save import at_present, next_due  # noqa: PLC0415

    found = at_present(options.connection(db))
    rows = [page._asdict() for page in found if page.is_due or not due]
    if not rows:
        say(f"nothing is due; the first page is due at {next_due(found)}")
    write(rows, form_of(as_json=as_json), text=lambda: [row["url"] for row in rows])
    return ExitCode.DONE
