"""Judge a fleet: every machine of an inventory gets exactly one verdict, in order, after its own columns. Streams.

A machine's build, product, line, KBs and edition make a **name** such as ``ws2025|26100.32772|hotpatch|KB5087423`` (``...|home_pro`` where the
edition is known), the key of the table of verdicts. The rest is a join with that table, by the dictionary of this module or by an engine (``hotpatch_kb.db.fleet.engines``).
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import add, attrgetter
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.stated_elsewhere import reported, reported_note
from hotpatch_kb.db.answers.verdicts import Verdict, Verdicts
from hotpatch_kb.db.fleet.formats import VERDICT_COLUMNS, Format
from hotpatch_kb.db.fleet.inventory import DECIDING, Inventory
from hotpatch_kb.db.fleet.inventory.columns import BUILD, Deciding, line_of, reducer
from hotpatch_kb.db.fleet.inventory.values import MAX_TEXT
from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.editions import Machine, is_of_family, machine_of
from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.product_names import Name, read_name

Answer = dict[str, Any]

# Machines that are alike in all that counts are judged once. A fleet of millions has thousands of kinds, 0.7 kB each.
MAX_JUDGED: Final = 50_000
MAX_SUMMARY: Final = 400  # lines
MAX_NAME: Final = 60  # characters of a name that is not understood
_NO_BUILD: Final = frozenset({"", "null", "none", "n/a", "na", "-", "unknown", "nan"})
# "5386", "5386.0" of a number that was read as a float, "0x150a" of the registry
_REVISION: Final = re.compile(r"(?P<decimal>[0-9]{1,5})(?:\.0)?|0[xX](?P<hexadecimal>[0-9a-fA-F]{1,8})")
# Versions before Windows 10: "6.3.9600", "9600.21620", "6.1.7601 Service Pack 1"
_BEFORE_10: Final = re.compile(r"(?<![\d.])(?:6\.[0-3]\.)?(9600|9200|760[01]|600[123])(?![\d])")
_WINDOWS: Final = re.compile(r"windows|\bwin\d|\bserver\b", re.IGNORECASE)
_LABEL: Final = attrgetter("label")


class Judged(NamedTuple):
    """The verdict of a machine.

    Attributes:
        answer: the columns of a verdict, the reason as data.
        product: the product that it is counted under: an id, else as the inventory states it, else "-".
        name: the key of the table of verdicts; "" where the table has no row: no build is stated, or none that a source names.
        not_understood: what the inventory states as a product, where nobody understands it and the build decides; else "".
    """

    answer: Answer
    product: str
    name: str
    not_understood: str = ""


class Judge:
    """A judge of machines as of one day. Built once; then each machine is a look-up."""

    def __init__(self, conn: sqlite3.Connection, day: str) -> None:
        """Read the verdicts of a day (ISO date) from a database with the fact tables."""
        self._verdicts = Verdicts(conn, day)
        self._products = self._verdicts.products_by_build()
        by_build: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in reported(conn, day):
            by_build[row["build"]].append(row)
        self._reported = {build: reported_note(rows) for build, rows in by_build.items()}
        # A KB that only the hotpatch line has: a machine with it is on that line.
        self._hotpatch_kbs: dict[str, set[str]] = defaultdict(set)
        for product, kb in conn.execute(
            """select product, kb from releases where kb is not null group by product, kb
            having min(classification in ('hotpatch', 'component')) = 1"""
        ):
            self._hotpatch_kbs[product].add(str(kb))
        self._numbers = frozenset(
            number for (number,) in conn.execute("select distinct build_number from releases where build_number is not null")
        )
        # By build number, product and KB: its place in the order of releases, and its build. Components say nothing of the build.
        self._kbs_of_number: dict[str, dict[str, dict[str, tuple[tuple[str, int], str]]]] = defaultdict(lambda: defaultdict(dict))
        for number, product, kb, build, released, revision in conn.execute(
            """select build_number, product, kb, build, release_date, revision from releases
            where kb is not null and build is not null and classification != 'component' and release_date <= ?""",
            (day,),
        ):
            self._kbs_of_number[str(number)][product][str(kb)] = ((released, revision), build)
        # Builds that are released only after the day.
        self._later: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for build, product, released in conn.execute(
            """select build, product, min(release_date) from releases where build is not null group by product, build
            having min(release_date) > ? order by 3, 2""",
            (day,),
        ):
            self._later[build].append((product, released))
        self._alike: dict[tuple[Name, str, str, str, Machine], Judged] = {}
        self._until = {(product, line): until for product, line, until in conn.execute("select product, line, data_until from lines")}
        self.deciding = self._deciding(conn)
        self.reduced: Callable[[str, str], str] = reducer(self.deciding)

    def _deciding(self, conn: sqlite3.Connection) -> Deciding:
        """Return the KBs that may change a verdict: some eighty of 1,500, and none for most builds.

        A KB that only the hotpatch line of a product has means that a machine is on that line. Where releases share a build, their KBs decide
        between them.
        """
        own: dict[str, set[str]] = defaultdict(set)
        for build, kb in conn.execute(
            """select build, kb from releases where kb is not null and build in
            (select build from releases group by build having count(distinct kb) > 1)"""
        ):
            own[build].add(str(kb))
        made: dict[tuple[frozenset[str], frozenset[str]], dict[str, str]] = {}
        of_build = {}
        for build, products in self._products.items():
            key = (frozenset(products), frozenset(own.get(build, ())))
            if key not in made:
                words: dict[str, list[str]] = defaultdict(list)
                for product in sorted(products):
                    for kb in self._hotpatch_kbs[product]:
                        words[kb].append(f"hotpatch:{product}")
                for kb in key[1]:
                    words[kb].append(kb)
                made[key] = {kb: " ".join(said) for kb, said in words.items()}
            of_build[build] = made[key]
        places = {
            number: {product: {kb: place for kb, (place, _) in kbs.items()} for product, kbs in products.items()}
            for number, products in self._kbs_of_number.items()
        }
        return Deciding(
            of_build, places, frozenset(str(kb) for (kb,) in conn.execute("select distinct kb from releases where kb is not null"))
        )

    def products_by_build(self) -> Mapping[str, list[str]]:
        """Return the products that have each build by the day, in the order of their ids."""
        return self._products

    def judge(self, machine: Mapping[str, str]) -> Judged:
        """Return the verdict for a machine.

        Args:
            machine: texts as an inventory has them: build, revision, product, line, kbs, edition, esu. A missing one is not known.
        """
        return self.judge_reduced({**machine, "kbs": self.reduced(machine.get("kbs", ""), "")})

    def judge_reduced(self, machine: Mapping[str, str]) -> Judged:
        """Return the verdict for a machine whose KBs have been through ``reduced``."""
        stated = machine.get("product", "").strip()
        text = machine.get("build", "").strip()
        if text.casefold() in _NO_BUILD:
            return _judged("unknown", Message("no build is stated"), stated)
        name = read_name(stated)
        if name.is_other:
            return _judged("unknown", Message("not covered: {name}", name=stated[:60]), stated)
        judged = self._of_build(text, machine, name)
        return judged if name.is_understood else judged._replace(not_understood=stated[:MAX_NAME])

    def _of_build(self, text: str, machine: Mapping[str, str], name: Name) -> Judged:
        """Return the verdict for a machine that states a build and a system that is covered."""
        stated, build = machine.get("product", "").strip(), self._build(text, machine)
        if isinstance(build, Judged):
            return build
        line, kbs = line_of(machine.get("line", "")), machine.get("kbs", "")
        # A word of a name that is no Windows is no edition: "Ubuntu Pro".
        named_so = stated if name.is_understood or _WINDOWS.search(stated) else ""
        kind = machine_of(machine.get("edition", ""), named_so, machine.get("esu", ""))
        # Spellings of the same machine are judged once.
        alike = (name, build, line, kbs, kind)
        if (judged := self._alike.get(alike)) is None:
            judged = self.judge_read(name, build, line, frozenset(kbs.split()), kind, machine)
            if judged.name:  # other reasons repeat what the inventory states
                if len(self._alike) > MAX_JUDGED:
                    self._alike.clear()
                self._alike[alike] = judged
        return judged

    def judge_read(self, name: Name, build: str, line: str, kbs: frozenset[str], kind: Machine, machine: Mapping[str, str]) -> Judged:
        """Return the verdict for a machine whose texts have been read.

        Args:
            name: what the name of its system means.
            build: OS build, or a build number.
            line: "hotpatch", "standard" or "".
            kbs: the meanings of its KBs that decide (``Deciding``).
            kind: its edition.
            machine: the texts, which reasons repeat.
        """
        stated = machine.get("product", "").strip()
        if "." not in build:
            return self._by_kbs(build, machine["build"].strip(), stated, name, line, kbs, kind)
        products = self.of_name(name, self._products.get(build, []))
        if not products:
            released = min((day for _, day in self._later.get(build, ())), default=None)
            others = Messages(filter(None, (_not_known(build, stated, released), self._reported.get(build))))
            return _judged("unknown", others, stated)
        products, kind = _of_edition(products, kind)
        # An installed KB that only one of the products has with this build also decides the product.
        products = [product for product in products if any(kb[2:] in kbs for _, kb in self._verdicts.of_build(product, build))] or products
        return self._of_products([self._of_product(product, build, line, kbs, kind) for product in products], kind)

    def _build(self, text: str, machine: Mapping[str, str]) -> str | Judged:
        """Return the build that a text names, a build number where it has no revision, or the verdict where it names neither."""
        if (plain := BUILD.fullmatch(text)) and text[-2:] != ".0":
            number, _, revision = plain[0].removeprefix("10.0.").partition(".")
            return f"{number}.{int(revision)}"
        stated, shown = machine.get("product", "").strip(), text[:60]
        builds = reading.builds_in(text[:MAX_TEXT])
        if len(builds) > 1:
            return _judged("invalid", Message("expected one build, got {builds}", builds=", ".join(builds[:5])), stated)
        if builds:
            return builds[0]
        numbers = reading.build_numbers_in(text[:MAX_TEXT])
        numbers = [number for number in numbers if int(number) in self._numbers] or numbers
        if len(numbers) == 1:
            ubr = _revision(machine.get("revision", "").strip())
            return f"{numbers[0]}.{ubr}" if ubr else numbers[0]
        if _BEFORE_10.search(text):
            return _judged("unknown", Message("not covered: {text!r} is a version before Windows 10", text=shown), stated)
        return _judged("invalid", Message("expected a build such as 26100.32772, got {text!r}", text=shown), stated)

    def _by_kbs(self, number: str, text: str, stated: str, name: Name, line: str, kbs: frozenset[str], kind: Machine) -> Judged:
        """Return the verdict for a machine whose build has no revision: its newest installed release of that build number says which build it has."""
        newest = {
            product: max((place, build, kb) for kb, (place, build) in releases.items() if kb in kbs)
            for product, releases in self._kbs_of_number.get(number, {}).items()
            if not kbs.isdisjoint(releases)
        }
        products, kind = _of_edition(self.of_name(name, list(newest)), kind)
        if not products:
            reason = Message(
                "a build number without a revision, {text!r}; collect the UBR (registry, CurrentVersion), or the installed KBs",
                text=text[:60],
            )
            return _judged("unknown", reason, stated)
        return self._of_products([self._of_product(product, newest[product][1], line, kbs, kind) for product in products], kind)

    def _of_products(self, verdicts: Sequence[Verdict], kind: Machine) -> Judged:
        """Return one verdict, made of those for each product that the machine may have."""
        first = verdicts[0]
        until = self._data_until(verdicts)
        name = "+".join(f"{v.product}|{v.build}|{v.line}|{v.deciding_kb}" for v in verdicts) + (f"|{kind.name}" if kind.name else "")
        product = " or ".join(v.product for v in verdicts)
        if len({verdict.verdict for verdict in verdicts}) > 1:
            reason = Messages(Message("{product}: {verdict}", product=v.product, verdict=Message(v.verdict)) for v in verdicts)
            return Judged(_answer("ambiguous", reason) | until, product, name)
        if len({(verdict.kb, verdict.next_kb) for verdict in verdicts}) > 1:
            # The verdict is certain; what to install depends on the product.
            reason = Messages(Message("{product}: {reason}", product=v.product, reason=v.reason) for v in verdicts)
            answer = _answer(first.verdict, reason) | until
            return Judged(answer | {"months_behind": max(verdict.months_behind or 0 for verdict in verdicts)}, product, name)
        return Judged({column: getattr(first, column) for column in VERDICT_COLUMNS} | until, product, name)

    def _data_until(self, verdicts: Sequence[Verdict]) -> Answer:
        """Return up to which day the facts reach that these verdicts rest on, the earliest one of several lines."""
        days = [
            day
            for v in verdicts
            for line in ((v.line,) if v.line else ("hotpatch", "standard"))
            if (day := self._until.get((v.product, line)))
        ]
        return {"data_until": min(days, default=None)}

    @staticmethod
    def of_name(name: Name, products: list[str]) -> list[str]:
        """Return those of a build's products that a name means, all of them for a name that says nothing.

        Where it means none of them, the build decides: "Windows Server 2022" beside a build that only Windows Server 2025 has is a wrong name.
        """
        if name.product in products:
            return [name.product] if name.product else products
        of_family = [product for product in products if product.startswith(name.family)]
        # The registry's ProductName, which Get-ComputerInfo and others show, says "Windows 10" on Windows 11 too.
        clients = [product for product in products if product.startswith("win")] if name.family.startswith("win") else []
        return of_family or clients or products

    def _of_product(self, product: str, build: str, line: str, kbs: frozenset[str], kind: Machine) -> Verdict:
        rows = self._verdicts.of_build(product, build, kind)
        hotpatch_kbs = self._hotpatch_kbs[product]
        if f"hotpatch:{product}" in kbs or not hotpatch_kbs.isdisjoint(kbs):
            line = "hotpatch"
        installed = sorted({kb for _, kb in rows if kb and kb[2:] in kbs})
        if len(installed) > 1 and any(rows[line, kb].classification == "hotpatch" for kb in installed):
            installed = []  # a hotpatch and an LCU share the build, and both are installed: the line decides
        # An LCU and a component share the build, and both are installed: the machine has left the line.
        installed.sort(key=lambda kb: kb[2:] in hotpatch_kbs)
        return rows[line, installed[0] if installed else ""]


def _revision(text: str) -> int:
    """Return a UBR, 0 where a text is none."""
    match = _REVISION.fullmatch(text)
    if match is None:
        return 0
    return int(match["hexadecimal"], 16) if match["hexadecimal"] else int(match["decimal"])


def _of_edition(products: list[str], kind: Machine) -> tuple[list[str], Machine]:
    """Return those of a build's products that can have an edition, and the edition: 26100 is a server and a client.

    An edition that none of them can have is none: "Pro" beside a build of a server.
    """
    fitting = [product for product in products if is_of_family(kind.edition, product)]
    return (fitting, kind) if fitting else (products, kind._replace(edition="", may_be_azure_edition=False))


def _not_known(build: str, product: str, released: str | None) -> Message:
    """Return why a build has no verdict on a day.

    Args:
        build: the OS build.
        product: as the inventory states it, "" where it does not.
        released: the day of its release, where that is after the day asked for.
    """
    if released and product:
        return Message(
            "the build {build} of {product} was released on {day}, after the day asked for", build=build, product=product, day=released
        )
    if released:
        return Message("the build {build} was released on {day}, after the day asked for", build=build, day=released)
    if product:
        return Message("no source names the build {build} of {product}", build=build, product=product)
    return Message("no source names the build {build}", build=build)


def _answer(verdict: str, reason: Messages) -> Answer:
    return dict.fromkeys(VERDICT_COLUMNS) | {"verdict": verdict, "newer_out_of_band": "", "reason": reason, "data_until": None}


def _judged(verdict: str, reason: Message | Messages, stated: str) -> Judged:
    return Judged(_answer(verdict, reason if isinstance(reason, Messages) else Messages([reason])), stated or "-", "")


class Summary:
    """Counts of machines by (product, verdict), and by a name of their product that nobody understands."""

    def __init__(self) -> None:
        """Start at zero."""
        self.counts: Counter[tuple[str, str]] = Counter()
        self.not_understood: Counter[str] = Counter()

    def add(self, label: tuple[str, str, str], count: int) -> None:
        """Add machines of a product, a verdict and a name that is not understood, "" where it is."""
        product, verdict, name = label
        self.counts[product, verdict] += count
        if name:
            self.not_understood[name] += count

    def update(self, other: Summary) -> None:
        """Add the counts of another one."""
        self.counts.update(other.counts)
        self.not_understood.update(other.not_understood)


class Suffix(str):
    """The second half of a machine's line. ``label`` is the index of its line of the summary."""

    __slots__ = ("label",)
    label: int


