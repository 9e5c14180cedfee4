"""What the database has of Microsoft's security data: the CVEs that KBs fix, those that hotpatches leave open, and how far it was read. Standard library alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from hotpatch_kb.light_typing import Any, Final, TypeVar

T = TypeVar("T")

# A KB and the product that it is of; a product and a month such as 2026-06.
OfKb = tuple[int | None, str]
OfMonth = tuple[str, str]

_MOST: Final = 200  # of 60 lines today's, and those of some other days
# Sources of it: the copy that comes with the program, and MSRC itself.
SOURCES: Final = ("facts_kb_cves", "msrc_cvrf")
# Rows of one form: their kind, a KB, its product, and four values.
_READ: Final = f"""select 'read', exists (select 1 from kb_cves), null, (
        select substr(max(fetched_at), 1, 10) from pages where source in {SOURCES} and state = 'accepted'), (
        select substr(max(fetched_at), 1, 10) from pages where source = '{SOURCES[0]}'), null, null"""
_FIX: Final = "select 'fix', c.kb, c.product, c.cve, c.severity, c.subject >= 'kb_cves/', c.supersedes_kb from"
_GAP: Final = "select 'gap', hotpatch_kb, product, cve, severity, companion_kb, null from cve_gaps"


class FixedByKb:
    """The CVEs that a KB fixes on a product.

    Attributes:
        severities: by CVE; None where MSRC states none.
        is_copied: one of them is from the copy of MSRC's data that comes with the program.
        supersedes: the KBs that it replaces.
    """

    __slots__ = ("_by_severity", "is_copied", "severities", "supersedes")

    def __init__(self) -> None:
        """Begin without a CVE."""
        self.severities: dict[str, str | None] = {}
        self.is_copied = False
        self.supersedes: set[int] = set()
        self._by_severity: dict[str, list[str]] | None = None

    def by_severity(self) -> dict[str, list[str]]:
        """Return the CVEs of each severity, "" where none is stated; worked out once, since all older builds ask for them."""
        if self._by_severity is None:
            found: dict[str, list[str]] = {}
            for cve in sorted(self.severities):  # a list of sorted parts is sorted in less time
                found.setdefault(self.severities[cve] or "", []).append(cve)
            self._by_severity = found  # when it is complete: other threads may ask at the same time
        return self._by_severity


class SecurityData:
    """What the security data says of KBs: of all, or of those that were asked for.

    Attributes:
        is_read: the database has CVEs at all.
        read_on: the day on which the data was last read, None where it never was.
        copied_on: the day of the copy that comes with the program.
        fixes: the CVEs by KB and product.
        gaps: CVE, severity and KB of the companion update, by hotpatch and product.
        months: products and months of which the data was read.
        worked_out: what follows from all of it for a product, a line and a day.
    """

    def __init__(self) -> None:
        """Begin without anything."""
        self.is_read = False
        self.read_on: str | None = None
        self.copied_on: str | None = None
        self.fixes: dict[OfKb, FixedByKb] = {}
        self.gaps: dict[OfKb, list[tuple[str, str | None, int | None]]] = {}
        self.months: set[OfMonth] = set()
        self.worked_out: dict[tuple[str, str, str], Any] = {}

    def keep(self, of: tuple[str, str, str], value: T) -> T:
        """Keep what was worked out for a product, a line and a day, and return it."""
        if len(self.worked_out) >= _MOST:
            self.worked_out.clear()
        self.worked_out[of] = value
        return value

    def add(self, rows: Iterable[Sequence[Any]]) -> SecurityData:
        """Take rows, each with its kind before its values."""
        for kind, kb, product, *values in rows:
            if kind == "fix":  # of old builds thousands
                of_kb = self.fixes.setdefault((kb, product), FixedByKb())
                of_kb.severities[values[0]] = values[1]
                of_kb.is_copied = of_kb.is_copied or bool(values[2])
                if values[3]:
                    of_kb.supersedes.add(values[3])
            elif kind == "gap":
                self.gaps.setdefault((kb, product), []).append((values[0], values[1], values[2]))
            elif kind == "month":
                self.months.add((product, values[0]))
            else:
                self.is_read, self.read_on, self.copied_on = bool(kb), values[0], values[1]
        return self


def when_it_was_read(conn: sqlite3.Connection) -> SecurityData:
    """Return whether and when the data was read, without what it says of any KB."""
    return SecurityData().add(conn.execute(_READ).fetchall())


def all_security_data(conn: sqlite3.Connection) -> SecurityData:
    """Return the data of all KBs, for who asks of many releases."""
    months = "select distinct 'month', null, product, source_month, null, null, null from kb_cves"
    return SecurityData().add(conn.execute(f"{_READ} union all {_FIX} kb_cves as c union all {months} union all {_GAP}").fetchall())


def security_data_of(conn: sqlite3.Connection, kbs: Iterable[OfKb], hotpatches: Iterable[OfKb], months: Iterable[OfMonth]) -> SecurityData:
    """Return the data of some KBs, hotpatches and months alone, in one statement: one lookup asks for few of them."""
    values: list[Any] = []
    statement = _READ
    # Joins in this order: for "(kb, product) in (values ...)" of two pairs SQLite reads the whole table, 7 ms instead of 0.1.
    for form, asked in (
        (f"{_FIX} (values {{}}) as a cross join kb_cves as c on c.kb = a.column1 and c.product = a.column2", kbs),
        (f"{_GAP} where (hotpatch_kb, product) in (values {{}})", hotpatches),
        ("select 'month', null, column1, column2, null, null, null from (values {}) where exists (select 1 from kb_cves where product = column1 and source_month = column2)", months),
    ):  # fmt: skip
        if pairs := list(dict.fromkeys(asked)):
            statement += f" union all {form.format(', '.join(['(?, ?)'] * len(pairs)))}"
            values += [value for pair in pairs for value in pair]
    return SecurityData().add(conn.execute(statement, values).fetchall())
