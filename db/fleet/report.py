"""What there is to say of a judged fleet besides its verdicts: counts, columns, encoding, how far the facts reach, and warnings."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.fleet.assess import Kind, Summary
from hotpatch_kb.db.fleet.inventory import FIELDS, Inventory
from hotpatch_kb.db.model.messages import Message

MAX_UNDECIDED: Final = 0.1  # the share of machines without a verdict from which on it is a warning
_SAID: Final = 5  # names and columns
_UNDECIDED: Final = frozenset({"unknown", "invalid"})


class Report(NamedTuple):
    """What is said of a fleet.

    Attributes:
        day: the day asked for.
        data_until: up to which day the facts reach; None where no page was read.
        summary: the counts.
        columns: the columns that each field is read from.
        passed_over: columns that are not read as a field, with why.
        encoding: the encoding of the inventory's text; "" of Parquet.
        is_guessed: whether that is a guess.
        is_outdated: whether a monthly release has come after the facts.
    """

    day: str
    data_until: str | None
    summary: Summary
    columns: dict[str, list[str]]
    passed_over: list[tuple[str, str, Message]]
    encoding: str
    is_guessed: bool
    is_outdated: bool

    def warnings(self, counted: Sequence[str] = ()) -> list[Message]:
        """Return what makes verdicts doubtful.

        Args:
            counted: verdicts that already make the exit code 6.
        """
        said = []
        total = self.summary.counts.total()
        undecided = sum(map(self.summary.of, _UNDECIDED))
        if total and undecided / total > MAX_UNDECIDED:
            form = (
                Message("unknown or invalid: {count} of {total}; the column reason says why", count=undecided, total=total)
                if set(counted) >= _UNDECIDED
                else Message(
                    "unknown or invalid: {count} of {total}; the column reason says why, and --fail-on unknown,invalid makes it exit code 6",
                    count=undecided, total=total,
                )
            )  # fmt: skip
            said.append(form)
        if self.summary.not_understood:
            names = [f"{name!r} ({count})" for name, count in self.summary.not_understood.most_common(_SAID)]
            more = len(self.summary.not_understood) - len(names)
            said.append(
                Message(
                    "not understood, or not a product of the build, so the build decides: {names} and {more} more",
                    names=", ".join(names),
                    more=more,
                )
                if more
                else Message("not understood, or not a product of the build, so the build decides: {names}", names=", ".join(names))
            )
        if self.is_outdated:
            until = self.data_until or Message("no day")
            said.append(
                Message(
                    "the facts reach {until}, and a monthly release has come since: no machine is called current on {day} before a crawl, or update, reads newer pages",
                    until=until, day=self.day,
                )
            )  # fmt: skip
        return said

    def read(self) -> list[Message]:
        """Return how the inventory was read, where its names and encoding do not say it."""
        said = []
        if self.is_guessed:
            said.append(
                Message("encoding: neither UTF-8 nor UTF-16, read as {encoding}; --encoding NAME says another", encoding=self.encoding)
            )
        if any([name.casefold() for name in names] != [field] for field, names in self.columns.items()):
            columns = "; ".join(f"{field} from {', '.join(self.columns[field])}" for field in FIELDS if field in self.columns)
            said.append(Message("columns: {columns}", columns=columns))
        said += [
            Message("not read as {field}: {column}, {why}", field=field, column=column, why=why)
            for column, field, why in self.passed_over[:_SAID]
        ]
        return said

    def counted(self) -> list[tuple[Kind, int]]:
        """Return how many machines there are of each kind, in their order."""
        return sorted(self.summary.counts.items(), key=lambda item: item[0].in_order())

    def as_json(self) -> dict[str, Any]:
        """Return it as data, its messages in English."""
        return {
            "day": self.day,
            "data_until": self.data_until,
            "is_outdated": self.is_outdated,
            "machines": self.summary.counts.total(),
            "verdicts": [
                {
                    "product": kind.product,
                    "verdict": kind.verdict,
                    "condition": kind.condition and {"kbs": kind.condition.kbs, "cves": kind.condition.cves},
                    "machines": count,
                }
                for kind, count in self.counted()
            ],
            "columns": self.columns,
            "passed_over": [{"column": column, "field": field, "why": str(why)} for column, field, why in self.passed_over],
            "encoding": self.encoding,
            "is_guessed": self.is_guessed,
            "not_understood": [{"product": name, "machines": count} for name, count in self.summary.not_understood.most_common()],
            "warnings": list(map(str, self.warnings())),
        }


def report(conn: sqlite3.Connection, day: str, machines: Inventory, summary: Summary) -> Report:
    """Return the report of a fleet that has been judged.

    Args:
        conn: a database with the fact tables.
        day: the day that it was judged for.
        machines: the inventory.
        summary: its counts.
    """
    until, chosen = coverage.latest_data_until(conn), machines.chosen()
    text = machines.text
    return Report(
        day, until, summary, {field: chosen.fields[field] for field in FIELDS if field in chosen.fields}, [(item.column, item.field, item.why) for item in chosen.passed_over],
        text.encoding if text else "", bool(text and text.is_guessed), coverage.is_outdated(until, day),
    )  # fmt: skip
