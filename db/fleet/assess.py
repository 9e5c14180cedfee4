"""Judge a fleet: every machine of an inventory gets exactly one verdict, in order, after its own columns. Streams.

``judge`` finds the verdict of a machine and its name. The rest is a join with a table, by the dictionary of this module or by an engine
(``hotpatch_kb.db.fleet.engines``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from operator import add, attrgetter
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.exposure.gaps import Condition, condition
from hotpatch_kb.db.fleet.formats import Format
from hotpatch_kb.db.fleet.inventory import DECIDING, Inventory
from hotpatch_kb.db.fleet.judge import MAX_JUDGED, ONLY_IF_INSTALLED, Judge, Judged, unjudged
from hotpatch_kb.db.fleet.rows import NotStated
from hotpatch_kb.db.model.messages import Message

MAX_SUMMARY: Final = 400  # lines
MOST_NAMED: Final = 5  # hosts with a verdict that is watched
MAX_HOST: Final = 60  # characters
# Beside the codes of verdicts, where machines are picked: current, if what the reason names is installed.
CONDITIONAL: Final = "conditional"
_LABEL: Final = attrgetter("label")


class Kind(NamedTuple):
    """What machines have in common that are counted together.

    Attributes:
        product: an id, or several with "or" between them.
        verdict: its code.
        condition: what "current" depends on; None where it depends on nothing, and of every other verdict.
    """

    product: str
    verdict: str
    condition: Condition | None = None

    def is_one_of(self, picked: Collection[str]) -> bool:
        """Return whether these machines are picked by verdicts and ``CONDITIONAL``."""
        return self.verdict in picked or (self.condition is not None and CONDITIONAL in picked)

    def in_order(self) -> tuple[str, str, str]:
        """Return its place in a list: by product, then by verdict, without a condition first."""
        return self.product, self.verdict, "" if self.condition is None else self.condition.words()


Label = tuple[Kind, str]  # and the name of a product that is not understood, else ""


class Summary:
    """Counts of machines: by product, verdict and what that depends on, and by product name where it is not understood.

    Attributes:
        watched: verdicts, and ``CONDITIONAL``, whose first machines are named.
        named: the hosts of these machines, or the numbers of their rows.
    """

    def __init__(self, watched: Collection[str] = ()) -> None:
        """Start at zero."""
        self.watched = frozenset(watched)
        self.named: list[str] = []
        self.counts: Counter[Kind] = Counter()
        self.not_understood: Counter[str] = Counter()

    def add(self, label: Label, count: int) -> None:
        """Add machines."""
        kind, name = label
        self.counts[kind] += count
        if name:
            self.not_understood[name] += count

    def of(self, picked: str) -> int:
        """Return how many machines have a verdict, or are ``CONDITIONAL``."""
        return sum(count for kind, count in self.counts.items() if kind.is_one_of({picked}))

    def update(self, other: Summary) -> None:
        """Add the counts of another one."""
        self.counts.update(other.counts)
        self.not_understood.update(other.not_understood)


class Suffix(str):
    """The verdict's part of an output row. ``label``: index of its row of counts."""

    __slots__ = ("label",)
    label: int


