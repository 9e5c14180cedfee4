"""The command ``hotpatch-kb``. Answers on stdout, progress and messages on stderr; heavy imports only where they are used.

Exit codes: 0 done, 1 failed, 2 bad input, 3 a source failed (its facts were kept), 4 a query had no answer,
5 another run holds the lock, 6 something is stale or --fail-on was met, 130 interrupted.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from hotpatch_kb.db import __version__
from hotpatch_kb.db.answers import coverage, restarts
from hotpatch_kb.db.answers.calendar import calendar_rows
from hotpatch_kb.db.answers.events import change_rows
from hotpatch_kb.db.answers.json_output import json_text
from hotpatch_kb.db.answers.lagging import drift_rows
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.products import named
from hotpatch_kb.scraper.cli import text
from hotpatch_kb.scraper.cli.common import (
    DB_VARIABLE,
    DEFAULT_DB,
    EXIT_FAILED,
    EXIT_NO_ANSWER,
    EXIT_SOURCE_FAILED,
    EXIT_STALE,
    day_of,
    reading,
    say,
)

F = TypeVar("F", bound=Callable[..., Any])


def run(arguments: list[str]) -> int:
    """Any command, read by click; what it says is wrong is printed as it says it.

    Returns:
        the exit code.
    """
    try:
        # Not cli.main(), which turns a reader that has seen enough into exit code 1.
        with cli.make_context("hotpatch-kb", arguments) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    return code if isinstance(code, int) else 0


def _common(command: F) -> F:
    """Options of every command."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of objects.")(command)
    return click.option(
        "--db",
        "db",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path(DEFAULT_DB),
        show_default=True,
        help="The database file.",
        envvar=DB_VARIABLE,
    )(command)


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    return day_of(value)


_on = click.option("--on", callback=_day, metavar="DAY", help="The world as of that day: releases up to it, by today's knowledge.")
_known = click.option("--known", callback=_day, metavar="DAY", help="The sources as they stood on that day.")
_product = click.option("--product", metavar="PRODUCT", help="Only this product: ws2025, win11-25h2, 'Windows Server 2022' ...")


def _show(rows: list[dict[str, Any]], as_json: bool, lines: Callable[[], Iterable[str]]) -> None:
    if as_json:
        click.echo(json_text(rows, indent=1))
    else:
        for line in lines():
            click.echo(line)


_TERMS: Final = """\b
Terms: a baseline is a cumulative update (LCU) that restarts the machine and opens a quarter of the hotpatch line; hotpatches
follow it without a restart. The standard line gets an LCU, and restarts, every month. B is the security release of the second
Tuesday, C and D are previews, OOB is out of band. A component is an update for PowerShell, WSUS and the like on the hotpatch line."""

