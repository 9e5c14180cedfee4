"""Who may have hotpatching: images compared without case, editions where they run, and what no document names."""

from __future__ import annotations

import pytest
from conftest import Command

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.sources import registry

IMAGE = ["--publisher", "MicrosoftWindowsServer", "--offer", "WindowsServer", "--sku"]

SKUS = {
    "2022-Datacenter-Azure-Edition-Core": "yes",
    "2022-datacenter-azure-edition-hotpatch": "yes",  # ARM returns lower case
    "2025-DATACENTER-AZURE-EDITION": "yes",
    "2025-Datacenter-Azure-Edition-Core-smalldisk": "yes",
    "2022-datacenter-azure-edition": "no",  # Desktop Experience without -hotpatch: the trap
    "2025-datacenter-core": "no",
    "2028-datacenter-azure-edition": "unknown",
}


@pytest.mark.parametrize(("sku", "answer"), SKUS.items())
def test_images(sku: str, answer: str, run: Command) -> None:
    done = run("eligible", *IMAGE, sku, "--json")
    row = done.json()[0]
    assert (done.code, row["answer"]) == (4 if answer == "unknown" else 0, answer)
    assert bool(row["sources"]) == (answer != "unknown")
    assert bool(row["requirements"]) == (answer == "yes")
    text = run("eligible", *IMAGE, sku).out
    assert text.startswith(f"{answer}: ")


@pytest.mark.parametrize(
    ("arguments", "answers"),
    [
        (["--edition", "Standard", "--arc"], {"ws2022": "no", "ws2025": "yes"}),
        (["--edition", "standard"], {"ws2022": "no", "ws2025": "no"}),
        (["--edition", "Datacenter", "--azure", "--product", "ws2025"], {"ws2025": "no"}),
        (["--edition", "Datacenter: Azure Edition", "--azure-local", "--product", "Windows Server 2022"], {"ws2022": "yes"}),
        (["--edition", "Datacenter: Azure Edition", "--arc", "--product", "ws2022"], {"ws2022": "no"}),
        (["--edition", "Enterprise", "--intune"], {"win11-24h2": "yes", "win11-25h2": "yes"}),
        (["--edition", "Windows Server 2025 Standard", "--arc"], {"ws2025": "yes"}),
        (["--edition", "Essentials", "--arc"], {None: "unknown"}),
    ],
)
def test_editions(arguments: list[str], answers: dict[str | None, str], run: Command) -> None:
    done = run("eligible", *arguments, "--json")
    assert {row["product"]: row["answer"] for row in done.json()} == answers
    assert done.code == (4 if set(answers.values()) == {"unknown"} else 0)


def test_images_of_others_have_none(run: Command) -> None:
    done = run("eligible", "--publisher", "contoso", "--offer", "golden", "--sku", "2025-datacenter-azure-edition", "--json")
    row = done.json()[0]
    assert (done.code, row["answer"], row["product"]) == (0, "no", None)
    assert "custom images" in row["reason"]


def test_the_reason_says_where_an_edition_has_it(run: Command) -> None:
    done = run("eligible", "--edition", "Standard", "--product", "ws2025")
    assert "no: Windows Server 2025: Standard has hotpatching on Azure Arc only" in done.out
    done = run("eligible", "--edition", "Standard", "--arc", "--product", "ws2025")
    assert "requires     virtualization-based security running" in done.out
    assert "enable-hotpatch-azure-arc-enabled-servers" in done.out


def test_what_is_asked_must_be_one_thing(run: Command) -> None:
    for arguments, got in (
        ([], "got neither"),
        (["--edition", "Standard", *IMAGE, "x"], "got both"),
        (["--publisher", "x"], "got no --offer and no --sku"),
        (["--edition", " "], "got nothing"),
    ):
        done = run("eligible", *arguments)
        assert (done.code, done.err.count("\n") <= 2, got in done.err) == (2, True, True), done.err


@pytest.mark.parametrize(
    "row",
    [
        "picture\tws2025\t\t\t\t\t\t1\t\thttps://a.example/",
        "image\tws2025\ta\tb\tc\t\tmoon\t1\t\thttps://a.example/",
        "image\tws2025\ta\tb\tc\t\t\tyes\t\thttps://a.example/",
    ],
)
def test_rows_that_cannot_be_read(row: str) -> None:
    header = "kind\tproduct\tpublisher\toffer\tsku\tedition\tplatform\tis_eligible\trequirement\tsource_url"
    page = Page("facts_eligibility", "p", "p", "p", "2026-11-22T00:00:00Z", 200, f"{header}\n{row}".encode())
    with pytest.raises(UnexpectedPage, match="expected a known kind"):
        list(registry()["facts_eligibility"].parse(page))
