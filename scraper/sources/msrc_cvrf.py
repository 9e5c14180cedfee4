"""Microsoft's security data per month (CVRF): which KB fixes which CVE on which line of Windows, at which build, as what kind of update.

The service has months since April 2016; read are those since March 2021, the first with a public hotpatch. Odd:

- Documents are revised for years, and KBs are added to old ones. The index says when, but sometimes omits a recent month that exists.
- The document of the next month may come early ("October 2026 Early Security Updates"), with next to nothing in it: as long as
  no vulnerability of it is fixed by a KB for a product of ours, or it is older than the month's second Tuesday, it states ``is_complete`` 0.
- A hotpatch stands beside the LCU, for the same product ID. In 2022 it had a product of its own, which is the same line.
- The service gives XML to who does not ask for JSON. Both are read, a vulnerability at a time: a month has 20 MB.
- A build of another line than the product's occurs (KB5022836 for Windows 11 21H2: 10.0.22621.1574): it is stated as published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import MONTHS, build, clean, month_after, second_tuesday
from hotpatch_kb.db.model.products import SEMI_ANNUAL_SERVERS, products_in
from hotpatch_kb.scraper.parsing.markup import Node
from hotpatch_kb.scraper.parsing.statements import Field, distinct, stated
from hotpatch_kb.scraper.parsing.streaming import first_character, json_members, json_values, local_name, xml_children
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "MSRC security updates (CVRF)"
HOME_URL = "https://msrc.microsoft.com/update-guide"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 400
DUE_EVERY = "6h"
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
# The index is not asked alone for the last months: it omits some, and revises all of them often.
_RECENT_MONTHS: Final = 3
_RECENT_FOR: Final = timedelta(hours=20)

_ABBREVIATIONS: Final = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
# "2026-Jun"
_ID: Final = re.compile(rf"(?P<year>\d{{4}})-(?P<name>{'|'.join(_ABBREVIATIONS)})", re.ASCII)
# Documents beside a month's: "2017-May-B", "2000-Feb Mariner Release Notes", "Oct-OOB" (of 2016), last seen 2026-10.
_OTHER_ID: Final = re.compile(rf"(?:\d{{4}}-)?(?:{'|'.join(_ABBREVIATIONS)})[- ]\S.*", re.ASCII)
# 2026-06-09T07:00:00Z in the index, 2026-06-09T07:00:00 in JSON and XML; all of them UTC.
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)

# CVE-2025-54100; ADV990001, an advisory about something else than one vulnerability, is skipped (last seen 2026-10).
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,7}", re.ASCII)
_ADVISORY: Final = re.compile(r"ADV\d{6}", re.ASCII)
# 5094128. Other fixes are "Click to Run", "Release Notes", "More Information": no KBs, and no digit in them.
_KB: Final = re.compile(r"(?:KB ?)?(?P<kb>\d{6,7})", re.ASCII | re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
# "5087545", "", "5087545; 5087546"
_SUPERSEDED: Final = re.compile(r"(?<!\d)\d{6,7}(?!\d)", re.ASCII)
# CVRF's names and numbers of what a remediation is (others: 3 release notes, 5 known issue, 6 support) and what a threat says.
_VENDOR_FIX: Final = frozenset({2, "Vendor Fix"})
_SEVERITY: Final = frozenset({3, "Severity"})
SEVERITIES: Final = ("", "Low", "Moderate", "Important", "Critical")  # rising; MSRC states none of some
_RESTARTS: Final = {"Yes": "1", "No": "0", "Maybe": None}
# What must occur among a document's vulnerabilities, its fixes and our fixes, if there are any: else it was renamed.
_VULNERABILITY_MEMBERS: Final = frozenset({"CVE", "Title", "Threats", "Remediations"})
_FIX_MEMBERS: Final = frozenset({"Description", "ProductID"})
_OUR_FIX_MEMBERS: Final = frozenset({"SubType"})

# "Windows 11 Version 24H2 for x64-based Systems", "Windows 11 version 26H1 for …", "Windows 10 for 32-bit Systems"
_CLIENT: Final = re.compile(
    r"Windows (?P<os>1\d),?(?P<version> Version \w+)? for (?:32-bit|x64-based|ARM64-based) Systems", re.ASCII | re.IGNORECASE
)
_FIRST_VERSIONS: Final = {"10": "win10-1507", "11": "win11-21h2"}  # which have no version in their name
# "Windows Server 2022, 23H2 Edition (Server Core installation)"
_ANNUAL_SERVER: Final = re.compile(r"Windows Server 20\d\d,? (?P<version>\d\dH\d) Edition\b.*", re.ASCII | re.IGNORECASE)
# "Windows Server 2022 (Server Core installation)", and in 2022 "Windows Server 2022 Azure Edition Core Hotpatch" and
# "Windows Server 2022 Datacenter: Azure Edition (Hotpatch)"
_SERVER: Final = re.compile(r"Windows Server 20(?:1[69]|[2-9]\d)(?: .*)?", re.ASCII | re.IGNORECASE)
# "Windows Server, version 20H2 (Server Core Installation)"
_VERSIONED_SERVER: Final = re.compile(r"Windows Server,? version (?P<version>\w+)\b.*", re.ASCII | re.IGNORECASE)
# Lines before Windows 10, which have no products here: "Windows Server 2012 R2", "Windows RT 8.1", last seen 2026-06.
_OLD: Final = re.compile(r"Windows (?:Server (?:2003|2008|2012)|(?:RT )?8(?:\.1)?|7|Vista|XP)\b.*", re.ASCII | re.IGNORECASE)
# What looks like a line of Windows must be one of these. Others are no lines: "Windows Admin Center", "Windows Defender …",
# "Microsoft Edge (Chromium-based)", "Microsoft .NET Framework 4.8 on Windows 10 Version 1809 for x64-based Systems".
_LINE: Final = re.compile(r"Windows (?:Server,? (?:version )?)?\d.*", re.ASCII | re.IGNORECASE)


# The names of CVRF 1.1 and MSRC's own, as last seen 2026-10: a member that was renamed for one vulnerability is one that is new.
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


class _Fix(NamedTuple):
    """A remediation of a vendor: texts as published, "" where it has none."""

    description: str
    products: tuple[str, ...]
    subtype: str
    fixed_build: str
    supersedes: str
    restart: str
    members: frozenset[str]


class _Vulnerability(NamedTuple):
    """What is read of a vulnerability; severities by product ID, the most severe of each."""

    cve: str
    title: str
    fixes: list[_Fix]
    severities: dict[str, str]
    members: frozenset[str]


class _Document(NamedTuple):
    """A month's document: its head, the names of products by ID, and its vulnerabilities, read when they are asked for."""

    identification: str
    title: str
    released: str
    revised: str
    names: dict[str, str]
    vulnerabilities: Iterator[_Vulnerability]