# "\b" keeps click from filling the lines.
_EXIT_CODES: Final = """\b
Exit codes: 0 done; 1 failed; 2 bad input; 3 ran, but a source failed, was refused or could not be reached
(its facts were kept); 4 a query had no answer; 5 another run holds the lock; 6 something is stale, or --fail-on was met;
130 interrupted."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}, epilog=f"{_TERMS}\n\n{_EXIT_CODES}")
@click.version_option(__version__, prog_name="hotpatch-kb")
def cli() -> None:
    """A knowledge base of Windows hotpatching: which KB and build is a baseline (restart), which a hotpatch (no restart), and how we know."""


# --- reading ----------------------------------------------------------------------------------------------------------


@cli.command(epilog=_TERMS)
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...")
@_product
@click.option("--line", type=click.Choice(["hotpatch", "standard"]), help="The machine's line, if it is known.")
@click.option("--kb-installed", multiple=True, metavar="KB", help="A KB that the machine has. May be repeated.")
@_on
@_known
@_common
def lookup(
    queries: tuple[str, ...],
    product: str | None,
    line: str | None,
    kb_installed: tuple[str, ...],
    on: str | None,
    known: str | None,
    db: Path,
    as_json: bool,
) -> int:
    """What is this build, version or KB?

    QUERY is a build (26100.32772), version (10.0.26100.32772), KB (KB5087423, the KB of an article too), build number
    (26100), month (2026-06) or product, in any common spelling; "-" reads queries from standard input, one a line.

    The answer says what it is, whether a machine with it is patched, what comes next and whether that restarts, its baseline, known issues,
    CVEs that stay open, and the sources.
    """
    from hotpatch_kb.scraper.cli import lookup as asking  # noqa: PLC0415

    return asking.answer(asking.Asked(queries, product, line, kb_installed, on, known, db, as_json))


@cli.command()
@_product
@click.option("--year", type=click.IntRange(2021, 2100), help="Only this year.")
@_known
@click.option("--ics", "as_ics", is_flag=True, help="Print an iCalendar file to subscribe to or import (docs/calendar.md).")
@click.option(
    "--alarm",
    "alarms",
    type=click.IntRange(0, 366),
    multiple=True,
    metavar="DAYS",
    help="With --ics: a reminder at 9:00 that many days before each month to come. May be repeated.",
)
@_common
def calendar(
    product: str | None, year: int | None, known: str | None, as_ics: bool, alarms: tuple[int, ...], db: Path, as_json: bool
) -> int:
    """The hotpatch line: a year at a glance, then every month with its planned and actual type and what was released."""
    if alarms and not as_ics:
        raise BadInput("expected --ics with --alarm, got --alarm alone")
    if as_ics and as_json:
        raise BadInput("expected --ics or --json, got both")
    facts = conn = reading(db)
    if known is not None:
        from hotpatch_kb.db.facts.as_of import database_known_on  # noqa: PLC0415

        conn = database_known_on(facts, known)
    product = coverage.named_product(conn, product)
    months = calendar_rows(conn, product)
    rows = [row for row in months if year is None or row["month"][:4] == f"{year:04d}"]
    if not rows:
        say("hotpatch-kb: no month of the hotpatch line is known for that")
    elif as_ics:
        from hotpatch_kb.db.answers.icalendar_file import calendar_file  # noqa: PLC0415

        name = "Windows hotpatch calendar" + (f": {named(product).name}" if product else "")
        file = calendar_file(conn, rows, name, alarms, today=known or clock.today(), history=facts, known=known)
        sys.stdout.flush()
        if (raw := getattr(sys.stdout, "buffer", None)) is not None:
            raw.write(file)  # as they are: a text stream of Windows would make CRLF of each line feed
            raw.flush()
        else:
            sys.stdout.write(file.decode("utf-8"))
        return 0
    day = known or clock.today()
    marked = text.coming(months, restarts.next_restarts(conn, day, product), day)
    _show(rows, as_json, lambda: text.calendar(rows, coverage.data_until_by_product(conn), year or int(day[:4]), day, marked))
    return 0 if rows else EXIT_NO_ANSWER


@cli.command("next")
@_product
@_on
@_known
@_common
def next_command(product: str | None, on: str | None, known: str | None, db: Path, as_json: bool) -> int:
    """This month's release of the hotpatch line, and the next restart."""
    conn = reading(db, known)
    day = on or known or clock.today()
    rows = restarts.next_restarts(conn, day, coverage.named_product(conn, product))
    _show(rows, as_json, lambda: text.next_restarts(rows, day))
    if not rows:
        say("hotpatch-kb: no product with a published hotpatch calendar and restarts to come is known for that")
    return 0 if rows else EXIT_NO_ANSWER


@cli.command()
@_product
@_on
@_known
@_common
def verdicts(product: str | None, on: str | None, known: str | None, db: Path, as_json: bool) -> int:
    """What is to be said of a machine: a row per product, build, line and deciding KB. A fleet is judged by a join with it."""
    from hotpatch_kb.db.answers import verdicts as judged  # noqa: PLC0415

    conn = reading(db, known, with_groups=True)  # CVEs decide which out-of-band releases count
    rows = [v._asdict() for v in judged.verdicts(conn, on or known or clock.today(), coverage.named_product(conn, product))]
    _show(rows, as_json, lambda: text.verdicts(rows))
    return 0


