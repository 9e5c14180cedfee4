"""Microsoft's security data per month (CVRF): which KB fixes which CVE on which line of Windows, at which build, as what kind of update.

The service has months since April 2016; we read those since March 2021, the first with a public hotpatch. Odd:

- Documents are revised for years, and KBs are added to old ones. The index says when, but sometimes omits a recent month that exists.
- The document of the next month may be published early ("October 2026 Early Security Updates"), with little in it. It states
  ``is_complete`` 0 until a KB fixes a vulnerability in a product of ours and the document is from the month's second Tuesday or later.
- A hotpatch and the LCU have the same product ID. In 2022 the hotpatch had a product of its own, which is the same line.
- A build may belong to another line than its product (KB5022836 for Windows 11 21H2: 10.0.22621.1574). It is stated as published.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import MONTHS, build, month_after, second_tuesday
from hotpatch_kb.scraper.parsing import msrc_documents
from hotpatch_kb.scraper.parsing.msrc_documents import SEVERITIES, Fix, Unreadable, Vulnerability, rank, text_member
from hotpatch_kb.scraper.parsing.msrc_products import Lines, Unclaimed
from hotpatch_kb.scraper.parsing.statements import Field, distinct, quarantined, stated
from hotpatch_kb.scraper.parsing.streaming import first_character, json_members, json_values
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "MSRC security updates (CVRF)"
HOME_URL = "https://msrc.microsoft.com/update-guide"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 400
DUE_EVERY = "6h"
IS_DATA = True  # for programs
DUE_ON_RELEASE = "30m"
AT_LEAST = 1
AT_A_TIME = 6  # months that one run reads from the network: 20 MB each
AT_MOST_BYTES = 64 * 2**20  # 2026-Sep has 20,303,321; read as a stream

_HOST: Final = "api.msrc.microsoft.com"
_BASE: Final = f"https://{_HOST}/cvrf/v3.0/"
_INDEX: Final = f"{_BASE}updates"
_MONTHS_BASE: Final = f"{_BASE}cvrf/"
PAGES = [PageSpec(_INDEX, (_INDEX,), accept="application/json")]

FIRST_MONTH: Final = "2021-03"  # of the first public hotpatch, in the preview of build 17784
# The last months are read whether the index has them or not: it omits some, and all of them are revised often.
_RECENT_MONTHS: Final = 3
_RECENT_FOR: Final = timedelta(hours=20)

_ABBREVIATIONS: Final = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
# "2026-Jun"
_ID: Final = re.compile(rf"(?P<year>\d{{4}})-(?P<name>{'|'.join(_ABBREVIATIONS)})", re.ASCII)
# Documents beside a month's: "2017-May-B", "2000-Feb Mariner Release Notes", "Oct-OOB" (of 2016), last seen 2026-10.
_OTHER_ID: Final = re.compile(rf"(?:\d{{4}}-)?(?:{'|'.join(_ABBREVIATIONS)})[- ]\S.*", re.ASCII)
# 2026-06-09T07:00:00Z in the index, 2026-06-09T07:00:00 in JSON and XML; all are UTC.
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)

# CVE-2025-54100; ADV990001, an advisory that is not about one vulnerability, is skipped (last seen 2026-10).
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,7}", re.ASCII)
_ADVISORY: Final = re.compile(r"ADV\d{6}", re.ASCII)
# 5094128. Other fixes are "Click to Run", "Release Notes", "More Information": no KBs, and no digit in them.
_KB: Final = re.compile(r"(?:KB ?)?(?P<kb>\d{6,7})", re.ASCII | re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
# "5087545", "", "5087545; 5087546"
_SUPERSEDED: Final = re.compile(r"(?<!\d)\d{6,7}(?!\d)", re.ASCII)
# "Security Update", "Security Hotpatch Update", "Monthly Rollup", "Security Only", "IE Cumulative", "Servicing Stack Update"
_SUBTYPE: Final = re.compile(r"(?=.*(?:security|hotpatch|update|rollup|cumulative))[a-z ()-]+|", re.ASCII | re.IGNORECASE)
_RESTARTS: Final = {"Yes": "1", "No": "0", "Maybe": None}
# Members that must occur among a document's vulnerabilities, its fixes, and its fixes of our products: if not, they were renamed.
_VULNERABILITY_MEMBERS: Final = frozenset({"CVE", "Title", "Threats", "Remediations"})
_FIX_MEMBERS: Final = frozenset({"Description", "ProductID"})
_OUR_FIX_MEMBERS: Final = frozenset({"SubType"})

# The names of CVRF 1.1 and MSRC's own, as last seen 2026-10. ``unread`` reports any other name: it is new or was renamed.
_NAMES: Final = frozenset({
    "@odata.context", "value", "cvrfdoc", "DocumentTitle", "DocumentType", "DocumentPublisher", "ContactDetails", "IssuingAuthority",
    "DocumentTracking", "Identification", "ID", "Alias", "Status", "Version", "RevisionHistory", "Revision", "Number", "Date",
    "DateSpecified", "Description", "InitialReleaseDate", "CurrentReleaseDate", "CvrfUrl", "Generator", "Engine", "DocumentNotes",
    "Note", "DocumentDistribution", "AggregateSeverity", "DocumentReferences", "Reference", "References", "URL", "Acknowledgments",
    "Acknowledgment", "Name", "Organization", "ProductTree", "Branch", "FullProductName", "Relationship", "ProductGroups", "Group",
    "GroupID", "Vulnerability", "Title", "Notes", "Audience", "Type", "Ordinal", "Value", "DiscoveryDate", "DiscoveryDateSpecified",
    "ReleaseDate", "ReleaseDateSpecified", "Involvements", "Involvement", "CVE", "CWE", "CPE", "ProductStatuses", "ProductID", "Threats",
    "Threat", "CVSSScoreSets", "ScoreSet", "BaseScore", "TemporalScore", "EnvironmentalScore", "IsTemporalScoreFieldSpecified", "Vector",
    "Remediations", "Remediation", "Entitlement", "Supercedence", "RestartRequired", "SubType", "FixedBuild", "AffectedFiles",
    "FileName", "FileVersion", "FileLastModified", "CustomerActionRequired", "Items", "Severity", "xml",
})  # fmt: skip
_NAME_IN: Final = {b"{": re.compile(rb'"([@.A-Za-z0-9]{1,40})"\s*:'), b"<": re.compile(rb"<(?:\w+:)?([A-Za-z]\w*)(?=[\s>/])")}


class _Listed(NamedTuple):
    """A month of the index."""

    row: int
    month: str
    identification: str
    released: str
    revised: str


def page_at(url: str) -> PageSpec | None:
    """Return the page of a month's address, None for any other address."""
    if not url.startswith(_MONTHS_BASE):
        return None
    month = _month(url.removeprefix(_MONTHS_BASE))
    return _page_of(month) if month and month >= FIRST_MONTH else None


