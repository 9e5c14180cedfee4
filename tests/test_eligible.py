"""Who may have hotpatching: images compared without case, editions where they run, and what no document names."""

from __future__ import annotations

import csv
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command

from hotpatch_kb.db.answers.eligibility.decision import eligible
from hotpatch_kb.db.answers.eligibility.documents import explained
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.store.connections import open_seed_database
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
        (["--edition", "standard"], {"ws2022": "no", "ws2025": "only if"}),
        (["--edition", "Datacenter", "--azure", "--product", "ws2025"], {"ws2025": "no"}),
        (["--edition", "Datacenter: Azure Edition", "--azure-local", "--product", "Windows Server 2022"], {"ws2022": "yes"}),
        (["--edition", "Datacenter: Azure Edition", "--arc", "--product", "ws2022"], {"ws2022": "no"}),
        (["--edition", "Enterprise", "--intune"], {"win11-24h2": "yes", "win11-25h2": "yes"}),
        (["--edition", "Windows Server 2025 Standard", "--arc"], {"ws2025": "yes"}),
        (["--edition", "Essentials", "--arc"], {None: "unknown"}),
        (["Windows", "Server", "2025", "Standard", "--arc"], {"ws2025": "yes"}),
        (["Enterprise", "--licence", "Business Premium", "--intune", "--product", "win11-25h2"], {"win11-25h2": "yes"}),
        (["--product", "ws2025", "--arc"], {"ws2025": "only if"}),
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
    assert "only if: Windows Server 2025: Standard: connected to Azure Arc" in done.out
    done = run("eligible", "--edition", "Standard", "--product", "ws2025", "--azure")
    assert "no: Windows Server 2025: Standard has hotpatching on Azure Arc only" in done.out
    assert "would be yes Windows Server 2025: Standard on Azure Arc" in done.out
    done = run("eligible", "--edition", "Standard", "--arc", "--product", "ws2025")
    assert "requires     virtualization-based security running" in done.out
    assert "enable-hotpatch-azure-arc-enabled-servers" in done.out


def test_what_is_asked_must_be_one_thing(run: Command) -> None:
    for arguments, got in (
        ([], "got nothing"),
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


# Written by hand from what Microsoft documents (facts/images-and-requirements.tsv and its pages), not from the program.
QUESTIONS = list(
    csv.DictReader((Path(__file__).parent / "eligibility-questions.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t")
)
COLUMNS = {"kind", "product", "publisher", "offer", "sku", "edition", "platform", "is_eligible", "requirement", "source_url"}


def test_questions_of_editions_platforms_products_and_licences() -> None:
    assert len(QUESTIONS) >= 80
    wrong = []
    with closing(open_seed_database()) as conn:
        for row in QUESTIONS:
            answers = eligible(conn, row["question"])
            got = {answer["answer"] for answer in answers}
            if " " in row["answer"] and row["answer"] != "only if":
                is_right = ", ".join(f"{a['product']} {a['answer']}" for a in answers) == row["answer"]
            else:
                is_right = got == {row["answer"]}
            said = [str(text) for a in answers for text in (a["condition"], a["reason"])]
            if not is_right or row["mentions"] not in " ".join(said):
                wrong.append((row["question"], row["answer"], row["mentions"], [(a["product"], a["answer"], *said) for a in answers]))
    assert wrong == []


def test_each_answer_has_what_its_kind_promises() -> None:
    with closing(open_seed_database()) as conn:
        for row in QUESTIONS:
            for answer in eligible(conn, row["question"]):
                kind = answer["answer"]
                assert answer.keys() >= COLUMNS | {"answer", "reason", "condition", "would_be_yes", "requirements", "sources", "data_until"}
                assert (answer["is_eligible"], answer["condition"] is not None) == ({"yes": 1, "no": 0}.get(kind), kind == "only if")
                assert answer["data_until"] == "2026-11-26"
                assert kind == "unknown" or answer["source_url"].startswith("https://"), row
                assert bool(answer["requirements"]) == (kind in {"yes", "only if"}), row
                assert kind != "no" or answer["would_be_yes"], row


def test_what_would_be_yes_is_yes() -> None:
    with closing(open_seed_database()) as conn:
        named = {str(text) for row in QUESTIONS for answer in eligible(conn, row["question"]) for text in answer["would_be_yes"]}
        assert len(named) > 15
        for text in named:
            kinds = {answer["answer"] for answer in eligible(conn, text)}
            # The Azure Edition of 2022 on Azure depends on its image.
            assert kinds == {"only if" if text == "Windows Server 2022: Datacenter: Azure Edition on Azure" else "yes"}, text


def test_explain_lists_every_statement_with_its_source(run: Command) -> None:
    with closing(open_seed_database()) as conn:
        rows = explained(conn)
        assert len(rows) == conn.execute("select count(*) from eligibility").fetchone()[0]
    done = run("eligible", "--explain", "--json")
    assert [row["requirement"] for row in done.json()] == [row["requirement"] for row in rows]
    assert all(row["source_url"].startswith("https://") and row["data_until"] for row in done.json())
    arc = run("eligible", "--explain", "--product", "ws2025", "--arc").out
    for words in (
        "HVCI",
        "WSL 2",
        "from WSUS",
        "other updates may still restart",
        "July 2025",
        "one core",
        "virtual cores",
        "Update Manager's page",
        '"Canceled"',
    ):
        assert words in arc, words
    assert "MicrosoftWindowsServer" not in arc
    assert "patch orchestration only" in run("eligible", "--explain", "--azure").out
    assert "April 2025" in run("eligible", "--explain", "--intune").out


def test_the_same_by_the_words_of_other_languages_and_ids() -> None:
    with closing(open_seed_database()) as conn:
        for text in (
            "ServerStandard 2025 arc",
            "WINDOWS SERVER 2025 STANDARD ARC",
            "Windows Server® 2025 Std, Azure Arc",
            "26100.1742 Standard Arc",
            "win2025 standard arc",
        ):
            assert [(a["product"], a["answer"]) for a in eligible(conn, text)] == [("ws2025", "yes")], text
        for text in ("Windows 11 25H2 Professionnel", "Windows 11 25H2 专业版", "windows 11 pro version 25h2", "26200.8390 Pro"):
            assert [(a["product"], a["answer"]) for a in eligible(conn, text)] == [("win11-25h2", "no")], text
