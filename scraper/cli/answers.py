"""Commands that answer questions from the database and change nothing. Heavy modules are imported only by the command that uses them."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import click
from click.core import ParameterSource

from hotpatch_kb.db.answers import coverage, restarts
from hotpatch_kb.db.answers.calendar import calendar_rows, subscribed_rows
from hotpatch_kb.db.answers.events import change_rows, events
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
from hotpatch_kb.scraper.cli.text import cost as cost_text
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
    (2026-06), product or CVE (CVE-2025-54100), in any common spelling, or a text with one build. "-" reads queries from standard input, one per line.

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
@click.option("--ics", "as_ics", is_flag=True, help="Print an iCalendar file, to subscribe to or to import.")
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
    product: str | None, year: int | None, known: str | None, as_ics: bool, alarms: tuple[int, ...], db: Path, as_json: bool
) -> int:
    """Show the months of the hotpatch line, planned and actual.

    First a year at a glance, then every month with its planned and actual type and what was released.
    """
    if alarms and not as_ics:
        raise BadInput("expected --ics with --alarm, got --alarm alone")
    if as_ics and as_json:
        raise BadInput("expected --ics or --json, got both")
    facts = conn = options.connection(db)
    if known is not None:
        from hotpatch_kb.db.facts.write import database_known_on  # noqa: PLC0415

        conn = click.get_current_context().with_resource(closing(database_known_on(facts, known)))
    product = coverage.named_product(conn, product)
    rows = subscribed_rows(conn, product, year) if as_ics or year is not None else calendar_rows(conn, product)
    day = known or clock.today()
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
        "assess servers.csv --map build='Patch level' --hotfixes hotfixes.csv -o judged.parquet --format parquet",
    )
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
    help="Exit with code 6 if a machine has one of these verdicts, such as behind,restart_due, or if there is no machine. not-current is all but current: a machine that is ambiguous may be unpatched on every line.",
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
        hotfixes=hotfixes, is_safe=is_safe, fail_on=fail_on, output=output, summary=summary, scratch=scratch, spark_master=spark_master,
    )  # fmt: skip
    return fleet.assess(conn, file, request)


@click.command(
    epilog=examples(
        "eligible Windows Server 2025 Standard on Arc", "eligible 'Enterprise LTSC 2024' --intune",
        "eligible MicrosoftWindowsServer:WindowsServer:2022-datacenter-azure-edition:latest", "eligible --explain --product ws2025 --arc",
    )
)  # fmt: skip
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option("--publisher", metavar="NAME", help="Publisher of an Azure Marketplace image, such as MicrosoftWindowsServer.")
@click.option("--offer", metavar="NAME", help="Offer of the image, such as WindowsServer.")
@click.option("--sku", metavar="NAME", help="SKU of the image, such as 2022-datacenter-azure-edition-hotpatch.")
@click.option("--edition", metavar="NAME", help="An edition, such as Standard, Datacenter, 'Datacenter: Azure Edition' or Enterprise.")
@click.option("--licence", "--license", metavar="NAME", help="A licence, such as 'Business Premium' or 'Microsoft 365 E3'.")
@options.platform_flag("azure", "The machine is an Azure VM.")
@options.platform_flag("azure_local", "The machine is a VM on Azure Local.")
@options.platform_flag("arc", "The machine is connected to Azure Arc.")
@options.platform_flag("intune", "The machine is managed by Intune or Windows Autopatch.")
@click.option("--explain", is_flag=True, help="List everything that documents state of eligibility, with the sources.")
@options.product
@options.common
def eligible(
    words: tuple[str, ...],
    publisher: str | None,
    offer: str | None,
    sku: str | None,
    edition: str | None,
    licence: str | None,
    platform: str | None,
    explain: bool,
    product: str | None,
    db: Path,
    as_json: bool,
) -> int:
    """Say whether a machine or an image may have hotpatching.

    WORDS name an edition, product, platform or licence as people do, or an image as publisher:offer:sku; options do the same. The answer is
    yes, no, only if (with the condition) or unknown, with the reason, what would be yes, what is required, and the sources.
    """
    from hotpatch_kb.db.answers.eligibility.decision import eligible as answers_to  # noqa: PLC0415
    from hotpatch_kb.db.answers.eligibility.documents import explained  # noqa: PLC0415

    conn = options.connection(db)
    named_product = coverage.named_product(conn, product)
    image, stated = (publisher, offer, sku), [*words, *(text for text in (edition, licence) if text is not None)]
    if explain:
        rows = explained(conn, named_product, platform)
        write(rows, form_of(as_json=as_json), text=lambda: text.explained(rows))
        return ExitCode.DONE
    if any(image):
        missing = [name for name, value in zip(("--publisher", "--offer", "--sku"), image, strict=True) if not value]
        if missing or stated:
            got = "both" if stated else f"no {' and no '.join(missing)}"
            raise BadInput("expected --publisher, --offer and --sku, or --edition, got {got}", got=got)
        stated = [":".join(name.strip() for name in image if name)]
    if not stated and not platform and not named_product:
        raise BadInput(
            "expected WORDS such as Windows Server 2025 Standard on Arc, --edition, or --publisher, --offer and --sku, got nothing; "
            "hotpatch-kb eligible --help shows examples"
        )
    rows = answers_to(conn, " ".join(stated) if stated else (named_product or platform or ""), named_product, platform)
    write(rows, form_of(as_json=as_json), text=lambda: text.eligible(rows))
    return ExitCode.NO_ANSWER if all(row["answer"] == "unknown" for row in rows) else ExitCode.DONE


@click.command(
    epilog=examples(
        "cost --cores 400 --from 2025-08 --to 2026-04",
        "cost --cores-per-server 16 --servers 25 --from 2025-08 --to 2026-04",
        "cost --cores 400 --servers 25 --service hotpatch --service update-manager --from 2025-08",
    )
)
@click.option("--cores", metavar="N", help="Cores that are billed, of all servers together, such as 400.")
@click.option("--cores-per-server", metavar="N", help="Instead of --cores: the cores of each server, with --servers.")
@click.option(
    "--servers",
    metavar="N",
    help="Servers, such as 25. Azure Update Manager is billed per server; hotpatching by --cores, whatever their number.",
)
@click.option("--from", "since", metavar="M", help="First month (2025-08) or day (2025-08-15).  [default: the current month]")
@click.option("--to", "until", metavar="M", help="Last month or day, inclusive.  [default: the current month]")
@click.option(
    "--currency",
    metavar="CODE",
    default="USD",
    show_default=True,
    help="A currency such as EUR. Amounts are not converted: without a price in it the answer is unknown, unless the price is 0.",
)
@click.option("--region", metavar="NAME", help="A region such as westeurope, for sources that state a price for it.")
@click.option(
    "--service",
    "services",
    type=options.OneOf(["hotpatch", "update-manager"]),
    multiple=True,
    default=["hotpatch"],
    show_default=True,
    help="The service that is paid for. Repeat it for both.",
)
@click.option("--product", metavar="PRODUCT", default="ws2025", show_default=True, help="A product, such as 'Windows Server 2022'.")
@options.platform_flag("arc", "The servers are connected to Azure Arc.  [default]")
@options.platform_flag("azure", "The servers are Azure VMs.")
@options.platform_flag("azure_local", "The servers are VMs on Azure Local.")
@click.option("--defender-p2", is_flag=True, help="The servers have Defender for Servers Plan 2.")
@click.option(
    "--software-assurance",
    is_flag=True,
    help="Their licences have active Software Assurance (attested), or are pay-as-you-go through Azure Arc.",
)
@click.option("--esu", is_flag=True, help="The servers have Extended Security Updates through Azure Arc.")
@options.common
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
    """Compute what hotpatching costs, or has cost.

    Prints a total, then price, days and sources of each part of it. Where sources disagree the answer is a range. Where no source states a
    price it is unknown, not 0 (exit code 4). Part of a month counts by its days. A discount counts where a source states a price for it;
    a note says where it changes nothing.
    """
    from hotpatch_kb.db.answers.cost import question as questions  # noqa: PLC0415
    from hotpatch_kb.db.answers.cost.answer import cost as cost_of  # noqa: PLC0415

    numbers = {"cores": cores, "servers": servers, "cores_per_server": cores_per_server}
    read = {field: None if value is None else questions.whole_number(value, field) for field, value in numbers.items()}
    first, end = questions.period(since, until, clock.today())
    has = {"defender_p2": defender_p2, "software_assurance": software_assurance, "esu": esu}
    question = questions.read_question(
        services=services, product=product, platform=platform or "arc", currency=currency, region=region, first=first, end=end,
        cores=read["cores"], servers=read["servers"], cores_per_server=read["cores_per_server"],
        discounts=[condition for condition, is_on in has.items() if is_on],
    )  # fmt: skip
    conn = options.connection(db)
    row = cost_of(conn, question._replace(product=coverage.named_product(conn, product) or product), clock.today())
    write([row], form_of(as_json=as_json), text=lambda: cost_text.cost(row))
    return ExitCode.NO_ANSWER if row["cost_low"] is None else ExitCode.DONE


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
    help="Text and JSON have a row per field, like the table changes; Markdown describes each event in a sentence.",
)
@options.common
def changes(since: str | None, until: str | None, product: str | None, form: str, db: Path, as_json: bool) -> int:
    """List what changed in the facts, newest first.

    The day of a change is the day on which its page was read.
    """
    conn = options.connection(db)
    product = coverage.named_product(conn, product)
    if since and until and since > until:
        raise BadInput("expected --since up to --until, got {since} and {until}", since=since, until=until)
    end = coverage.latest_data_until(conn)
    rows = change_rows(conn, since, until, product)

    def markdown() -> list[str]:
        from hotpatch_kb.db.site.i18n import words  # noqa: PLC0415

        t = words("en")
        return list(text.changes_as_markdown([(event.changed_at, event.in_words(t)) for event in events(conn, rows)]))

    write(rows, "json" if as_json else form, text=lambda: [*text.changes(rows, end), *text.behind([end], clock.today())], markdown=markdown)
    return ExitCode.DONE