def follow(page: Page) -> Iterator[PageSpec]:
    """Yield the months of the index, newest first, and the last three whether it has them or not. A month names no pages.

    Raises:
        UnexpectedPage: as ``parse``.
    """
    if page.page_url != _INDEX:
        return
    months: dict[str, str] = {}
    for listed in (entry for entry in _listed(page) if isinstance(entry, _Listed)):
        months[listed.month] = max(_utc(listed.revised), months.get(listed.month, ""))
    since = _text_of(datetime.fromisoformat(page.fetched_at) - _RECENT_FOR)
    for back in range(_RECENT_MONTHS):
        month = month_after(page.fetched_at[:7], -back)
        if month >= FIRST_MONTH:
            months[month] = max(months.get(month, ""), since)
    for month in sorted(months, reverse=True):
        yield _page_of(month, months[month])


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of the index or of a month.

    Of the index: ``msrc/<yyyy-mm>`` in the section "updates". Of a month, in a section of its name: the same, with ``is_complete``;
    ``remediation/<product>/<kb>``, what a KB is for a product; ``cve/<CVE>``, with the severity in ``fixed/<product>/<kb>``.

    Raises:
        UnexpectedPage: neither JSON nor XML of the known shape, another month's document, or something in it that cannot be read.
    """
    spec = page_at(page.page_url)
    if page.page_url == _INDEX:
        yield from distinct(_index_claims(page))
    elif spec is None:
        raise UnexpectedPage(f"expected MSRC's index or a month since {FIRST_MONTH}, got {page.page_url}")
    else:
        yield from distinct(_month_claims(page))


def unread(page: Page, _: Sequence[Claim]) -> Iterator[Unread]:
    """Yield names of members and elements that are new."""
    pattern = _NAME_IN.get(first_character(page))
    names = {name.decode() for name in pattern.findall(page.body)} if pattern else set()
    for name in sorted(names - _NAMES):
        yield Unread("", "member", f"expected the members of CVRF, got {name!r}")


# --- the index ------------------------------------------------------------------------------------------------------


def _index_claims(page: Page) -> Iterator[Claim]:
    odd: list[Unreadable] = []
    row = -1
    for row, listed in enumerate(_listed(page)):
        if isinstance(listed, Unreadable):
            odd.append(listed)
            yield from quarantined("updates", "entry", listed.text, listed.reason, row, may_be_release=False)
        else:
            yield from stated("updates", f"msrc/{listed.month}", listed.row, _dates(listed.released, listed.revised))
    if odd and len(odd) * 2 > row + 1:
        raise UnexpectedPage(f"{odd[0].reason} from {page.final_url}")


def _listed(page: Page) -> Iterator[_Listed | Unreadable]:
    """Yield the months of the index since the first one that we read, and the entries that cannot be read.

    Raises:
        UnexpectedPage: it is no index, or has no entry.
    """
    if "value" not in (members := json_members(page)):
        raise UnexpectedPage(f"expected an index with a value, got {', '.join(members)[:60]!r} from {page.final_url}")
    row = -1
    for row, entry in enumerate(json_values(page, "value.item")):
        try:
            listed = _entry(row, entry)
        except UnexpectedPage as error:
            yield Unreadable(json.dumps(entry, ensure_ascii=False, default=str)[:500], str(error))
        else:
            if listed is not None:
                yield listed
    if row < 0:
        raise UnexpectedPage(f"expected an index with entries, got none from {page.final_url}")


def _entry(row: int, entry: Any) -> _Listed | None:
    """Return the month that an entry of the index lists, None for one before the first and for another document.

    Raises:
        UnexpectedPage: it cannot be read, or leads elsewhere.
    """
    identification = text_member(entry, "ID", "an entry of the index")
    address = text_member(entry, "CvrfUrl", f"the entry {identification}")
    if urlsplit(address).scheme != "https" or urlsplit(address).netloc != _HOST:
        raise UnexpectedPage(f"expected an address at {_HOST} for {identification!r}, got {address[:120]!r}")
    month = _month(identification)
    if month is None and not _OTHER_ID.fullmatch(identification):
        raise UnexpectedPage(f"expected the ID of a month such as 2026-Jun in the index, got {identification[:60]!r}")
    if month is None or month < FIRST_MONTH:
        return None
    released, revised = (text_member(entry, name, f"the entry {identification}") for name in ("InitialReleaseDate", "CurrentReleaseDate"))
    _dates(released, revised)
    if released[:7] < month_after(month, -1):
        raise UnexpectedPage(f"expected a document to be released about {month}, got {released} for {identification!r}")
    return _Listed(row, month, identification, released, revised)


def _page_of(month: str, good_since: str = "") -> PageSpec:
    url = f"{_MONTHS_BASE}{_identification(month)}"
    return PageSpec(url, (url,), accept="application/json", good_since=good_since)


def _identification(month: str) -> str:
    return f"{month[:4]}-{MONTHS[int(month[5:]) - 1][:3]}"


def _month(identification: str) -> str | None:
    match = _ID.fullmatch(identification)
    return f"{match['year']}-{_ABBREVIATIONS[match['name']]:02d}" if match else None


def _dates(released: str, revised: str) -> list[Field]:
    if _utc(released)[:10] > _utc(revised)[:10]:
        raise UnexpectedPage(f"expected a document to be revised after its release, got {released} and {revised}")
    return [("released_on", _utc(released)[:10], released), ("revised_on", _utc(revised)[:10], revised)]


def _utc(text: str) -> str:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnexpectedPage(f"expected a time such as 2026-06-09T07:00:00Z, got {text[:60]!r}") from None
    return _text_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# --- a month --------------------------------------------------------------------------------------------------------


def _month_claims(page: Page) -> Iterator[Claim]:
    month = _month(page.page_url.rpartition("/")[2]) or ""
    document = msrc_documents.read(page)
    if document.identification != _identification(month):
        raise UnexpectedPage(f"expected the document {_identification(month)}, got {document.identification[:60]!r} from {page.final_url}")
    yield from stated(month, f"msrc/{month}", 0, _dates(document.released, document.revised))
    lines = Lines(document.names)
    unfixed, unclaimed = _Unfixed(lines), Unclaimed(lines)
    known: set[tuple[str, str, Fix]] = set()
    members: dict[str, set[str]] = {"vulnerabilities": set(), "fixes": set(), "fixes of Windows": set()}
    odd: list[Unreadable] = []
    row = -1
    for row, vulnerability in enumerate(document.vulnerabilities):
        if isinstance(vulnerability, Unreadable):
            odd.append(vulnerability)
            continue
        members["vulnerabilities"] |= vulnerability.members
        if _ADVISORY.fullmatch(vulnerability.cve):
            continue
        fixed: dict[tuple[str, str], str] = {}
        for fix in vulnerability.fixes:
            members["fixes"] |= fix.members
            if not _DIGIT.search(fix.description):  # "Click to Run"
                continue
            unclaimed.add(fix)
            for product, severity in _severities(fix, vulnerability, lines):
                members["fixes of Windows"] |= fix.members
                if not (match := _KB.fullmatch(fix.description)):
                    text = f"{vulnerability.cve} {fix.description} {fix.fixed_build} of {second_tuesday(month)}"
                    reason = f"expected the KB of a fix for {product} such as 5094128, got {fix.description[:60]!r}"
                    yield from quarantined(month, "entry", text, reason, row, [product], may_be_release=True)
                    continue
                kb = match["kb"]
                fixed[product, kb] = max(severity, fixed.get((product, kb), ""), key=rank)
                key = (product, kb, fix._replace(products=()))
                if key not in known:  # nearly always known: a KB fixes a hundred CVEs
                    known.add(key)
                    yield from stated(month, f"remediation/{product}/{kb}", row, _of_fix(fix, month))
                    for text, reason in _odd_texts(fix):
                        yield from quarantined(month, "cell", f"{text} of {fix.description}", reason, row, may_be_release=False)
        if fixed:
            unfixed.add(vulnerability)
        if fixed and _CVE.fullmatch(vulnerability.cve):
            subject = f"cve/{vulnerability.cve}"
            yield Claim(month, subject, "title", vulnerability.title, vulnerability.title, row)
            for (product, kb), severity in fixed.items():
                yield Claim(month, subject, f"fixed/{product}/{kb}", severity, severity, row)
        elif not _CVE.fullmatch(vulnerability.cve):
            odd.append(Unreadable(f"{vulnerability.cve} {vulnerability.title}", "expected a CVE such as CVE-2025-54100"))
    is_mostly_odd = len(odd) * 2 > row + 1
    odd += [*lines.odd, *unfixed.found()]
    if is_mostly_odd or (odd and not known):
        raise UnexpectedPage(f"{odd[0].reason}, got {odd[0].text[:60]!r} from {page.final_url}")
    for number, thing in enumerate(odd):
        yield from quarantined(month, "entry", thing.text, thing.reason, number, may_be_release=False)
    for number, (text, products) in enumerate(unclaimed.found({kb for _, kb, _ in known}, second_tuesday(month))):
        yield from quarantined(month, "entry", text, "expected the name of a Windows of this build", number, products, may_be_release=True)
    _check_members(members, page)
    yield from _completeness(document, month, is_any_known=bool(known))


def _completeness(document: msrc_documents.Document, month: str, *, is_any_known: bool) -> Iterator[Claim]:
    """Yield whether a document has the fixes of its month's release, and a note where it should."""
    # Before the month's second Tuesday a document may have an out-of-band fix and nothing else. After it, each has fixed Windows so far.
    is_of_release = _utc(document.revised)[:10] >= second_tuesday(month)
    is_complete = is_any_known and is_of_release
    if is_of_release and not is_any_known:
        reason = f"expected a fix of Windows in a document revised after {second_tuesday(month)}"
        yield from quarantined(month, "entry", f"{document.title} of {document.revised}", reason, 0, may_be_release=False)
    yield Claim(month, f"msrc/{month}", "is_complete", str(int(is_complete)), document.title, 0)


