"""Commands that say who may have hotpatching, and what it costs. Heavy modules are imported only by the command that uses them."""

from __future__ import annotations

from pathlib import Path

import click

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.cli import options, text
from hotpatch_kb.scraper.cli.options import examples
from hotpatch_kb.scraper.cli.output import form_of, write
from hotpatch_kb.scraper.cli.text import cost as cost_text
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.stderr import say


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

    WORDS name an edition, product, platform (on-premises is one) or licence as people do, or an image as publisher:offer:sku; options do the
    same. The answer is yes, no, only if (with the condition) or unknown, with the reason, what would be yes, what is required, and the sources.
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
    if any(getattr(row["reason"], "form", "") == "not understood: {words}" for row in rows):
        say(
            "hotpatch-kb: leave out what says nothing, or use --product, --edition, --licence and --arc, --azure, --azure-local or --intune; of your own hardware say on-premises"
        )
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