class _Listed(NamedTuple):
    """A month of the index."""

    row: int
    month: str
    identification: str
    released: str
    revised: str


def page_at(url: str) -> PageSpec | None:
    """The page of a month's address, None for any other."""
    if not url.startswith(_MONTHS_BASE):
        return None
    month = _month(url.removeprefix(_MONTHS_BASE))
    return _page_of(month) if month and month >= FIRST_MONTH else None


def follow(page: Page) -> Iterator[PageSpec]:
    """The months of the index, newest first, and the last three whether it has them or not. A month has none.

    Raises:
        UnexpectedPage: as ``parse``.
    """
    if page.page_url != _INDEX:
        return
    months: dict[str, str] = {}
    for listed in _listed(page):
        months[listed.month] = max(_utc(listed.revised), months.get(listed.month, ""))
    since = _text_of(datetime.fromisoformat(page.fetched_at) - _RECENT_FOR)
    for back in range(_RECENT_MONTHS):
        month = month_after(page.fetched_at[:7], -back)
        if month >= FIRST_MONTH:
            months[month] = max(months.get(month, ""), since)
    for month in sorted(months, reverse=True):
        yield _page_of(month, months[month])


def parse(page: Page) -> Iterator[Claim]:
    """Claims of the index or of a month.

    Of the index: ``msrc/<yyyy-mm>`` in the section "updates". Of a month, in a section of its name: the same, with ``is_complete``;
    ``remediation/<product>/<kb>``, what a KB is for a product; ``cve/<CVE>``, whose fields ``fixed/<product>/<kb>`` are severities.

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
    """Names of members and elements that are new."""
    pattern = _NAME_IN.get(first_character(page))
    found = set(pattern.findall(page.body)) if pattern else set()
    for name in sorted(name.decode() for name in found if name.decode() not in _NAMES):
        yield Unread("", "member", f"expected the members of CVRF, got {name!r}")


# --- the index ------------------------------------------------------------------------------------------------------


def _index_claims(page: Page) -> Iterator[Claim]:
    for listed in _listed(page):
        yield from stated("updates", f"msrc/{listed.month}", listed.row, _dates(listed.released, listed.revised))


def _listed(page: Page) -> Iterator[_Listed]:
    """The months of the index that are read.

    Raises:
        UnexpectedPage: it is no index, names no month, or an entry cannot be read or leads elsewhere.
    """
    if "value" not in (members := json_members(page)):
        raise UnexpectedPage(f"expected an index with a value, got {', '.join(members)[:60]!r} from {page.final_url}")
    row = -1
    for row, entry in enumerate(json_values(page, "value.item")):
        identification = _string(entry, "ID", "an entry of the index")
        address = _string(entry, "CvrfUrl", f"the entry {identification}")
        if urlsplit(address).scheme != "https" or urlsplit(address).netloc != _HOST:
            raise UnexpectedPage(f"expected an address at {_HOST} for {identification!r}, got {address[:120]!r}")
        month = _month(identification)
        if month is None:
            if not _OTHER_ID.fullmatch(identification):
                raise UnexpectedPage(f"expected the ID of a month such as 2026-Jun in the index, got {identification[:60]!r}")
        elif month >= FIRST_MONTH:
            released, revised = (
                _string(entry, name, f"the entry {identification}") for name in ("InitialReleaseDate", "CurrentReleaseDate")
            )
            yield _Listed(row, month, identification, released, revised)
    if row < 0:
        raise UnexpectedPage(f"expected an index with entries, got none from {page.final_url}")


def _page_of(month: str, good_since: str = "") -> PageSpec:
    url = f"{_MONTHS_BASE}{_identification(month)}"
    return PageSpec(url, (url,), accept="application/json", good_since=good_since)


def _identification(month: str) -> str:
    return f"{month[:4]}-{MONTHS[int(month[5:]) - 1][:3]}"


def _month(identification: str) -> str | None:
    match = _ID.fullmatch(identification)
    return f"{match['year']}-{_ABBREVIATIONS[match['name']]:02d}" if match else None


def _dates(released: str, revised: str) -> list[Field]:
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
    kind = first_character(page)
    if kind not in {b"{", b"<"}:
        raise UnexpectedPage(f"expected the JSON or XML of a month, got {page.body[:60]!r} from {page.final_url}")
    document = _json_document(page) if kind == b"{" else _xml_document(page)
    if document.identification != _identification(month):
        raise UnexpectedPage(f"expected the document {_identification(month)}, got {document.identification[:60]!r} from {page.final_url}")
    yield from stated(month, f"msrc/{month}", 0, _dates(document.released, document.revised))
    lines = _Lines(document.names)
    known: set[tuple[str, str, _Fix]] = set()
    members: dict[str, set[str]] = {"vulnerabilities": set(), "fixes": set(), "fixes of Windows": set()}
    for row, vulnerability in enumerate(document.vulnerabilities):
        members["vulnerabilities"] |= vulnerability.members
        if _ADVISORY.fullmatch(vulnerability.cve):
            continue
        if not _CVE.fullmatch(vulnerability.cve):
            raise UnexpectedPage(f"expected a CVE such as CVE-2025-54100, got {vulnerability.cve[:60]!r} of {vulnerability.title[:60]!r}")
        fixed: dict[tuple[str, str], str] = {}
        for fix in vulnerability.fixes:
            members["fixes"] |= fix.members
            if not _DIGIT.search(fix.description):  # "Click to Run"
                continue
            for product, severity in _severities(fix, vulnerability, lines):
                members["fixes of Windows"] |= fix.members
                kb = _kb(fix.description, product)
                fixed[product, kb] = max(severity, fixed.get((product, kb), ""), key=_rank)
                key = (product, kb, fix._replace(products=()))
                if key not in known:  # as nearly all are: a KB fixes a hundred CVEs
                    known.add(key)
                    yield from stated(month, f"remediation/{product}/{kb}", row, _of_fix(fix, month))
        if fixed:
            subject = f"cve/{vulnerability.cve}"
            yield Claim(month, subject, "title", vulnerability.title, vulnerability.title, row)
            for (product, kb), severity in fixed.items():
                yield Claim(month, subject, f"fixed/{product}/{kb}", severity, severity, row)
    _check_members(members, page)
    # Before the month's second Tuesday a document may hold an out-of-band fix, and nothing of what is to come.
    is_complete = bool(known) and _utc(document.revised)[:10] >= second_tuesday(month)
    yield Claim(month, f"msrc/{month}", "is_complete", str(int(is_complete)), document.title, 0)


def _check_members(members: dict[str, set[str]], page: Page) -> None:
    """A name that no vulnerability or fix has any more was renamed; one that some lack is as published.

    Raises:
        UnexpectedPage: one was renamed.
    """
    required = zip(members.items(), (_VULNERABILITY_MEMBERS, _FIX_MEMBERS, _OUR_FIX_MEMBERS), strict=True)
    for (what, found), expected in required:
        if found and not expected <= found:
            raise UnexpectedPage(f"expected {' and '.join(sorted(expected - found))} among {what}, got none from {page.final_url}")


def _severities(fix: _Fix, vulnerability: _Vulnerability, lines: _Lines) -> Iterator[tuple[str, str]]:
    """Our products that a fix is for, each with its severity: of architectures that differ the most severe."""
    found: dict[str, str] = {}
    for product_id in fix.products:
        if product := lines.product(product_id):
            severity = vulnerability.severities.get(product_id, "")
            if severity not in SEVERITIES:
                raise UnexpectedPage(f"expected a severity of {vulnerability.cve} such as Important, got {severity[:60]!r}")
            found[product] = max(severity, found.get(product, ""), key=_rank)
    return iter(found.items())


def _rank(severity: str) -> int:
    """The place of a severity; of those that we do not know, which matter only where a product of ours has one, the highest."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _kb(description: str, product: str) -> str:
    match = _KB.fullmatch(description)
    if not match:
        raise UnexpectedPage(f"expected the KB of a fix for {product} such as 5094128, got {description[:60]!r}")
    return match["kb"]