class Suffixes(dict[Any, Suffix]):
    """The verdict's part of an output row by the key of a machine: made when it is first needed, kept while there is room."""

    def __init__(self, judge: Judge, form: Format, fields: Sequence[str]) -> None:
        """Take the judge, the output format, and the fields that a table's keys have."""
        super().__init__()
        self.judge = judge
        self.form = form
        self._fields = fields
        self._labels: dict[Label, int] = {}
        self._by_name: dict[tuple[str, str], Suffix] = {}  # keys that mean the same share a suffix

    def __missing__(self, key: Any) -> Suffix:
        """Judge a machine, and keep the suffix."""
        judged = self.judged(key)
        alike = (judged.name, judged.not_understood)
        suffix = self._by_name.get(alike)
        if suffix is None:
            suffix = self.of(judged)
            if judged.name:
                self._by_name[alike] = suffix
        self[key] = suffix
        return suffix

    def judged(self, key: Any) -> Judged:
        """Return the verdict for a key, or for the problem in its place."""
        if isinstance(key, NotStated):
            judged = self.judged(key.machine) if key.machine else None
            return judged if judged and judged.answer["verdict"] not in ONLY_IF_INSTALLED else unjudged("unknown", key.why, "")
        if isinstance(key, Message):
            return unjudged("invalid", key, "")
        fields = self._fields if len(key) == len(self._fields) else DECIDING
        return self.judge.judge_reduced(dict(zip(fields, key, strict=True)))

    def of(self, judged: Judged, text: str | None = None) -> Suffix:
        """Return the suffix of a verdict, in the output format or with this text."""
        suffix = Suffix(self.form.suffix(judged.answer) if text is None else text)
        verdict, name = judged.answer["verdict"], judged.not_understood
        label = Kind(judged.product, verdict, condition(verdict, judged.answer["reason"])), name
        if label not in self._labels and len(self._labels) >= MAX_SUMMARY:
            label = label[0]._replace(product="others"), "others" if name else ""  # an inventory may name a million products
        suffix.label = self._labels.setdefault(label, len(self._labels))
        return suffix

    def name(self, summary: Summary, suffixes: Sequence[Suffix], hosts: Callable[[], Iterable[str]], before: int) -> None:
        """Name the first machines with a verdict that is watched.

        Args:
            summary: gets the names.
            suffixes: those of some rows.
            hosts: returns the hosts of these rows.
            before: how many rows there are before them.
        """
        missing = MOST_NAMED - len(summary.named)
        if not summary.watched or missing <= 0:
            return
        labels = self.labels_of(summary.watched)
        if not labels.isdisjoint(map(_LABEL, suffixes)):
            rows = enumerate(zip(suffixes, hosts(), strict=True), before + 1)
            names = (_shown(host) or f"row {number}" for number, (suffix, host) in rows if suffix.label in labels)
            summary.named += islice(names, missing)

    def labels_of(self, picked: Collection[str]) -> set[int]:
        """Return the labels of the suffixes so far that have one of these verdicts, or are ``CONDITIONAL``."""
        return {label for (kind, _), label in self._labels.items() if kind.is_one_of(picked)}

    def count(self, summary: Summary, suffixes: Sequence[Suffix], times: Sequence[int] = ()) -> None:
        """Add machines to the summary, each once or as often as ``times`` says. Empty the cache when it is full."""
        names = list(self._labels)
        if times:
            for suffix, count in zip(suffixes, times, strict=True):
                summary.add(names[suffix.label], count)
        else:
            for label, count in Counter(map(_LABEL, suffixes)).items():
                summary.add(names[label], count)
        if len(self) > MAX_JUDGED:
            self.clear()
        if len(self._by_name) > MAX_JUDGED:
            self._by_name.clear()


def _shown(host: str) -> str:
    """Return a host in one line, without what a terminal would take for a command."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(host[:MAX_HOST].split()))


def assess(judge: Judge, inventory: Inventory, form: Format, summary: Summary, only: Collection[str] = ()) -> Iterator[str]:
    """Yield an inventory with its verdicts in an output format, in blocks of some thousand lines.

    Args:
        judge: the judge of the day.
        inventory: the machines.
        form: the output format.
        summary: gets the counts, of all machines.
        only: verdicts; rows of machines with another one are left out. Empty for all rows.

    Raises:
        BadInput: the inventory cannot be read.
    """
    yield form.head()
    suffixes, is_first = Suffixes(judge, form, inventory.fields), True
    for prefixes, ends in batches(suffixes, inventory, summary):
        lines = list(map(add, prefixes, ends))
        if only:
            wanted = suffixes.labels_of(only)
            lines = [line for line, end in zip(lines, ends, strict=True) if end.label in wanted]
        if only and lines and is_first:  # the row before which a list of JSON has no comma may be left out
            lines[0], is_first = form.first_prefix(lines[0]), False
        if lines:
            yield "\n".join([*lines, ""])
    yield form.tail()


def batches(suffixes: Suffixes, inventory: Inventory, summary: Summary) -> Iterator[tuple[list[str], list[Suffix]]]:
    """Yield the two halves of an inventory's lines, some thousand at a time, and count the machines.

    Raises:
        BadInput: the inventory cannot be read.
    """
    for prefixes, keys, hosts in inventory.batches(suffixes.form, suffixes.judge.reduced, suffixes.judge.facts):
        ends = list(map(suffixes.__getitem__, keys))
        suffixes.name(summary, ends, hosts, inventory.read)
        yield prefixes, ends
        suffixes.count(summary, ends)
