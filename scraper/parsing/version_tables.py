"""The tables "versions by servicing option" of Learn's release information: when support of a version ends, and its latest build."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import Claim
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import build, clean, iso_date
from hotpatch_kb.db.model.products import LTSC_VERSIONS, Product, named, products_in
from hotpatch_kb.scraper.parsing.markup import Cell
from hotpatch_kb.scraper.parsing.statements import Field, quarantined, stated
from hotpatch_kb.scraper.parsing.support_dates import Term, check_end, check_start, has_slipped

# Cells of end dates without a date: that support has ended, or that the version never had this one, the second (last seen 2026-07-22).
_ENDED: Final = frozenset({"End of updates", "End of servicing"})
_NEVER: Final = frozenset({"Not applicable", "N/A"})
# What the two end dates are of, by the kind of row: edition group and kind.
_ENDS: Final = {
    "client": (("home_pro", "end_of_servicing"), ("enterprise_education", "end_of_servicing")),
    "long_term": (("ltsc", "mainstream"), ("iot_ltsc", "extended")),
    "server": (("server", "mainstream"), ("server", "extended")),
    "annual_channel": (("annual_channel", "mainstream"), ("annual_channel", "end_of_servicing")),
}
_SECTION: Final = "Versions by servicing option"
# Editions with other dates than the product's (the table of the Long-Term Servicing Channel on client pages).
_LTSC: Final = re.compile(r"\bLTS[BC]\b")
# What a row of a client's table of versions is about. A row of the Long-Term Servicing Channel taken for another had end dates years too late.
_OPTION: Final = re.compile(r"general availability|semi-annual|current branch|\bLTS[BC]\b", re.IGNORECASE)
# "2032-01-13 (IoT Enterprise only)" (Windows 10, version 21H2, July 2026)
_OF_IOT: Final = re.compile(r" ?\(IoT Enterprise(?: LTSC)? only\)", re.IGNORECASE)
# "Windows 11 Enterprise LTSC 2024 edition does not have extended support"
_NO_EXTENDED: Final = re.compile(r"(?<!IoT )Enterprise LTSC (?P<year>20\d\d)\b[^.]{0,60}? does not have extended support", re.IGNORECASE)
# "IoT Enterprise edition is not supported on Windows 11, version 26H1."
_NO_IOT: Final = re.compile(r"IoT Enterprise edition is not supported on Windows (?P<os>1\d), version (?P<version>\d\dH\d)", re.IGNORECASE)
# "Hotpatching is not available on Windows 11, version 26H1." (a note above its calendars, May 2026)
_NO_HOTPATCH: Final = re.compile(
    r"Hotpatch(?:ing|es)? (?:is|are) not (?:available|supported) (?:on|for|in) (?P<name>Windows (?P<os>1\d), version (?P<version>\d\dH\d))",
    re.IGNORECASE,
)
_WITHOUT_HOTPATCH: Final = "hotpatching is not available on this version"  # what an answer of eligibility says

# "24H2" of the versions table, maybe with the rest of a footnote: "24H2^1^" (markdown), "1507 (RTM)"
_VERSION: Final = re.compile(r"(?P<version>\d{2}H\d|\d{4})(?:\^\d\^| ?\([^()]*\))*", re.IGNORECASE)
# "2021 (21H2)" in the table of the Long-Term Servicing Channel of Windows 10
_LTSC_YEAR: Final = re.compile(r"20\d\d \((?P<version>\d{2}H\d|\d{4})\)", re.IGNORECASE)


def claims_of(records: Iterable[dict[str, Cell]], header: Sequence[str], client: str, texts: Sequence[str]) -> Iterator[Claim]:
    """Yield support dates and the latest build per version.

    On client pages the first end date is that of Home and Pro, the second that of Enterprise.

    Args:
        records: the rows, by column.
        header: the names of the columns, in lower case.
        client: "win10" or "win11", for a page of such versions.
        texts: the sentences of the page.

    Raises:
        UnexpectedPage: a column is missing.
    """
    version = next((name for name in header if "version" in name), None)
    ends = _columns_of_ends(header)
    if version is None or len(ends) < 2 or "availability date" not in header:
        raise UnexpectedPage(f"expected the columns version, availability date and two end dates in the table of versions, got {header}")
    is_server = "server" in version
    remarks = _Remarks(texts)
    rows: list[_Row] = []
    for number, record in enumerate(records):
        option = record["servicing option"].text if "servicing option" in record else ""
        products: list[str] = []
        try:
            if option and not is_server and not _OPTION.search(option):
                raise UnexpectedPage(f"expected a servicing option such as General Availability Channel, got {option!r}")
            product = _product_of(record[version].text, "" if is_server else client)
            products.append(product.product)
            start = _start(record["availability date"].text, product.product)
            # The Windows 11 page has 24H2 twice: as a product, and as the LTSC edition with ten years of support.
            is_ltsc = not is_server and _LTSC.search(option) is not None
            of_server = "annual_channel" if product.product.startswith("ws-") else "server"
            kind = of_server if is_server else "long_term" if is_ltsc else "client"
            cells = [clean(record[name].text) for name in ("availability date", *ends)]
        except (UnexpectedPage, KeyError) as error:
            reason = error if isinstance(error, UnexpectedPage) else f"expected the cells of the header, got {len(record)}"
            text = " | ".join(cell.text for cell in record.values() if cell.text)
            yield from quarantined(_SECTION, "entry", text, reason, number, products, may_be_release=False)
        else:
            rows.append(_Row(number, record[version].text, product, kind, record, cells, start))
    read = [[_end(row, 0), _end(row, 1)] for row in rows]
    for row, of_row in zip(rows, read, strict=True):
        days = [day for day in of_row if isinstance(day, str)]
        if days != sorted(days):
            wrong = UnexpectedPage(f"expected the first end of {row.product.product} before the second, got {' and '.join(days)}")
            of_row[:] = [wrong, wrong]
    for number in (0, 1):
        _judge(rows, read, number)
    for row, of_row in zip(rows, read, strict=True):
        yield from _of_row(row, of_row, remarks, "iot enterprise" in ends[1])


class _Row(NamedTuple):
    """A row that names a version.

    Attributes:
        number: its number.
        name: the version as published.
        product: the version.
        kind: what its ends are of, a key of ``_ENDS``.
        record: its cells by column.
        cells: availability date and the two ends as published.
        start: the day of availability; why, where it cannot be read.
    """

    number: int
    name: str
    product: Product
    kind: str
    record: dict[str, Cell]
    cells: list[str]
    start: str | UnexpectedPage


def _columns_of_ends(header: Sequence[str]) -> list[str]:
    """Return the columns of the two ends: that of mainstream support or Home and Pro first, wherever it is."""
    ends = [name for name in header if "end date" in name or "end of " in name]
    return sorted(ends, key=lambda name: "mainstream" not in name and "home" not in name)[:2]


def _start(published: str, product: str) -> str | UnexpectedPage:
    """Return the day on which a version became available; why, where the cell cannot be read.

    Raises:
        UnexpectedPage: the row is another version's, by its day.
    """
    try:
        start = iso_date(clean(published))
    except UnexpectedPage as error:
        return error
    check_start(product, start)
    return start


def _end(row: _Row, number: int) -> str | UnexpectedPage | None:
    """Return the first or second end of a row, None where no day is set; why, where it cannot be read."""
    published = row.cells[1 + number]
    dated = _OF_IOT.sub("", published) if row.kind == "long_term" else published
    if dated in _ENDED or (number and dated in _NEVER):
        return None
    try:
        return iso_date(dated)
    except UnexpectedPage as error:
        return error


def _judge(rows: Sequence[_Row], read: Sequence[list[str | UnexpectedPage | None]], number: int) -> None:
    """Replace the first or second ends that cannot be true by why."""
    terms = []
    for row, ends in zip(rows, read, strict=True):
        start, end = (day if isinstance(day, str) else None for day in (row.start, ends[number]))
        terms.append(Term(row.product.product, *_ENDS[row.kind][number], start, end))
    slipped = UnexpectedPage("expected each end in the row of its version, got a column that slipped") if has_slipped(terms) else None
    for term, ends in zip(terms, read, strict=True):
        try:
            if slipped is not None and ends[number] is not None:
                raise slipped
            check_end(term)
        except UnexpectedPage as error:
            ends[number] = error


_FIELDS: Final = ("release_date", "mainstream_end_date", "extended_end_date")


def _of_row(row: _Row, ends: Sequence[str | UnexpectedPage | None], remarks: _Remarks, is_with_iot: bool) -> Iterator[Claim]:
    """Yield the claims of a row; of what cannot be read or believed, why."""
    product = row.product.product
    is_ltsc = row.kind == "long_term"
    section = _SECTION + (", Long-Term Servicing Channel" if is_ltsc else "")
    fields: list[Field] = []
    for name, text, read in zip(_FIELDS, row.cells, [row.start, *ends], strict=True):
        if isinstance(read, UnexpectedPage):
            yield from quarantined(section, "cell", text or row.name, read, row.number, [product], may_be_release=False)
        else:
            fields.append((name, read, text))
    yield from _latest(section, row.product, row.number, row.record, "ltsc_" if is_ltsc else "")
    if is_ltsc:
        yield from _of_long_term_channel(section, product, row.number, fields, remarks)
        return
    yield from stated(section, f"product/{product}", row.number, fields)
    if published := remarks.without_hotpatch.get(product):
        said: list[Field] = [
            ("product", product, published),
            ("is_eligible", "0", published),
            ("requirement", _WITHOUT_HOTPATCH, published),
        ]
        yield from stated(section, f"eligibility/edition/{product}/-/-", row.number, said)
    if is_with_iot and product not in remarks.without_iot:
        last = [("end_date", value, text) for name, value, text in fields if name == "extended_end_date"]
        yield from stated(section, f"lifecycle/{product}/iot_enterprise/end_of_servicing", row.number, last)


class _Remarks:
    """What the sentences below a table of versions say of its rows.

    Attributes:
        without_extended: years of the Long-Term Servicing Channel whose Enterprise edition has no extended support.
        without_iot: products that have no edition IoT Enterprise.
        without_hotpatch: by product without hotpatching, its name as published.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Read sentences, as last seen 2026-07."""
        together = " ".join(texts)
        self.without_extended = {match["year"] for match in _NO_EXTENDED.finditer(together)}
        self.without_iot = {f"win{match['os']}-{match['version'].lower()}" for match in _NO_IOT.finditer(together)}
        self.without_hotpatch = {f"win{match['os']}-{match['version'].lower()}": match["name"] for match in _NO_HOTPATCH.finditer(together)}


def _of_long_term_channel(section: str, product: str, row: int, fields: Iterable[Field], remarks: _Remarks) -> Iterator[Claim]:
    """Yield the ends of support of Enterprise LTSC and IoT Enterprise LTSC, which differ since 2021."""
    year = next((year for year, version in LTSC_VERSIONS.items() if product.endswith(f"-{version}")), "")
    by_name = {name: (value, text) for name, value, text in fields}
    mainstream, extended = by_name.get("mainstream_end_date"), by_name.get("extended_end_date")
    is_of_iot = year in remarks.without_extended or (extended is not None and _OF_IOT.search(extended[1]) is not None)
    ends = [(group, "mainstream", mainstream) for group in ("ltsc", "iot_ltsc")]
    ends += [("iot_ltsc", "extended", extended), ("ltsc", "end_of_servicing", mainstream) if is_of_iot else ("ltsc", "extended", extended)]
    for group, kind, end in ends:
        if end is not None:
            yield from stated(section, f"lifecycle/{product}/{group}/{kind}", row, [("end_date", *end)])


def _latest(section: str, product: Product, row: int, record: dict[str, Cell], prefix: str) -> Iterator[Claim]:
    """Yield the latest build of a version and its day, which the release history on the same page must have too. Versions that have ended have none."""
    build_text, day_text = (record[name].text if name in record else "" for name in ("latest build", "latest revision date"))
    if build_text or day_text:
        try:
            latest = build(build_text)
            if product.build_number not in {None, latest.number}:
                raise UnexpectedPage(f"expected a build of {product.build_number} as the latest of {product.product}, got {build_text!r}")
            fields: list[Field] = [
                (f"{prefix}latest_build", str(latest), build_text),
                (f"{prefix}latest_on", iso_date(day_text), day_text),
            ]
        except UnexpectedPage as error:
            yield from quarantined(section, "cell", f"{build_text} | {day_text}", error, row, [product.product], may_be_release=False)
        else:
            yield from stated(section, f"product/{product.product}", row, fields)


def _product_of(text: str, client: str) -> Product:
    """Return the product of a row of the table of versions.

    Raises:
        UnexpectedPage: the cell names no version.
    """
    if not client:
        return named(products_in(text)[0])
    if match := _LTSC_YEAR.fullmatch(text):  # "2021 (21H2)": the year of the channel, then the version
        return named(f"{client}-{match['version'].lower()}")
    if match := _VERSION.fullmatch(text):
        return named(f"{client}-{match['version'].lower()}")
    raise UnexpectedPage(f"expected a version such as 25H2 in the table of versions, got {text!r}")
