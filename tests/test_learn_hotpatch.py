"""Learn's list of images with hotpatching, beyond its rendered pages."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from rendered.learn_hotpatch import IMAGES, URL, markdown, page

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.sources import registry

FACTS = Path(__file__).parent.parent / "db" / "seed" / "facts"
PREFIX = "eligibility/image/microsoftwindowsserver/windowsserver/"
SOURCE = registry()["learn_hotpatch"]


def _page(body: str, kind: str = "text/markdown") -> Page:
    return Page("learn_hotpatch", URL, URL, URL, "2026-07-23T12:00:00Z", 200, body.encode(), {"content-type": f"{kind}; charset=utf-8"})


def _values(body: str) -> dict[tuple[str, str], str | None]:
    return {(claim.subject, claim.field): claim.value for claim in SOURCE.parse(_page(body))}


def test_markdown_and_html_state_the_same_with_the_page_as_their_source() -> None:
    claims = [list(SOURCE.parse(_page(*answer))) for answer in ((markdown(), "text/markdown"), (page(), "text/html"))]
    assert claims[0] == claims[1]
    assert {claim.source_url for claim in claims[0]} == {URL}
    assert {claim.section for claim in claims[0]} == {"Azure and Azure Local virtual machines"}
    assert sorted({claim.row for claim in claims[0]}) == list(range(8))
    assert len(claims[0]) == 8 * 6


def test_when_the_page_was_changed() -> None:
    assert SOURCE.stated_since(_page(markdown())) == "2026-05-20T04:05:06Z"
    assert SOURCE.stated_since(_page(page(), "text/html")) == "2026-05-20T04:05:06Z"
    assert SOURCE.stated_since(_page("no header")) is None


def test_claims_are_in_the_words_of_the_facts() -> None:
    """The page and the table that comes with the program name the same things by the same names, so that they can be compared."""
    table = (FACTS / "eligibility.tsv").read_bytes()
    rows = registry()["facts_eligibility"].parse(Page("facts_eligibility", "e", "e", "e", "2026-11-22T00:00:00Z", 200, table))
    facts = {(c.subject, c.field): c.value for c in rows if c.source_url == URL and c.subject.startswith("eligibility/image/")}
    assert len(facts) == 8 * 6
    assert _values(markdown()) == facts


def test_no_price_is_read() -> None:
    """Copies of before May 2026 say that hotpatching of Arc-enabled servers has a monthly fee."""
    with_fee = markdown().replace("An old copy names a fee here.", "1.50 USD per core and month")
    assert _values(with_fee) == _values(markdown())
    assert {field for _, field in _values(with_fee)} == {"product", "publisher", "offer", "sku", "platform", "is_eligible"}


@pytest.mark.parametrize("row", range(8))
@pytest.mark.parametrize("cell", range(3))
def test_no_row_is_read_with_less_than_it_had(row: int, cell: int) -> None:
    images = [list(image) for image in IMAGES]
    images[row][cell] = ""
    for body in (markdown([tuple(image) for image in images]), page([tuple(image) for image in images])):  # type: ignore[misc]
        claims = list(SOURCE.parse(_page(body)))
        odd = [c for c in claims if c.subject.startswith("quarantine/")]
        assert {c.value for c in odd if c.field == "may_be_release"} == {"0"}
        (reason,) = (c.value or "" for c in odd if c.field == "reason")
        assert reason.startswith("expected 3 full cells in a row of 'Azure and Azure Local virtual machines', got ")
        assert len({c.subject for c in claims if c not in odd}) == len(IMAGES) - 1


@pytest.mark.parametrize(
    ("heading", "is_read"),
    [
        ("Supported platforms", True),
        ("Azure and Azure Local virtual machines", True),
        ("Azure virtual machines", True),
        ("Azure and Azure Stack HCI VMs", True),
        ("Azure Arc-connected machines", False),
        ("Unsupported Azure virtual machines", False),
        ("Azure images that aren’t supported on virtual machines", False),
        ("Azure images without hotpatching on virtual machines", False),
    ],
)
def test_images_are_those_below_the_heading_of_supported_platforms(heading: str, is_read: bool) -> None:
    body = markdown().replace("### Azure and Azure Local virtual machines", f"### {heading}")
    if is_read:
        assert _values(body) == _values(markdown())
        assert {claim.section for claim in SOURCE.parse(_page(body))} == {heading}
    else:
        with pytest.raises(UnexpectedPage, match="expected a table of images below supported platforms, got none"):
            _values(body)
        both = list(SOURCE.parse(_page(f"{markdown()}\n\n{body.partition('### ')[1]}{body.partition('### ')[2]}")))
        assert [c.value_text for c in both if c.subject.startswith("quarantine/") and c.field == "kind"] == [heading]
        assert {(c.subject, c.field): c.value for c in both if not c.subject.startswith("quarantine/")} == _values(markdown())


def test_an_image_listed_twice_is_one_and_its_other_spelling_is_kept() -> None:
    publisher, offer, sku = IMAGES[0]
    found = _values(markdown([*IMAGES, IMAGES[0], (publisher, offer, sku.lower())]))
    subject = f"{PREFIX}2022-datacenter-azure-edition-core"
    assert found == _values(markdown()) | {(subject, "sku#2"): "2022-datacenter-azure-edition-core"}


def test_the_images_are_those_of_the_collected_documents(shared: Path) -> None:
    with (shared / "facts" / "images-and-requirements.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] == "image" and row["value"] == "hotpatch: yes"]
    collected = {f"eligibility/image/{row['publisher']}/{row['offer']}/{row['sku']}".lower(): row["os"] for row in rows}
    found = {subject: value for (subject, field), value in _values(markdown()).items() if field == "product"}
    assert found == {subject: {"Windows Server 2022": "ws2022", "Windows Server 2025": "ws2025"}[os] for subject, os in collected.items()}
