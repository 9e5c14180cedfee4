"""Commands that read pages, keep the database in order, and publish it. Heavy modules are imported only by the command that uses them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpatch_kb.db.answers.lagging import drift_rows, missing_releases, quarantined_rows
from hotpatch_kb.db.claims.pages import ahead_note
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.cli import options
from hotpatch_kb.scraper.cli.options import archive_of, examples
from hotpatch_kb.scraper.cli.output import form_of, write
from hotpatch_kb.scraper.cli.text import runs as run_text
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.reading import feed_state
from hotpatch_kb.scraper.crawl.stderr import say
from hotpatch_kb.scraper.crawl.upkeep import parent
from hotpatch_kb.scraper.fetch.agent import Agent

if TYPE_CHECKING:
    from hotpatch_kb.scraper.crawl.reading.saved_files import Tree
    from hotpatch_kb.scraper.crawl.run import Result
    from hotpatch_kb.scraper.crawl.schedule import Intake


def report(result: Result, *, as_json: bool, is_said: bool = False) -> int:
    """Print how a run went, and return its exit code.

    Args:
        result: what the run did.
        as_json: whether to print JSON.
        is_said: whether its failures were said while it ran.
    """
    write([run_text.as_row(result)], form_of(as_json=as_json), text=lambda: run_text.run(result, is_said=is_said))
    return ExitCode.SOURCE_FAILED if result.failures else ExitCode.DONE


@click.command(
    epilog=examples(
        "crawl",
        "crawl --dry-run",
        "crawl --due --contact patching@example.com",
        "crawl --from saved-pages.zip",
        "crawl --from saved-pages --source support_navigation",
    )
)
@click.option(
    "--source", "sources", multiple=True, metavar="ID", help="Read only this source, such as learn_release_info. May be repeated."
)
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER|ZIP|FILE",
    help="Read saved pages instead of the network: what a browser saved (.html under any name, .mhtml), or a tree "
    "FOLDER/<host>/<path>[.md|.html|.json|.xml].",
)
@click.option("--due", is_flag=True, help="Read only sources that are due.")
@click.option("--dry-run", is_flag=True, help="Read one page of each source, say what was seen, and write nothing.")
@click.option(
    "--seed/--no-seed",
    "seed",
    default=None,
    help="Fill a new database with the embedded facts first.  [default: yes; no with --from]",
)
@options.ends_with_stdin
@options.asking
@options.archive
@options.corrections
@options.common
def crawl(
    sources: tuple[str, ...],
    folder: Path | None,
    due: bool,
    dry_run: bool,
    seed: bool | None,
    ends_with_stdin: bool,
    contact: str,
    user_agent: str,
    mirror: str | None,
    archive: Path | None,
    corrections: tuple[Path, ...],
    db: Path,
    as_json: bool,
) -> int:
    """Read Microsoft's pages into the database.

    One run fetches, archives, parses, checks and loads pages, and publishes what follows from them. A source that fails, is refused or
    cannot be reached keeps its facts (exit code 3); the other sources go on. What is new, and which source needs
    attention, goes to a webhook and by mail where the environment names them: HOTPATCH_KB_WEBHOOK (an https address), with
    HOTPATCH_KB_WEBHOOK_FORMAT json, slack or teams; HOTPATCH_KB_SMTP (smtp://user:password@host:587), HOTPATCH_KB_MAIL_FROM and
    HOTPATCH_KB_MAIL_TO.

    With --from it reads pages that were saved elsewhere: a file, a folder or a zip. A file that is not a page of a known
    source is refused by its name (exit code 3), the others are read.

    With --dry-run one page of each source is read, parsed and checked: it says source by source what it saw, and leaves no file behind. The
    exit code is the one that a crawl would have.
    """
    from hotpatch_kb.scraper.crawl import notify, runs  # noqa: PLC0415
    from hotpatch_kb.scraper.crawl.channels import read_channels  # noqa: PLC0415

    if ends_with_stdin:
        parent.end_with_stdin()
    agent, is_seeded = Agent(contact, user_agent, mirror), folder is None if seed is None else seed
    if dry_run:
        if due:
            raise BadInput("expected --dry-run or --due, got both")
        with _tree(folder) as tree:
            code = _dry_run(db, sources, tree and tree.folder, agent, corrections, seed=is_seeded, as_json=as_json)
        return code or _code(tree)
    read_channels(os.environ)  # a setting that cannot be used is an error before an hour's crawl, not after it
    with _tree(folder) as tree, runs.progress(runs.pages_expected(db, tree and tree.folder)) as progress:
        result = runs.crawl(
            db, archive_of(db, archive), sources=sources, folder=tree and tree.folder, due=due, seed=is_seeded, agent=agent,
            corrections=corrections, say=progress
        )  # fmt: skip
        notify.send(db, say)
    return report(result, as_json=as_json, is_said=ends_with_stdin) or _code(tree)


@contextmanager
def _tree(given: Path | None) -> Iterator[Tree | None]:
    """Provide what --from names as a saved tree; None without --from.

    Raises:
        BadInput: it is not a file, folder or zip of saved pages.
    """
    if given is None:
        yield None
        return
    from hotpatch_kb.scraper.crawl.reading.saved_files import as_tree  # noqa: PLC0415 (httpx takes 0.3 s to import)

    with as_tree(given, say) as tree:
        yield tree


def _code(tree: Tree | None) -> int:
    return ExitCode.SOURCE_FAILED if tree is not None and tree.refused else ExitCode.DONE


def _dry_run(
    db: Path, sources: tuple[str, ...], folder: Path | None, agent: Agent, corrections: tuple[Path, ...], *, seed: bool, as_json: bool
) -> int:
    from hotpatch_kb.scraper.crawl import runs  # noqa: PLC0415
    from hotpatch_kb.scraper.crawl.contact.dry_run import dry_run  # noqa: PLC0415

    with runs.progress() as progress:
        result = dry_run(db, sources=sources, folder=folder, seed=seed, agent=agent, corrections=corrections, say=progress)
    rows = [seen._asdict() for seen in result.seen]
    write(rows, form_of(as_json=as_json), text=lambda: run_text.dry_run(rows, result.news))
    return ExitCode.SOURCE_FAILED if result.has_failed() else ExitCode.DONE


@click.command(
    epilog=examples(
        "schedule --db /var/lib/hotpatch-kb/hotpatch.db --contact patching@example.com",
        "schedule --feed https://facts.example.com/hotpatch-kb/",
    )
)
@options.feed
@options.feed_key
@options.asking
@options.archive
@options.db
@click.option("--json", is_flag=True, hidden=True, expose_value=False)  # every command takes it; this one prints no answer
@options.no_color
def schedule(
    feed: str | None,
    key: Path | None,
    contact: str,
    user_agent: str,
    mirror: str | None,
    archive: Path | None,
    db: Path,
) -> int:
    """Crawl what is due until stopped, for machines without cron.

    Sources are due every six hours or once a day. Sources that list releases are due every half hour from 10:00 Pacific time on the second
    Tuesday. After a failure a source waits longer each time. A frequent line of cron, hotpatch-kb crawl --due, does the same.

    With --feed it asks an export for newer facts at that rhythm, and crawls nothing.
    """
    from hotpatch_kb.scraper.crawl import schedule as scheduling  # noqa: PLC0415

    return scheduling.schedule(db, archive_of(db, archive), intake=_intake(feed, key, Agent(contact, user_agent, mirror)), say=say)


def _intake(feed: str | None, key: Path | None, agent: Agent) -> Intake:
    """Return where newer facts come from.

    Raises:
        BadInput: the feed is an address that is not HTTPS, or the file of the key has no public key.
    """
    from hotpatch_kb.scraper.crawl.schedule import Intake  # noqa: PLC0415

    if not feed:
        if key is not None:
            raise BadInput("expected --key with --feed, got it alone")
        return Intake(agent)
    from hotpatch_kb.scraper.crawl.reading.feed import named  # noqa: PLC0415 (httpx takes 0.3 s to import)

    if key is not None:
        from hotpatch_kb.db.site.export.signing import public_key  # noqa: PLC0415

        public_key(key)  # a file without a key is an error before anything begins
    return Intake(agent, named(feed), key)


@click.command(epilog=examples("replay", "replay --corrections decided.csv"))
@options.archive
@options.corrections
@options.common
def replay(archive: Path | None, corrections: tuple[Path, ...], db: Path, as_json: bool) -> int:
    """Rebuild the database from the archive.

    The new state follows from the embedded facts, the archived pages and the corrections. Nothing is fetched.
    """
    from hotpatch_kb.scraper.crawl import runs  # noqa: PLC0415

    kept = archive_of(db, archive)
    with runs.progress(runs.pages_archived(kept)) as progress:
        result = runs.replay(db, kept, corrections=corrections, say=progress)
    return report(result, as_json=as_json)


@click.command(epilog=examples("doctor", "doctor --repair"))
@click.option("--repair", is_flag=True, help="Repair what can be repaired. Nothing is deleted: damaged files are moved aside.")
@options.archive
@options.common
def doctor(repair: bool, archive: Path | None, db: Path, as_json: bool) -> int:
    """Verify the database, the archive and the embedded facts.

    Checks that files are whole, that every reference has its row, that facts follow from their claims, and that archived answers match their
    log. The exit code is 1 if something is broken; with --repair, if something is still broken afterwards.
    """
    from hotpatch_kb.scraper.crawl import doctor as examining  # noqa: PLC0415

    folder = archive_of(db, archive)
    findings = examining.repair(db, folder, say) if repair else examining.examine(db, folder)
    write([finding._asdict() for finding in findings], form_of(as_json=as_json), text=lambda: run_text.findings(findings))
    return ExitCode.FAILED if any(finding.is_broken for finding in findings) else ExitCode.DONE


@click.command(epilog=examples("backup hotpatch-2026-11-26.zip"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@options.archive
@options.common
def backup(file: Path, archive: Path | None, db: Path, as_json: bool) -> int:
    """Write database, archive and corrections into one file.

    A crawl may run meanwhile: the backup has the state before or after it. hotpatch-kb restore brings it back.
    """
    from hotpatch_kb.scraper.crawl.upkeep import backup as keeping  # noqa: PLC0415

    made = keeping.backup(db, archive_of(db, archive), file)
    write([made._asdict()], form_of(as_json=as_json), text=lambda: run_text.backup(file, made))
    return ExitCode.DONE


@click.command(epilog=examples("restore hotpatch-2026-11-26.zip", "restore hotpatch-2026-11-26.zip --db elsewhere/hotpatch.db"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@options.archive
@options.common
def restore(file: Path, archive: Path | None, db: Path, as_json: bool) -> int:
    """Restore a backup; existing files are not overwritten.

    The next crawl goes on where the backup ended, and hotpatch-kb doctor verifies what was brought back.
    """
    from hotpatch_kb.scraper.crawl.upkeep import backup as keeping  # noqa: PLC0415

    made = keeping.restore(file, db, archive_of(db, archive))
    write([made._asdict()], form_of(as_json=as_json), text=lambda: run_text.restored(db, made))
    return ExitCode.DONE


@click.command(epilog=examples("status", "status --drift --bundle drift.zip", "status --metrics > /var/lib/node_exporter/hotpatch_kb.prom"))
@click.option("--metrics", "as_metrics", is_flag=True, help="Print the same for monitoring, in the text format of Prometheus.")
@click.option("--drift", is_flag=True, help="List the checks that failed in each source's last run, with the text that could not be read.")
@options.path_option(
    "--bundle",
    metavar="FILE",
    help="With --drift: pack the pages that were refused or quarantined, with what was expected, for a bug report.",
)
@options.archive
@options.common
def status(as_metrics: bool, drift: bool, bundle: Path | None, archive: Path | None, db: Path, as_json: bool) -> int:
    """Show how fresh each source is.

    The exit code is 6 if something needs a look:

    \b
    - a source is stale: its last run was refused or could not reach it, or it has missed four due dates
    - nothing has been read yet
    - the export from which facts are taken (update, --feed) was refused
    - an entry that may be a release cannot be read or believed (quarantine)
    - a month's release is missing, although pages of its line were read days after its second Tuesday
    - pages were read after today: a clock was wrong

    With --drift it is 6 only if a page was refused or could not be reached, or for one of the last three.
    """  # noqa: D301 (click reads the character, which keeps the list as it is)
    if bundle is not None and not drift:
        raise BadInput("expected --bundle with --drift, got it alone")
    if as_metrics and (drift or as_json):
        raise BadInput("expected --metrics alone, got it with --drift or --json")
    conn = options.connection(db)
    rows = [dict(row) | {"data_until": (row["last_good_at"] or "")[:10] or None} for row in conn.execute("select * from source_health")]
    if refused := feed_state.trouble(db, conn):
        say(f"feed refused: {refused[1]}; the facts were kept")
    odd = [row for row in quarantined_rows(conn) if row["required"]]
    absent = missing_releases(conn, clock.today())
    ahead = ahead_note(conn, f"{clock.day_after(clock.today())}T23:59:59Z")
    is_bad = any(row["is_stale"] for row in rows) or not rows or bool(odd or absent or ahead or refused)
    if not rows:
        say(f"{db} is empty (was the first run killed?); run hotpatch-kb crawl")
    if ahead:
        say(ahead)
    if as_metrics:
        from hotpatch_kb.db.answers.metrics import metrics  # noqa: PLC0415

        sys.stdout.write(metrics(conn))
    elif drift:
        rows = drift_rows(conn)
        is_bad = any(row["is_required"] for row in rows) or bool(ahead)
        write(rows, form_of(as_json=as_json), text=lambda: run_text.drift(rows))
        if bundle is not None:
            from hotpatch_kb.scraper.crawl.contact.bundle import pack  # noqa: PLC0415

            say(run_text.packed(bundle, pack(conn, archive_of(db, archive), bundle)))
    else:
        for row in odd:
            say(f"{row['source']}: quarantined, and may be a release: {row['note']}")
        for row in absent:
            say(f"{row['source']}: {row['note']}")
        write(rows, form_of(as_json=as_json), text=lambda: run_text.status(rows, feed_state.name(db)))
    return ExitCode.STALE if is_bad else ExitCode.DONE


@click.command(
    epilog=examples("serve", "serve --host 0.0.0.0 --port 8080 --public --no-crawl", "serve --feed https://facts.example.com/hotpatch-kb/")
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=options.Whole(0, 65535), default=8001, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--crawl/--no-crawl", "do_crawl", default=True, show_default=True, help="Take what is due in the background.")
@click.option("--public", is_flag=True, help="For a site that others reach: visitors may not send SQL or download the database.")
@options.feed
@options.feed_key
@options.asking
@options.archive
@options.common
def serve(
    host: str,
    port: int,
    do_crawl: bool,
    public: bool,
    feed: str | None,
    key: Path | None,
    contact: str,
    user_agent: str,
    mirror: str | None,
    archive: Path | None,
    db: Path,
    as_json: bool,
) -> int:
    """Publish the database as a web site, with Datasette.

    Without a database it makes one from the embedded facts. It crawls what is due, once, in the background; with --feed it asks an export
    for newer facts instead, at the rhythm of hotpatch-kb schedule.
    """
    from hotpatch_kb.scraper.cli import serve as serving  # noqa: PLC0415

    intake = _intake(feed, key, Agent(contact, user_agent, mirror)) if do_crawl else None
    return serving.serve(db, archive_of(db, archive), host=host, port=port, intake=intake, is_public=public, as_json=as_json)


@click.command(epilog=examples("mcp", "mcp --db /var/lib/hotpatch-kb/hotpatch.db"))
@options.common
def mcp(db: Path, as_json: bool) -> int:
    """Answer an assistant on this machine: the Model Context Protocol over standard input and output.

    An assistant that starts programs starts this one, and finds the ready-made queries and SQL of the site. Without a database the
    embedded facts are asked. It needs the extra 'mcp'.
    """
    del as_json  # messages are JSON
    from hotpatch_kb.scraper.cli import assistants  # noqa: PLC0415

    return assistants.answer(db)


@click.command(hidden=True, epilog=examples("seed --to db/seed"))
@options.path_option("--to", "target", is_folder=True, required=True, metavar="FOLDER", help="The folder to write: db/seed of a checkout.")
@options.common
def seed(target: Path, db: Path, as_json: bool) -> int:
    """Write a database's claims as the embedded facts."""
    from hotpatch_kb.db.facts.seed import write_seed  # noqa: PLC0415

    if not db.is_file():
        raise BadInput("expected a database at {path}, got none", path=db)
    rows = [{"file": f"{name}.tsv", "rows": count} for name, count in write_seed(options.connection(db), target).items()]
    write(rows, form_of(as_json=as_json), text=lambda: [f"{row['file']}: {row['rows']} rows" for row in rows])
    return ExitCode.DONE