class Suffixes(dict[Any, Suffix]):
    """The second half of a machine's line by its key: made when it is first needed, kept while there is room."""

    def __init__(self, judge: Judge, form: Format, fields: Sequence[str]) -> None:
        """Take the judge, the output format, and the fields that a table's keys have."""
        super().__init__()
        self.judge = judge
        self.form = form
        self._fields = fields
        self._labels: dict[tuple[str, str, str], int] = {}
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
        if isinstance(key, Message):
            return _judged("invalid", key, "")
        fields = self._fields if len(key) == len(self._fields) else DECIDING
        return self.judge.judge_reduced(dict(zip(fields, key, strict=True)))

    def of(self, judged: Judged, text: str | None = None) -> Suffix:
        """Return the suffix of a verdict, in the output format or with this text."""
        suffix = Suffix(self.form.suffix(judged.answer) if text is None else text)
        name = (judged.product, judged.answer["verdict"], judged.not_understood)
        if name not in self._labels and len(self._labels) >= MAX_SUMMARY:
            name = ("others", name[1], "others" if name[2] else "")  # an inventory may name a million products
        suffix.label = self._labels.setdefault(name, len(self._labels))
        return suffix

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


def assess(judge: Judge, inventory: Inventory, form: Format, summary: Summary) -> Iterator[str]:
    """Yield an inventory with its verdicts in an output format, in blocks of some thousand lines.

    Args:
        judge: the judge of the day.
        inventory: the machines.
        form: the output format.
        summary: gets the counts.

    Raises:
        BadInput: the inventory cannot be read.
    """
    yield form.head()
    for prefixes, ends in batches(Suffixes(judge, form, inventory.fields), inventory, summary):
        yield "\n".join([*map(add, prefixes, ends), ""])
    yield form.tail()


def batches(suffixes: Suffixes, inventory: Inventory, summary: Summary) -> Iterator[tuple[list[str], list[Suffix]]]:
    """Yield the two halves of an inventory's lines, some thousand at a time, and count the machines.

    Raises:
        BadInput: the inventory cannot be read.
    """
    for prefixes, keys in inventory.batches(suffixes.form, suffixes.judge.reduced):
        ends = list(map(suffixes.__getitem__, keys))
        yield prefixes, ends
        suffixes.count(summary, ends)