@cli.command()
@click.argument("file", metavar="FILE|-")
@_on
@_known
@click.option(
    "--format", "shape", type=click.Choice(["csv", "json", "jsonl", "parquet"]), default="csv", show_default=True, help="What to print."
)
@click.option(
    "--engine",
    type=click.Choice(["builtin", "duckdb", "spark"]),
    default="builtin",
    show_default=True,
    help="What joins the fleet with the verdicts; the output is the same. DuckDB is the extra 'bulk', Spark the extra 'spark'.",
)
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="The column of host, build, product, line, kbs or edition.")
@click.option(
    "--hotfixes",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Installed KBs, a row per host and KB, as Get-HotFix prints them.",
)
@click.option(
    "--safe-csv", "is_safe", is_flag=True, help="CSV for a spreadsheet: an apostrophe before each cell that it would run as a formula."
)
@click.option("--fail-on", metavar="VERDICT,...", help="Exit code 6 if a machine has one of these verdicts.")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write a file instead of standard output.")
@click.option("--scratch", type=click.Path(path_type=Path, file_okay=False), help="Folder for temporary files; for Spark a shared one.")
@click.option("--spark-master", metavar="URL", help="The Spark cluster, where the environment names none.")
@_common
def assess(
    file: str,
    on: str | None,
    known: str | None,
    shape: str,
    engine: str,
    mapping: tuple[str, ...],
    hotfixes: Path | None,
    is_safe: bool,
    fail_on: str | None,
    output: Path | None,
    scratch: Path | None,
    spark_master: str | None,
    db: Path,
    as_json: bool,
) -> int:
    """A verdict per machine of an inventory: rows in their order, none dropped, their own columns first.

    FILE is CSV of any delimiter, JSON, JSON lines or Parquet, plain or gzip, or "-" for standard input. Columns are found by their names, those
    of Azure, Intune, Get-ComputerInfo, Configuration Manager and Defender among them.
    """
    from hotpatch_kb.scraper.cli import assess as fleet  # noqa: PLC0415

    conn = reading(db, known, with_groups=True)
    wanted = fleet.Wanted(
        day=on or known or clock.today(), shape="json" if as_json else shape, engine=engine, mapping=mapping, hotfixes=hotfixes,
        is_safe=is_safe, fail_on=fail_on, output=output, scratch=scratch, spark_master=spark_master,
    )  # fmt: skip
    return fleet.assess(conn, file, wanted, say)


@cli.command()
@click.option("--publisher", metavar="NAME", help="Of an image of the Azure Marketplace.")
@click.option("--offer", metavar="NAME", help="Of an image.")
@click.option("--sku", metavar="NAME", help="Of an image.")
@click.option("--edition", metavar="NAME", help="Such as Standard, Datacenter, 'Datacenter: Azure Edition' or Enterprise.")
@click.option("--azure", "platform", flag_value="azure", help="The machine is an Azure VM.")
@click.option("--azure-local", "platform", flag_value="azure_local", help="The machine is a VM on Azure Local.")
@click.option("--arc", "platform", flag_value="arc", help="The machine is connected to Azure Arc.")
@click.option("--intune", "platform", flag_value="intune", help="The machine is managed by Intune or Windows Autopatch.")
@_product
@_common
def eligible(
    publisher: str | None,
    offer: str | None,
    sku: str | None,
    edition: str | None,
    platform: str | None,
    product: str | None,
    db: Path,
    as_json: bool,
) -> int:
    """May this image or edition have hotpatching? Yes, no or unknown, with the reason and its source."""
    from hotpatch_kb.db.answers.eligibility import eligible_edition, eligible_image  # noqa: PLC0415

    image = (publisher, offer, sku)
    if edition is not None and not any(image):
        conn = reading(db)
        # "Windows Server 2025 Standard" names its product too.
        if match := re.match(r"(?P<product>Windows (?:Server )?\S+)\s+(?P<edition>\S.*)", edition.strip(), re.IGNORECASE):
            product, edition = product or match["product"], match["edition"]
        rows = eligible_edition(conn, edition, platform, coverage.named_product(conn, product))
    elif edition is None and all(image):
        rows = [eligible_image(reading(db), publisher or "", offer or "", sku or "")]
    else:
        missing = [name for name, value in zip(("--publisher", "--offer", "--sku"), image, strict=True) if not value]
        got = "both" if edition is not None else f"no {' and no '.join(missing)}" if any(image) else "neither"
        raise BadInput(f"expected --publisher, --offer and --sku, or --edition, got {got}")
    _show(rows, as_json, lambda: text.eligible(rows))
    return EXIT_NO_ANSWER if all(row["answer"] == "unknown" for row in rows) else 0