def _check_members(members: dict[str, set[str]], page: Page) -> None:
    """Check that members were not renamed: that some vulnerability or fix has each of them.

    Raises:
        UnexpectedPage: none has it.
    """
    required = zip(members.items(), (_VULNERABILITY_MEMBERS, _FIX_MEMBERS, _OUR_FIX_MEMBERS), strict=True)
    for (what, names), expected in required:
        if names and not expected <= names:
            raise UnexpectedPage(f"expected {' and '.join(sorted(expected - names))} among {what}, got none from {page.final_url}")


def _severities(fix: Fix, vulnerability: Vulnerability, lines: Lines) -> Iterator[tuple[str, str]]:
    """Return our products that a fix is for, each with its severity: the highest, where architectures differ."""
    severities: dict[str, str] = {}
    for product_id in fix.products:
        if product := lines.product(product_id):
            severity = vulnerability.severities.get(product_id, "")
            # Some vulnerabilities have no severity for any product.
            if severity not in SEVERITIES or (not severity and any(vulnerability.severities.values())):
                lines.odd.append(Unreadable(f"{severity} of {vulnerability.cve} for {product_id}", "expected a severity such as Important"))
                severity = ""
            severities[product] = max(severity, severities.get(product, ""), key=rank)
    return iter(severities.items())


