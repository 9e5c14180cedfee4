"""Which column of an inventory says what of a machine. ``docs/fleet.md`` has the names with the documents that state them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.errors import BadInput

# The names of columns, in lower case and without anything but letters, digits and dots, by what they say of a machine; the most telling
# first. docs/fleet.md names the document behind each. A name means different things in different systems ("osVersion" is 10.0.26100.4946 at
# Azure Arc, 10.0.19043 in Get-ComputerInfo and 1909 in Update Compliance), so of several builds the one that has a revision is taken.
# Left out on purpose: OsHardwareAbstractionLayer and WindowsBuildLabEx (they look like builds and are not), softwareVersion (of another thing),
# Operating_System_Name_and0 ("Microsoft Windows NT Workstation 10.0" for all), kbId (of updates that an assessment finds *missing*).
_PATCHING: Final = "properties.osprofile.windowsconfiguration.patchsettings."
_LICENCE: Final = "properties.licenseprofile.productprofile.productfeatures.hotpatch.subscriptionstatus"
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "host": (
        "host", "hostname", "computername", "computer", "devicename", "machinename", "servername", "pscomputername", "csname", "csdnshostname",
        "computerdnsname", "netbiosname0", "name0", "dnshostname", "resourcename", "name", "source",
    ),
    "build": (
        "build", "osbuild", "fullbuild", "properties.osversion", "properties.extended.instanceview.osversion", "buildext", "osversion",
        "currentversion", "deviceosbuild", "operatingsystemversion", "osbuildnumber", "build01", "version0", "buildnumber0", "version",
    ),
    "revision": ("ubr", "windowsubr", "osrevisionnumber"),
    "product": (
        "product", "properties.ossku", "properties.extended.instanceview.osname", "ossku", "osname", "osdistribution", "caption0", "caption",
        "operatingsystem", "operatingsystem0", "windowsproductname", "osplatform", "os",
    ),
    # The enrolment status, else the column, else what was asked for.
    "line": (
        f"{_PATCHING}status.hotpatchenablementstatus", "hotpatchenablementstatus", "hotpatchstatus", "ishotpatchenrolled", _LICENCE, "line",
        f"{_PATCHING}enablehotpatching", "enablehotpatching",
    ),
    "kbs": ("kbs", "installedkbs", "hotfixes", "hotfixs", "oshotfixes", "hotfixid", "hotfixid0", "kb"),
    "edition": ("edition", "properties.osedition", "osedition", "windowseditionid", "skufamily"),
}  # fmt: skip
# What an enrolment status says of the line: azure-docs (hotpatchEnablementStatus, the portal's column "Hotpatch status"), the licence's
# subscriptionStatus. Compared without case, blanks and punctuation; what is not here (Unknown, Enabling, Failed) says nothing.
LINES: Final = {
    "hotpatch": "hotpatch", "enabled": "hotpatch", "enrolled": "hotpatch", "true": "hotpatch", "yes": "hotpatch", "1": "hotpatch",
    "standard": "standard", "disabled": "standard", "false": "standard", "no": "standard", "0": "standard", "notenrolled": "standard",
    "canceled": "standard", "pending": "standard", "pendingevaluation": "standard", "actionrequired": "standard",
    "notavailable": "standard", "noteligible": "standard", "unsupported": "standard",
}  # fmt: skip
FIELDS: Final = tuple(NAMES)
# What a verdict may depend on, in the order of keys.
DECIDING: Final = ("build", "revision", "product", "line", "kbs")
NOTHING: Final = dict.fromkeys(FIELDS, "")
BUILD: Final = re.compile(r"(?<![0-9.])(?:10\.0\.)?[0-9]{5}\.[0-9]{1,5}(?![0-9.])")
# Numbers stay as they are written: 20348.5020 is a build, and 20348.502 another.
DECODER: Final = json.JSONDecoder(parse_float=str, parse_constant=str, parse_int=lambda digits: int(digits) if len(digits) < 19 else digits)

# Everything but digits as a blank: "KB5087423;KB5082063" is two numbers.
_DIGITS: Final = bytes(code if 48 <= code <= 57 else 32 for code in range(256))


def checked_mapping(mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Column names by field, as a user gives them.

    Raises:
        BadInput: a field is none of ``FIELDS``.
    """
    wanted = dict(mapping or {})
    if unknown := [field for field in wanted if field not in NAMES]:
        raise BadInput("expected a field ({fields}), got {got!r}", fields=", ".join(FIELDS), got=unknown[0])
    return wanted


def bare(name: str) -> str:
    """A column's name as it is compared: "OS Version" as "osversion"."""
    return re.sub(r"[^a-z0-9.]", "", name.casefold())