_COST_EXAMPLES: Final = """\b
Examples: what did it cost from August 2025 to April 2026, both whole months?
  400 cores in all            hotpatch-kb cost --cores 400 --from 2025-08 --to 2026-04
  25 servers of 16 cores      hotpatch-kb cost --cores-per-server 16 --servers 25 --from 2025-08 --to 2026-04
  Azure Update Manager, too   hotpatch-kb cost --cores 400 --servers 25 --service hotpatch --service update-manager --from 2025-08"""


@cli.command(epilog=_COST_EXAMPLES)
@click.option("--cores", metavar="N", help="Cores that are billed, of all servers together.")
@click.option("--cores-per-server", metavar="N", help="Or: cores of each server, with --servers.")
@click.option("--servers", metavar="N", help="Servers. Azure Update Manager is billed by them.")
@click.option("--from", "since", metavar="M", help="First month (2025-08) or day (2025-08-15).  [default: the current month]")
@click.option("--to", "until", metavar="M", help="Last month or day, inclusive.  [default: the current month]")
@click.option(
    "--currency", metavar="CODE", default="USD", show_default=True, help="Prices are never converted: without one in it, unknown."
)
@click.option("--region", metavar="NAME", help="Where a source states a price for that region, that one.")
@click.option(
    "--service",
    "services",
    type=click.Choice(["hotpatch", "update-manager"]),
    multiple=True,
    default=["hotpatch"],
    show_default=True,
    help="What is paid for. May be repeated: both.",
)
@click.option("--product", metavar="PRODUCT", default="ws2025", show_default=True, help="ws2025, 'Windows Server 2022' ...")
@click.option("--arc", "platform", flag_value="arc", help="Servers connected to Azure Arc.  [default]")
@click.option("--azure", "platform", flag_value="azure", help="Azure VMs.")
@click.option("--azure-local", "platform", flag_value="azure_local", help="VMs on Azure Local.")
@click.option("--defender-p2", is_flag=True, help="Defender for Servers Plan 2 is on.")
@click.option("--software-assurance", is_flag=True, help="Licences have active Software Assurance (attested), or are pay-as-you-go by Arc.")
@click.option("--esu", is_flag=True, help="Extended Security Updates by Azure Arc are on.")
@_common
def cost(
    cores: str | None,
    cores_per_server: str | None,
    servers: str | None,
    since: str | None,
    until: str | None,
    currency: str,
    region: str | None,
    services: tuple[str, ...],
    product: str,
    platform: str | None,
    defender_p2: bool,
    software_assurance: bool,
    esu: bool,
    db: Path,
    as_json: bool,
) -> int:
    """What does hotpatching cost, or what has it cost? A total, and the price, days and sources of each line of it.

    Where sources disagree the answer is a range. Where none states a price it is unknown, not 0 (exit code 4). A month that is
    not whole counts by its days. Discounts count where a source states a price for them; the answer says where they change nothing.
    """
    from hotpatch_kb.db.answers.cost import question as questions  # noqa: PLC0415
    from hotpatch_kb.db.answers.cost.answer import cost as cost_of  # noqa: PLC0415

    numbers = {"cores": cores, "servers": servers, "cores_per_server": cores_per_server}
    read = {field: None if value is None else questions.whole_number(value, field) for field, value in numbers.items()}
    first, end = questions.period(since, until, clock.today())
    has = {"defender_p2": defender_p2, "software_assurance": software_assurance, "esu": esu}
    asked = questions.read_question(
        services=services, product=product, platform=platform or "arc", currency=currency, region=region, first=first, end=end,
        cores=read["cores"], servers=read["servers"], cores_per_server=read["cores_per_server"],
        discounts=[condition for condition, is_on in has.items() if is_on],
    )  # fmt: skip
    conn = reading(db)
    row = cost_of(conn, asked._replace(product=coverage.named_product(conn, product) or product), clock.today())
    _show([row], as_json, lambda: text.cost(row))
    return EXIT_NO_ANSWER if row["cost_low"] is None else 0