def _of_fix(fix: _Fix, month: str) -> Iterator[Field]:
    yield "month", month, _identification(month)
    if fix.subtype:
        yield "subtype", _subtype(fix.subtype), fix.subtype
    if fix.fixed_build:
        yield "fixed_build", _build(fix.fixed_build), fix.fixed_build
    if fix.supersedes:
        for superseded in _SUPERSEDED.findall(fix.supersedes) or [None]:
            yield "supersedes_kb", superseded, fix.supersedes
    if fix.restart:
        if fix.restart not in _RESTARTS:
            raise UnexpectedPage(f"expected Yes, No or Maybe as RestartRequired, got {fix.restart[:60]!r}")
        yield "restart", _RESTARTS[fix.restart], fix.restart


def _subtype(text: str) -> str:
    # "Security Hotpatch Update", "Security HotPatch Update", "SecurityHotpatchUpdate" (case 30), in 2023 "AzureHotpatch"
    joined = text.replace(" ", "").casefold()
    if "hotpatch" in joined:
        return "hotpatch"
    return "security" if joined == "securityupdate" else text.casefold()


def _build(text: str) -> str | None:
    try:
        return str(build(text))
    except UnexpectedPage:  # "1.001" of Internet Explorer, an address of Office: MSRC checks nothing here, and the KB stands for itself
        return None