def columns_of(names: Sequence[str], wanted: Mapping[str, str]) -> dict[str, list[str]]:
    """The columns of each field: the one that the user names, else those that have its names, the most telling first."""
    by_bare: dict[str, str] = {}
    for name in names:
        by_bare.setdefault(bare(name), name)
    found = {}
    for field, aliases in NAMES.items():
        columns = [by_bare[alias] for alias in aliases if alias in by_bare]
        if field in wanted:
            columns = [wanted[field]] if wanted[field] in names else []
        if columns:
            found[field] = columns
    return found


def first(field: str, values: Iterable[str]) -> str:
    """Of several columns that say the same the first that says something: of builds the first with a revision, of lines the first we know."""
    stated = [value for value in values if value]
    if field == "build":
        stated.sort(key=lambda value: BUILD.search(value) is None or value.endswith(".0"))
    elif field == "line":
        stated.sort(key=lambda value: not line_of(value))
    return stated[0] if stated else ""


@lru_cache(maxsize=4096)
def line_of(status: str) -> str:
    """The line that a status or column means: "hotpatch", "standard", or "" where it says nothing.

    >>> line_of("Action Required"), line_of("Enabled"), line_of("Unknown")
    ('standard', 'hotpatch', '')
    """
    return LINES.get(re.sub(r"[^a-z0-9]", "", status.casefold()), "")


def has_needed(needs: str, wanted: Mapping[str, str], names: Sequence[str]) -> bool:
    """Whether columns hold the field that is needed, and are all that the user names."""
    return needs in columns_of(names, wanted) and set(wanted.values()) <= set(names)


def lacking(needs: str, wanted: Mapping[str, str], names: Sequence[str]) -> BadInput:
    """What is said where a column that the user names is not there, or none holds the build, or the KBs of a table of those."""
    got = ", ".join(names)[:200] or "none"
    if missing := [name for name in wanted.values() if name not in names]:
        return BadInput("expected a column {column!r}, got {got}", column=missing[0], got=got)
    if needs == "kbs":
        return BadInput("expected a column that says the KB (HotFixID ...), got {got}", got=got)
    return BadInput("expected a column that says the build (build, OSVersion ...; --map build=NAME names another), got {got}", got=got)


def flat(cells: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values by their path; exports of the portal have them as JSON in a cell."""
    found: dict[str, str] = {}
    for name, value in cells.items():
        nested = value
        if isinstance(value, str) and value[:1] == "{":
            try:
                nested = DECODER.decode(value)
            except (json.JSONDecodeError, RecursionError):
                nested = value  # a text that begins with a brace
        if isinstance(nested, dict):
            found |= flat(nested, f"{prefix}{name}.")
        elif isinstance(nested, list) and nested and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in nested):
            for item in nested:  # productFeatures of an Arc licence: each by its name
                found |= flat(item, f"{prefix}{name}.{item['name']}.")
        elif isinstance(nested, list) and all(isinstance(item, str | int) for item in nested):
            found[f"{prefix}{name}"] = " ".join(map(str, nested))
        else:
            found[f"{prefix}{name}"] = shown(nested)
    return found


def shown(value: Any) -> str:
    """A value as a cell: nothing as "", booleans and nested values as JSON has them."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


class Deciding(NamedTuple):
    """KBs that may change a verdict, as numbers without "KB", each with what it says.

    Attributes:
        of_build: by build those that decide on a machine with it; a build that is not here is in no table. What a KB says are words by blanks:
            "hotpatch:ws2025" (on that product it is on the hotpatch line), and the number itself where it decides what the build is.
        every: all of them together, for a build in another spelling.
    """

    of_build: dict[str, dict[str, str]]
    every: dict[str, str]


def reducer(deciding: Deciding) -> Callable[[str, str], str]:
    """What keeps of a machine's KBs what may decide: a list of ten years is one of a few kinds then, and is not even read for most builds.

    Returns:
        a function from the KBs and the build of a machine, as an inventory has them, to words by blanks, sorted, as ``Deciding`` has them.
    """

    def in_bytes(words: dict[str, str]) -> tuple[frozenset[bytes], dict[bytes, list[str]]]:
        said = {kb.encode(): text.split() for kb, text in words.items()}
        return frozenset(said), said

    tables = {id(words): in_bytes(words) for words in deciding.of_build.values()}
    of_build = {build: tables[id(words)] for build, words in deciding.of_build.items()}
    of_build |= {f"10.0.{build}": table for build, table in of_build.items()}
    every, nothing = in_bytes(deciding.every), in_bytes({})

    def reduced(text: str, build: str) -> str:
        if not text:
            return ""
        table = of_build.get(build)
        if table is None:
            table = nothing if BUILD.fullmatch(build) else every
        known, said = table
        if not known:
            return ""
        found = known.intersection(text.encode("utf-8", "replace").translate(_DIGITS).split())
        return " ".join(sorted({word for kb in found for word in said[kb]})) if found else ""

    return reduced