@cli.command()
@click.option("--since", callback=_day, metavar="DAY", help="Only changes read on that day or later.")
@click.option("--until", callback=_day, metavar="DAY", help="Only changes read on that day or earlier.")
@_product
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Markdown tells events, for people.",
)
@_common
def changes(since: str | None, until: str | None, product: str | None, shape: str, db: Path, as_json: bool) -> int:
    """What changed in the facts, newest first, by the day on which the page was read.

    JSON has a row per field, as the table changes has; Markdown an item for each thing that happened.
    """
    conn = reading(db)
    product = coverage.named_product(conn, product)
    if since and until and since > until:
        raise BadInput(f"expected --since up to --until, got {since} and {until}")
    rows = change_rows(conn, since, until, product)
    if shape == "markdown":
        from hotpatch_kb.db.answers.events import events  # noqa: PLC0415
        from hotpatch_kb.db.site.i18n import words  # noqa: PLC0415

        told, t = events(conn, rows), words("en")
        _show(rows, as_json, lambda: text.changes_as_markdown([(item.changed_at, item.in_words(t)) for item in told]))
        return 0
    _show(rows, as_json or shape == "json", lambda: text.changes(rows, coverage.latest_data_until(conn)))
    return 0


@cli.command()
@click.option("--metrics", "as_metrics", is_flag=True, help="The same for monitoring, in the text format of Prometheus.")
@click.option(
    "--drift", is_flag=True, help="What did not hold in each source's last run: the exact text that could not be read, and where."
)
@_common
def status(as_metrics: bool, drift: bool, db: Path, as_json: bool) -> int:
    """How fresh each source is. Exit code 6 if one is stale or none was read yet; with --drift, if a page was refused."""
    if as_metrics and (drift or as_json):
        raise BadInput("expected --metrics alone, got it with --drift or --json")
    conn = reading(db)
    rows = [dict(row) for row in conn.execute("select * from source_health")]
    is_bad = any(row["is_stale"] for row in rows) or not rows
    if not rows:
        say(f"no source was read into {db} yet, a first run that was ended by force say; hotpatch-kb crawl reads them")
    if as_metrics:
        from hotpatch_kb.db.answers.metrics import metrics  # noqa: PLC0415

        sys.stdout.write(metrics(conn))
    elif drift:
        rows = drift_rows(conn)
        is_bad = any(row["is_required"] for row in rows)
        _show(rows, as_json, lambda: text.drift(rows))
    else:
        _show(rows, as_json, lambda: text.status(rows))
    return EXIT_STALE if is_bad else 0


# --- writing ----------------------------------------------------------------------------------------------------------


_archive = click.option(
    "--archive", type=click.Path(path_type=Path, file_okay=False), help="Folder of answers as served.  [default: <db>.archive]"
)
_corrections = click.option(
    "--corrections",
    "corrections",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A file of corrections beside <db>.corrections.csv. May be repeated.",
)


def _archive_of(db: Path, archive: Path | None) -> Path:
    return archive or db.with_name(f"{db.name}.archive")


def _report(result: Any, as_json: bool) -> int:
    _show([text.run_row(result)], as_json, lambda: text.run(result))
    return EXIT_SOURCE_FAILED if result.failures else 0


@cli.command()
@click.option("--source", "sources", multiple=True, metavar="ID", help="Only this source. May be repeated.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    help="Read a saved tree DIR/<host>/<path>[.md|.html|.json|.xml] instead of the network.",
)
@click.option("--due", is_flag=True, help="Only sources that are due.")
@click.option(
    "--seed/--no-seed",
    "seed",
    default=None,
    help="Begin a new database with the embedded facts.  [default: from the network yes, from a tree no]",
)
@click.option(
    "--contact", default="", envvar="HOTPATCH_KB_CONTACT", help="An address for the user agent, so that the site's people can reach you."
)
@click.option("--mirror", metavar="URL", hidden=True, help="Ask this server for every real address (tests).")
@_archive
@_corrections
@_common
def crawl(
    sources: tuple[str, ...],
    folder: Path | None,
    due: bool,
    seed: bool | None,
    contact: str,
    mirror: str | None,
    archive: Path | None,
    corrections: tuple[Path, ...],
    db: Path,
    as_json: bool,
) -> int:
    """One run: fetch, archive, parse, check, load, resolve, publish.

    A source that fails, is refused or cannot be reached keeps its facts (exit code 3); the others go on. Where the environment names a webhook or a
    mail server (docs/notifications.md), what is new, and which source needs a look, is told there.
    """
    from hotpatch_kb.scraper.crawl import notify, runs  # noqa: PLC0415

    notify.channels(os.environ)  # a setting that cannot be used is said before an hour's crawl, not behind it
    with runs.progress() as progress:
        result = runs.crawl(
            db, _archive_of(db, archive), sources=sources, folder=folder, due=due, seed=folder is None if seed is None else seed, contact=contact, mirror=mirror,
            corrections=corrections, say=progress,
        )  # fmt: skip
        notify.tell(db, say)
    return _report(result, as_json)