class _Lines:
    """The products of ours by the IDs of a document. A name is read when a KB is for it: of thousands few are."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._found: dict[str, str | None] = {}

    def product(self, product_id: str) -> str | None:
        """Our product, None where the ID is of none.

        Raises:
            UnexpectedPage: the document does not name it, or names a Windows that we cannot read.
        """
        if product_id not in self._found:
            if product_id not in self._names:
                raise UnexpectedPage(f"expected the name of the product {product_id!r} in the product tree, got none")
            self._found[product_id] = product_of(self._names[product_id])
        return self._found[product_id]


def product_of(name: str) -> str | None:
    """Our product of the name that MSRC gives it, None where it is none of ours.

    Raises:
        UnexpectedPage: it looks like a line of Windows that is neither ours nor known as another.

    >>> product_of("Windows Server 2022, 23H2 Edition (Server Core installation)"), product_of("Windows 10 for x64-based Systems")
    ('ws-23h2', 'win10-1507')
    >>> product_of("Windows Server 2012 R2"), product_of("Microsoft Office 2019 for 32-bit editions")
    (None, None)
    """
    name = clean(name)
    if match := _CLIENT.fullmatch(name):
        if match["version"]:
            return products_in(name)[0]
        if first := _FIRST_VERSIONS.get(match["os"]):
            return first
    elif match := _ANNUAL_SERVER.fullmatch(name):
        return f"ws-{match['version'].lower()}"
    elif _SERVER.fullmatch(name):
        return products_in(name)[0]
    elif match := _VERSIONED_SERVER.fullmatch(name):
        return None if match["version"].lower() in SEMI_ANNUAL_SERVERS else products_in(name)[0]
    elif _OLD.fullmatch(name) or not _LINE.fullmatch(name):
        return None
    raise UnexpectedPage(f"expected the name of a Windows such as 'Windows Server 2025 (Server Core installation)', got {name[:120]!r}")


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json_document(page: Page) -> _Document:
    members = json_members(page)
    if missing := [name for name in ("DocumentTracking", "ProductTree", "Vulnerability") if name not in members]:
        raise UnexpectedPage(f"expected {' and '.join(missing)} in a CVRF document, got {', '.join(members)[:120]!r} from {page.final_url}")
    # What stands behind the last vulnerability is found too, at the price of reading on to it.
    tracking = next(json_values(page, "DocumentTracking"))
    tree = next(json_values(page, "ProductTree"))
    names = {}
    for product in _objects(tree, "FullProductName", "the product tree"):
        names[_string(product, "ProductID", "a product")] = _string(product, "Value", "a product")
    return _Document(
        identification=_value(_member(tracking, "Identification"), "ID"),
        title=_value({"Title": next(json_values(page, "DocumentTitle"))}, "Title") if "DocumentTitle" in members else "",
        released=_string(tracking, "InitialReleaseDate", "a document"),
        revised=_string(tracking, "CurrentReleaseDate", "a document"),
        names=names,
        vulnerabilities=_json_vulnerabilities(page),
    )


def _json_vulnerabilities(page: Page) -> Iterator[_Vulnerability]:
    found = False
    for item in json_values(page, "Vulnerability.item"):
        found = True
        severities: dict[str, str] = {}
        for threat in _objects(item, "Threats", "a vulnerability"):
            if _kind(threat) in _SEVERITY:
                _add(severities, _strings(threat, "ProductID"), _value(threat, "Description"))
        yield _Vulnerability(
            cve=_string(item, "CVE", f"the vulnerability {_value(item, 'Title')[:60]!r}"),
            title=_value(item, "Title"),
            fixes=[_json_fix(fix) for fix in _objects(item, "Remediations", "a vulnerability") if _kind(fix) in _VENDOR_FIX],
            severities=severities,
            members=frozenset(item),
        )
    if not found and (other := next(json_values(page, "Vulnerability"))) != []:
        raise UnexpectedPage(f"expected a list of vulnerabilities, got {str(other)[:60]!r} from {page.final_url}")


def _json_fix(fix: dict[str, Any]) -> _Fix:
    return _Fix(
        description=_value(fix, "Description"),
        products=_strings(fix, "ProductID"),
        subtype=_value(fix, "SubType"),
        fixed_build=_value(fix, "FixedBuild"),
        supersedes=_value(fix, "Supercedence"),
        restart=_value(fix, "RestartRequired"),
        members=frozenset(fix),
    )


def _member(thing: Any, name: str) -> Any:
    """A member of an object, None where it has none.

    Raises:
        UnexpectedPage: it is no object.
    """
    if not isinstance(thing, dict):
        raise UnexpectedPage(f"expected an object with {name}, got {str(thing)[:60]!r}")
    return thing.get(name)


def _string(thing: Any, name: str, what: str) -> str:
    value = _member(thing, name)
    if not isinstance(value, str):
        raise UnexpectedPage(f"expected {name} of {what}, got {str(value)[:60]!r}")
    return clean(value)


def _value(thing: Any, name: str) -> str:
    """The text of a member, which may stand as itself or as ``{"Value": …}``; "" where there is none."""
    value = _member(thing, name)
    if isinstance(value, dict):
        value = value.get("Value")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnexpectedPage(f"expected a text as {name}, got {str(value)[:60]!r}")
    return clean(value)


def _kind(thing: dict[str, Any]) -> int:
    kind = thing.get("Type")
    if not isinstance(kind, int):
        raise UnexpectedPage(f"expected the number of a Type, got {kind!r} in {str(thing)[:60]!r}")
    return kind


def _objects(thing: Any, name: str, what: str) -> list[dict[str, Any]]:
    values = _member(thing, name)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise UnexpectedPage(f"expected {name} of {what} as a list of objects, got {str(values)[:60]!r}")
    return values


def _strings(thing: dict[str, Any], name: str) -> tuple[str, ...]:
    values = thing.get(name)
    if values is None:  # some have none, since 2017
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UnexpectedPage(f"expected {name} as a list of texts, got {str(values)[:60]!r}")
    return tuple(values)


def _add(severities: dict[str, str], product_ids: Iterable[str], severity: str) -> None:
    for product_id in product_ids:
        severities[product_id] = max(severity, severities.get(product_id, ""), key=_rank)


# --- XML ------------------------------------------------------------------------------------------------------------

_ROOT: Final = "cvrfdoc"
# The children of a root. A month without vulnerabilities has none of the last, which must not go unseen if it is renamed.
_CHILDREN: Final = frozenset(
    {
        "DocumentTitle", "DocumentType", "DocumentPublisher", "DocumentTracking", "DocumentNotes", "DocumentDistribution",
        "AggregateSeverity", "DocumentReferences", "Acknowledgments", "ProductTree", "Vulnerability",
    }
)  # fmt: skip


def _xml_document(page: Page) -> _Document:
    head: dict[str, str] = {}
    names: dict[str, str] = {}
    wanted = {"DocumentTitle", "DocumentTracking", "ProductTree"}
    for child in xml_children(page, _ROOT, *wanted):
        name = local_name(child)
        wanted.discard(name)
        if name == "DocumentTitle":
            head["title"] = _text(child)
        elif name == "DocumentTracking":
            head |= {local_name(e): _text(e) for e in child.iter("{*}ID", "{*}InitialReleaseDate", "{*}CurrentReleaseDate")}
        else:
            for product in child.iter("{*}FullProductName"):
                if product.get("ProductID") is None:
                    raise UnexpectedPage(f"expected the ProductID of {_text(product)[:60]!r}, got none from {page.final_url}")
                names[product.get("ProductID")] = _text(product)
        if not wanted:
            break
    missing = [name for name in ("ID", "InitialReleaseDate", "CurrentReleaseDate") if name not in head]
    if missing or "ProductTree" in wanted:
        raise UnexpectedPage(f"expected {' and '.join([*missing, *sorted(wanted)])} in a CVRF document, got none from {page.final_url}")
    return _Document(
        head["ID"], head.get("title", ""), head["InitialReleaseDate"], head["CurrentReleaseDate"], names, _xml_vulnerabilities(page)
    )


def _xml_vulnerabilities(page: Page) -> Iterator[_Vulnerability]:
    for child in xml_children(page, _ROOT):
        if local_name(child) not in _CHILDREN:
            raise UnexpectedPage(f"expected the parts of a CVRF document, got <{local_name(child)}> from {page.final_url}")
        if local_name(child) != "Vulnerability":
            continue
        parts = {local_name(part): part for part in child}
        severities: dict[str, str] = {}
        for threat in parts.get("Threats", ()):
            if _attribute(threat, "Type") in _SEVERITY:
                fields = _fields(threat)
                _add(severities, fields.get("ProductID", ()), " ".join(fields.get("Description", ())))
        yield _Vulnerability(
            cve=_text(parts["CVE"]) if "CVE" in parts else "",
            title=_text(parts["Title"]) if "Title" in parts else "",
            fixes=[_xml_fix(fix) for fix in parts.get("Remediations", ()) if _attribute(fix, "Type") in _VENDOR_FIX],
            severities=severities,
            members=frozenset(parts),
        )


def _xml_fix(fix: Node) -> _Fix:
    fields = _fields(fix)
    return _Fix(
        products=tuple(fields.get("ProductID", ())),
        members=frozenset(fields),
        **{
            field: " ".join(fields.get(name, ()))
            for field, name in (
                ("description", "Description"),
                ("subtype", "SubType"),
                ("fixed_build", "FixedBuild"),
                ("supersedes", "Supercedence"),
                ("restart", "RestartRequired"),
            )
        },
    )


def _fields(node: Node) -> dict[str, list[str]]:
    """The texts of an element's children by their names."""
    found: dict[str, list[str]] = {}
    for child in node:
        found.setdefault(local_name(child), []).append(_text(child))
    return found


def _attribute(node: Node, name: str) -> str:
    value: str | None = node.get(name)
    if value is None:
        raise UnexpectedPage(f"expected the {name} of a {local_name(node)}, got {sorted(node.keys())}")
    return value


def _text(node: Node) -> str:
    return clean("".join(node.itertext()))
