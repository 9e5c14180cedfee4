"""Commands that answer questions from the database and change nothing. Heavy modules are imported only by the command that uses them."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import click
from click.core import ParameterSource

from hotpatch_kb.db.answers import coverage, restarts
from hotpatch_kb.db.answers.calendar import calendar_rows, restarting, subscribed_rows
from hotpatch_kb.db.answers.events import change_rows, events, reading_of
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.fleet.formats import FORMATS
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.products import named
from hotpatch_kb.scraper.cli import lookup as asking
from hotpatch_kb.scraper.cli import options, text
from hotpatch_kb.scraper.cli.options import examples
from hotpatch_kb.scraper.cli.output import form_of, write
from hotpatch_kb.scraper.cli.text import calendar as calendar_text
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.stderr import say


@click.command(
    epilog=f"{examples('lookup 26100.32772', 'lookup 26100.6905 --product ws2025 --kb-installed KB5070893', 'lookup - --json < builds.txt')}\n\n{options.TERMS}"
)
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...")
@options.product
@click.option("--line", type=options.OneOf(asking.LINES), help="The machine's line, if you know it.")
@click.option(
    "--edition",
    metavar="EDITION",
    help="The machine's edition, such as Pro or ServerStandard: support ends by edition, and not every one has hotpatches.",
)
@click.option("--kb-installed", multiple=True, metavar="KB", help="A KB that the machine has, such as KB5070893. May be repeated.")
@options.on
@options.known
@options.common
def lookup(
    queries: tuple[str, ...],
    product: str | None,
    line: str | None,
    edition: str | None,
    kb_installed: tuple[str, ...],
    on: str | None,
    known: str | None,
    db: Path,
    as_json: bool,
) -> int:
    """Say what a build, version, KB, month, product or CVE is.

    QUERY is an OS build (26100.32772), version (10.0.26100.32772), KB (KB5087423, or the KB of an article), build number (26100), month
    (2026-06), product or CVE (CVE-2025-54100), in any common spelling, or a text with one build. A CVE and a build in one QUERY
    ('CVE-2025-54100 26100.7392') ask whether it is open there. "-" reads queries from standard input, one per line.

    The answer says what it is, whether a machine with it is patched, what comes next and whether that restarts, its baseline, its known
    issues, the CVEs that it leaves open, and the sources.
    """
    return asking.answer(asking.Question(queries, product, line, edition, kb_installed, on, known, db, as_json))


@click.command(epilog=examples("calendar --product ws2025", "calendar --known 2026-06-01", "calendar --ics --alarm 3 > hotpatch.ics"))
@options.product
@click.option(
    "--year",
    type=options.Whole(2021, 2100),
    help="Only this year, such as 2027. Months that no calendar has yet follow the cadence and are in brackets.",
)
@options.known
@click.option(
    "--ics", "as_ics", is_flag=True, help="Print an iCalendar file, to subscribe to or to import; --product and --year narrow it."
)
@click.option(
    "--restarts",
    "restarts_only",
    is_flag=True,
    help="With --ics: only the months that restart: of baselines, also of those that only others report.",
)
@click.option(
    "--alarm",
    "alarms",
    type=options.Whole(0, 366),
    multiple=True,
    metavar="DAYS",
    help="With --ics: a reminder at 9:00, that many days before each coming month's release. May be repeated.",
)
@options.common
def calendar(
    product: str | None,
    year: int | None,
    known: str | None,
    as_ics: bool,
    restarts_only: bool,
    alarms: tuple[int, ...],
    db: Path,
    as_json: bool,
) -> int:
    """Show the months of the hotpatch line, planned and actual.

    First a year at a glance, then every month with its planned and actual type and what was released.
    """
    if alarms and not as_ics:
        raise BadInput("expected --ics with --alarm, got --alarm alone")
    if restarts_only and not as_ics:
        raise BadInput("expected --ics with --restarts, got --restarts alone")
    if as_ics and as_json:
        raise BadInput("expected --ics or --json, got both")
    facts = conn = options.connection(db)
    if known is not None:
        from hotpatch_kb.db.facts.write import database_known_on  # noqa: PLC0415

        conn = click.get_current_context().with_resource(closing(database_known_on(facts, known)))
    product = coverage.named_product(conn, product)
    rows = subscribed_rows(conn, product, year) if as_ics or year is not None else calendar_rows(conn, product)
    day = known or clock.today()
    if restarts_only:
        rows = restarting(conn, rows)
    if not rows:
        say(f"hotpatch-kb: {_why_no_month(conn, product)}")
    elif as_ics:
        from hotpatch_kb.db.answers.icalendar_file import calendar_file  # noqa: PLC0415

        name = "Windows hotpatch calendar" + (f": {named(product).name}" if product else "")
        _write_bytes(calendar_file(conn, rows, name, alarms, today=day, history=facts, known=known))
        return ExitCode.DONE
    coming = restarts.next_restarts(conn, day, product)
    marked, others = calendar_text.coming(calendar_rows(conn, product), coming, day), {row["product"]: row["reported"] for row in coming}
    until = coverage.data_until_by_product(conn)
    lines = calendar_text.calendar(rows, until, year or int(day[:4]), day, marked, others)
    write(rows, form_of(as_json=as_json), text=lambda: lines)
    return ExitCode.DONE if rows else ExitCode.NO_ANSWER


def _why_no_month(conn: sqlite3.Connection, product: str | None) -> str:
    if product is not None and not calendar_rows(conn, product):
        return f"{named(product).name} has no hotpatch calendar; lookup {product} lists its updates"
    return "the calendar of the hotpatch line has no such month"


def _write_bytes(file: bytes) -> None:
    """Write bytes to standard output as they are: a text stream of Windows would make CRLF of each line feed."""
    sys.stdout.flush()
    if (raw := getattr(sys.stdout, "buffer", None)) is not None:
        raw.write(file)
        raw.flush()
    else:
        sys.stdout.write(file.decode("utf-8"))


@click.command("next", epilog=examples("next --product ws2025", "next --count 4", "next --on 2026-05-20 --json"))
@options.product
@options.on
@options.known
@click.option("--count", type=options.Whole(1, 40), default=1, show_default=True, help="How many restarts of each product.")
@options.common
def next_command(product: str | None, on: str | None, known: str | None, count: int, db: Path, as_json: bool) -> int:
    """Show this month's release of the hotpatch line and the next restart.

    Each restart is published (a source lists it), planned (a published calendar does) or expected by the cadence of January, April, July and
    October.
    """
    conn = options.connection(db, known, with_prices_and_cves=True)  # MSRC's data may name a newer release
    day = on or known or clock.today()
    product = coverage.named_product(conn, product)
    rows = restarts.next_restarts(conn, day, product, count)
    write(rows, form_of(as_json=as_json), text=lambda: calendar_text.next_restarts(rows, day))
    if product and (first := Facts(conn).of(product).first_day) > day:
        say(f"hotpatch-kb: {named(product).name} did not exist on {day}; its first release is of {first}")
    elif not rows:
        say("hotpatch-kb: no matching product has a hotpatch calendar with a coming restart")
    return ExitCode.DONE if rows else ExitCode.NO_ANSWER


@click.command(epilog=examples("verdicts --product ws2025 --on 2026-05-20", "verdicts --json > verdicts.json"))
@options.product
@options.on
@options.known
@options.common
def verdicts(product: str | None, on: str | None, known: str | None, db: Path, as_json: bool) -> int:
    """Print the table of verdicts.

    A row per product, build, line and deciding KB says whether a machine with them is patched. Join your inventory with it to judge a
    fleet in your own database; assess does it for you.
    """
    from hotpatch_kb.db.answers import verdicts as judged  # noqa: PLC0415

    conn = options.connection(db, known, with_prices_and_cves=True)  # CVEs decide which out-of-band releases count
    day = on or known or clock.today()
    rows = judged.verdict_rows(conn, day, coverage.named_product(conn, product))
    write(rows, form_of(as_json=as_json), text=lambda: [*text.verdicts(rows), *text.behind((row["data_until"] for row in rows), day)])
    return ExitCode.DONE


@click.command(
    epilog=examples(
        "assess servers.csv --fail-on unknown,invalid > judged.csv", "assess - --format jsonl --fail-on not-current < machines.json",
        "assess servers.csv --only restart_due,behind",
        "assess servers.csv --map build='Patch level' --hotfixes hotfixes.csv -o judged.parquet --format parquet",
    )
    + f"\n\n{options.VERDICT_TERMS}"
)  # fmt: skip
@click.argument("file", metavar="FILE|-")
@options.on
@options.known
@click.option(
    "--format", "format_name", type=options.OneOf(list(FORMATS)), default="csv", show_default=True, help="The format of the output."
)
@click.option(
    "--engine",
    type=options.OneOf(["builtin", "duckdb", "spark"]),
    help="What computes the verdicts: Python, DuckDB (the extra 'bulk') or Spark (the extra 'spark'). The output is the same. Without it builtin, or duckdb "
    "for a file of CSV of 100 MB or more where it is installed.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="The column that holds a field, such as build='Patch level'. Fields: host, build, revision, product, line, kbs, edition, esu.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="The encoding of FILE, such as cp1252 or cp932. Without it, UTF-8 and UTF-16 are recognised; any other is guessed, with a warning.",
)
@options.path_option("--hotfixes", metavar="FILE", help="A table of installed KBs with a row per host and KB, as Get-HotFix prints them.")
@click.option("--safe-csv", "is_safe", is_flag=True, help="Put an apostrophe before each cell that a spreadsheet would run as a formula.")
@click.option(
    "--fail-on",
    metavar="VERDICT,...",
    help="Exit with code 6 if a machine has one of these verdicts, such as behind,restart_due, or if there is no machine. not-current is all but current: a machine that is ambiguous may be unpatched on every line. conditional is current only if a KB is installed, too, that the row does not show.",
)
@click.option(
    "--only",
    metavar="VERDICT,...",
    help="Write only the rows of machines with one of these verdicts. The summary and --fail-on count all. With the engine builtin.",
)
@options.path_option("--output", "-o", metavar="FILE", help="Write this file instead of standard output.")
@options.path_option(
    "--summary", metavar="FILE", help="Write counts, columns as they were read, warnings and data_until to this file, as JSON."
)
@options.path_option(
    "--scratch", is_folder=True, metavar="FOLDER", help="A folder for temporary files; with Spark, one that all workers share."
)
@click.option("--spark-master", metavar="URL", help="The Spark cluster, such as spark://host:7077, where the environment names none.")
@options.db
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@options.no_color
def assess(
    file: str,
    on: str | None,
    known: str | None,
    format_name: str,
    engine: str | None,
    mapping: tuple[str, ...],
    encoding: str | None,
    hotfixes: Path | None,
    is_safe: bool,
    fail_on: str | None,
    only: str | None,
    output: Path | None,
    summary: Path | None,
    scratch: Path | None,
    spark_master: str | None,
    db: Path,
    as_json: bool,
) -> int:
    """Judge every machine of an inventory.

    FILE is CSV with any delimiter, JSON, JSON lines or Parquet, plain or gzip; "-" is standard input. Each row comes back in its place with
    its own columns first and its verdict after them; none is dropped. Columns are found by their names and values, as Azure, Intune, osquery,
    Ansible and Configuration Manager write them; the text of systeminfo, wmic, reg query and ver is read, too.
    """
    from hotpatch_kb.scraper.cli import assess as fleet  # noqa: PLC0415

    is_typed = click.get_current_context().get_parameter_source("format_name") is not ParameterSource.DEFAULT
    if as_json and is_typed and format_name != "json":
        raise BadInput("expected --json or --format, got both")
    conn = options.connection(db, known, with_prices_and_cves=True)
    request = fleet.Request(
        day=on or known or clock.today(), format_name="json" if as_json else format_name, engine=engine, mapping=mapping, encoding=encoding,
        hotfixes=hotfixes, is_safe=is_safe, fail_on=fail_on, only=only, output=output, summary=summary, scratch=scratch, spark_master=spark_master,
    )  # fmt: skip
    return fleet.assess(conn, file, request)


@click.command(epilog=examples("changes --since 2026-07-01", "changes --product ws2025 --format markdown"))
@options.day_option("--since", "Only changes read on that day, such as 2026-07-01, or later.")
@options.day_option("--until", "Only changes read on that day or earlier.")
@options.product
@click.option(
    "--format",
    "form",
    type=options.OneOf(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Text and Markdown describe each event in a sentence; JSON has a row per field, like the table changes.",
)
@options.common
def changes(since: str | None, until: str | None, product: str | None, form: str, db: Path, as_json: bool) -> int:
    """List what changed in the facts, newest first.

    The day of a change is the day on which its page was read, not that of a release: lookup 'July 2026' lists what was released in a month.
    """
    conn = options.connection(db)
    product = coverage.named_product(conn, product)
    if since and until and since > until:
        raise BadInput("expected --since up to --until, got {since} and {until}", since=since, until=until)
    end = coverage.latest_data_until(conn)
    rows = change_rows(conn, since, until, product)

    def said() -> list[tuple[str, str]]:
        from hotpatch_kb.db.site.i18n import words  # noqa: PLC0415

        t = words("en")
        return [(event.changed_at, event.in_words(t)) for event in events(conn, rows)]

    def lines() -> list[str]:
        listed = text.changes(said()) if rows else text.no_change(reading_of(conn, since, until), since, until)
        return [*listed, *text.behind([end], clock.today())]

    write(rows, "json" if as_json else form, text=lines, markdown=lambda: list(text.changes_as_markdown(said())))
    return ExitCode.DONE