@cli.command()
@click.option("--contact", default="", envvar="HOTPATCH_KB_CONTACT", help="An address for the user agent of the crawls.")
@click.option("--mirror", metavar="URL", hidden=True, help="Ask this server for every real address (tests).")
@_archive
@_common
def schedule(contact: str, mirror: str | None, archive: Path | None, db: Path, as_json: bool) -> int:  # noqa: ARG001 (it prints no answer)
    """Crawls what is due, until it is stopped: for machines without cron.

    Sources are due every six hours or once a day, those that list releases every half hour behind the second Tuesday's 10:00 Pacific, and later
    and later after failures. One frequent line of cron, `hotpatch-kb crawl --due`, does the same.
    """
    from hotpatch_kb.scraper.crawl import schedule as scheduling  # noqa: PLC0415

    return scheduling.schedule(db, _archive_of(db, archive), contact=contact, mirror=mirror, say=say)


@cli.command()
@_archive
@_corrections
@_common
def replay(archive: Path | None, corrections: tuple[Path, ...], db: Path, as_json: bool) -> int:
    """Rebuilds the database from the embedded facts, the archive and the corrections."""
    from hotpatch_kb.scraper.crawl import runs  # noqa: PLC0415

    with runs.progress() as progress:
        result = runs.replay(db, _archive_of(db, archive), corrections=corrections, say=progress)
    return _report(result, as_json)


@cli.command()
@click.option("--repair", is_flag=True, help="Mend what can be. Nothing is thrown away: what is damaged is moved aside.")
@_archive
@_common
def doctor(repair: bool, archive: Path | None, db: Path, as_json: bool) -> int:
    """Verifies database, archive and embedded facts: whole files, references, facts that follow from their claims, answers that are what their log says.

    Exit code 1 if something is broken, and with --repair if something stays so.
    """
    from hotpatch_kb.scraper.crawl import doctor as examining  # noqa: PLC0415

    folder = _archive_of(db, archive)
    found = examining.repair(db, folder, say) if repair else examining.examine(db, folder)
    _show([finding._asdict() for finding in found], as_json, lambda: text.findings(found))
    return EXIT_FAILED if any(finding.is_broken for finding in found) else 0


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port to listen on; 0 for any that is free.")
@click.option("--crawl/--no-crawl", "do_crawl", default=True, show_default=True, help="Read what is due in the background.")
@click.option("--public", is_flag=True, help="For publishing: no SQL of visitors, no download of the file.")
@click.option("--contact", default="", envvar="HOTPATCH_KB_CONTACT", help="An address for the user agent of the crawl.")
@click.option("--mirror", metavar="URL", hidden=True, help="Ask this server for every real address (tests).")
@_archive
@_common
def serve(
    host: str, port: int, do_crawl: bool, public: bool, contact: str, mirror: str | None, archive: Path | None, db: Path, as_json: bool
) -> int:
    """Publishes the database with Datasette. Makes it from the embedded facts if there is none, and crawls in the background."""
    from hotpatch_kb.scraper.cli import serve as serving  # noqa: PLC0415

    return serving.serve(
        db,
        _archive_of(db, archive),
        host=host,
        port=port,
        do_crawl=do_crawl,
        is_public=public,
        contact=contact,
        mirror=mirror,
        as_json=as_json,
        say=say,
    )


@cli.command(hidden=True)
@click.option(
    "--to", "target", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write, db/seed of a checkout."
)
@_common
def seed(target: Path, db: Path, as_json: bool) -> int:
    """Writes a database's claims as the embedded facts."""
    from hotpatch_kb.db.facts.seed import write_seed  # noqa: PLC0415

    if not db.is_file():
        raise BadInput(f"expected a database at {db}, got none")
    rows = [{"file": f"{name}.tsv", "rows": count} for name, count in write_seed(reading(db), target).items()]
    _show(rows, as_json, lambda: [f"{row['file']}: {row['rows']} rows" for row in rows])
    return 0