class _Unfixed:
    """Finds our products that a vulnerability of Windows has a severity for and no fix: a fix lists each of its products, of every architecture.

    A month's hotpatch is beside the LCU of its month, but for the products of 2022 that have "Hotpatch" in their name. An out-of-band one may be
    alone. Which of the two a hotpatch is shows at the end of a document.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._beside_lcus: set[tuple[str, str]] = set()
        self._found: list[tuple[Unreadable, set[tuple[str, str]]]] = []

    def add(self, vulnerability: Vulnerability) -> None:
        """Take a vulnerability that has a fix of Windows."""
        with_lcu, hotpatches = set[str](), defaultdict[str, set[str]](set)
        for fix in vulnerability.fixes:
            for product_id in fix.products:
                if "hotpatch" in fix.subtype.lower():
                    hotpatches[product_id].add(fix.description)
                else:
                    with_lcu.add(product_id)
        product = self._lines.product
        of_lcus = {product(product_id) for product_id in with_lcu & vulnerability.severities.keys()}
        for product_id, kbs in hotpatches.items():
            if product_id in with_lcu and (name := product(product_id)):
                self._beside_lcus |= {(name, kb) for kb in kbs}
        for product_id in vulnerability.severities:
            if product_id in with_lcu or not (name := product(product_id)) or self._lines.is_of_hotpatches(product_id):
                continue
            alone = set() if name in of_lcus else {(name, kb) for kb in hotpatches[product_id]}
            self._found.append((Unreadable(f"{product_id} {name} of {vulnerability.cve}", "expected a KB that fixes it"), alone))

    def found(self) -> list[Unreadable]:
        """Return what has no fix, after all vulnerabilities."""
        return [thing for thing, alone in self._found if alone <= self._beside_lcus]


def _odd_texts(fix: Fix) -> Iterator[tuple[str, str]]:
    if fix.restart and fix.restart not in _RESTARTS:
        yield fix.restart, "expected Yes, No or Maybe as RestartRequired"
    if not _SUBTYPE.fullmatch(fix.subtype):
        yield fix.subtype, "expected a SubType such as Security Update"
    if fix.description and fix.description in fix.supersedes:
        yield fix.supersedes, "expected another KB in Supercedence"


def _of_fix(fix: Fix, month: str) -> Iterator[Field]:
    yield "month", month, _identification(month)
    if fix.subtype:
        yield "subtype", _subtype(fix.subtype), fix.subtype
    if fix.fixed_build:
        yield "fixed_build", _build(fix.fixed_build), fix.fixed_build
    if fix.supersedes:
        for superseded in _SUPERSEDED.findall(fix.supersedes) or [None]:
            yield "supersedes_kb", superseded, fix.supersedes
    if fix.restart in _RESTARTS:
        yield "restart", _RESTARTS[fix.restart], fix.restart


def _subtype(text: str) -> str:
    # "Security Hotpatch Update", "Security HotPatch Update", "SecurityHotpatchUpdate", in 2023 "AzureHotpatch"
    joined = text.replace(" ", "").casefold()
    if "hotpatch" in joined:
        return "hotpatch"
    return "security" if joined == "securityupdate" else text.casefold()


def _build(text: str) -> str | None:
    try:
        return str(build(text))
    except UnexpectedPage:  # "1.001" of Internet Explorer, an address of Office: MSRC checks nothing here
        return None
