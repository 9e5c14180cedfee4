"""Judge a machine: its build, product, line, KBs and edition make a **name** such as ``ws2025|26100.32772|hotpatch|KB5087423``.

The name (``...|home_pro`` where the edition is known) is the key of the table of verdicts. What an inventory says of a machine without saying that the
machine has it ("older than 26100.33158") is no evidence: the verdict is unknown.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.exposure.gaps import condition
from hotpatch_kb.db.answers.stated_elsewhere import reported, reported_note
from hotpatch_kb.db.answers.verdicts import Verdict, Verdicts
from hotpatch_kb.db.fleet.formats import VERDICT_COLUMNS
from hotpatch_kb.db.fleet.inventory.columns import BUILD, Deciding, line_of, reducer
from hotpatch_kb.db.fleet.inventory.updates import Facts
from hotpatch_kb.db.fleet.inventory.values import MAX_TEXT, states_its_build
from hotpatch_kb.db.fleet.other_systems import not_covered
from hotpatch_kb.db.fleet.pending import Pending
from hotpatch_kb.db.fleet.rows import not_stated
from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.editions import Machine, edition_in, is_of_family, machine_of
from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.product_names import Name, read_name
from hotpatch_kb.db.model.wording import denies

Answer = dict[str, Any]

# Machines that are alike in all that counts are judged once. A fleet of millions has thousands of kinds, 0.7 kB each.
MAX_JUDGED: Final = 50_000
_WORDS: Final = re.compile(r"[^\W\d_]{3}")
# Verdicts that would be a wrong "patched" if the machine does not have the build: given only if the inventory says that it has it.
ONLY_IF_INSTALLED: Final = frozenset({"current", "left_line"})
MAX_NAME: Final = 60  # characters of a name that is not understood
_NO_BUILD: Final = frozenset({
    "", "null", "none", "n/a", "na", "-", "unknown", "nan", "nil", "undefined", "#n/a", "#ref!", "#value!", "\\n", "(null)", "<null>", "[null]", "(none)", "<none>", "(blank)", "(empty)", "empty", "--", "–", "—", "?", "n.a.", "n/d",
    "not available", "not found", "not reported", "not collected", "no data", "no value", "no info", "k. a.", "k.a.", "unbekannt", "keine angabe", "nicht verfügbar", "inconnu", "non disponible", "desconocido", "no disponible",
    "desconhecido", "não disponível", "sconosciuto", "non disponibile", "nieznany", "brak", "brak danych", "неизвестно", "н/д", "нет данных", "不明", "なし", "未取得", "該当なし", "データなし", "取得不可", "未知", "无", "無", "알 수 없음", "없음",
})  # fmt: skip
# "5386", "5386.0" of a number that was read as a float, "0x150a" of the registry
# "33.158" and "33,158" of a spreadsheet that groups digits
_REVISION: Final = re.compile(
    r"(?P<decimal>[0-9]{1,5}|[0-9]{1,2}[., ’'\xa0\u202f][0-9]{3})(?:[.,]0)?|0[xX](?P<hexadecimal>[0-9a-fA-F]{1,8})"
)
# "10.0.26100 (33158)": a build number, and its revision in brackets
_IN_BRACKETS: Final = re.compile(r"(?:10\.0\.)?([0-9]{5})(?:\.0)?\s*[(\[](?:ubr|rev(?:ision)?)?\W*([0-9]{3,5})[)\]]", re.IGNORECASE)
# Spreadsheets of countries with a decimal comma: "26100,33158", "26.100,33158"; people: "26100 Rev 33158", "10.0.26100 UBR 33158"
_APART: Final = re.compile(
    r"(?:10[.,]0[.,])?(?P<number>[0-9]{2}\.?[0-9]{3}),(?!0$)(?P<revision>[0-9]{1,5})"
    r"|[^0-9]*(?:10\.0\.)?(?P<named>[0-9]{5})(?:\.0)?\W+(?:rev(?:ision)?|ubr|build)\W*(?P<named_revision>[0-9]{1,5})[^\w.]*",
    re.IGNORECASE,
)
# Versions before Windows 10: "6.3.9600", "9600.21620", "6.1.7601 Service Pack 1"
_BEFORE_10: Final = re.compile(r"(?<![\d.])(?:6\.[0-3]\.)?(9600|9200|760[01]|600[123])(?![\d])")
_OTHER_SKUS: Final = frozenset({"406"})  # OperatingSystemSKU of Azure Stack HCI
_WINDOWS: Final = re.compile(r"windows|\bwin\d|\bserver\b", re.IGNORECASE)


class Judged(NamedTuple):
    """The verdict of a machine.

    Attributes:
        answer: the columns of a verdict, the reason as data.
        product: the product that it is counted under: an id, else as the inventory states it, else "-".
        name: the key of the table of verdicts; "" where the table has no row: no build is stated, or none that a source names.
        not_understood: what the inventory states as a product, where it is not understood, or names none of the products that have the build; the
            build decides. Else "".
        line: on which it is judged, as stated or by its KBs; "" where neither says it.
    """

    answer: Answer
    product: str
    name: str
    not_understood: str = ""
    line: str = ""


def _is_of_others(name: Name, products: Iterable[str]) -> bool:
    """Return whether a name means none of these products. The registry says "Windows 10" on Windows 11, too."""
    if name.product is None:
        return not any(product.startswith(("win10", "win11") if name.family == "win10" else name.family) for product in products)
    return not any(product == name.product or (name.family == "win10" and product.startswith("win11")) for product in products)


# The products that a machine may have by its edition, and machines that are judged as it is.
Kind = tuple[tuple[str, ...], tuple[Machine, ...]]


class Judge:
    """A judge of machines as of one day. Built once; then each machine is a look-up."""

    def __init__(self, conn: sqlite3.Connection, day: str, verdicts: Verdicts | None = None) -> None:
        """Read the verdicts of a day (ISO date) from a database with the fact tables, or take them from who has made some of them."""
        self._verdicts = verdicts or Verdicts(conn, day)
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
        self._lowest_revisions = {
            str(number): lowest
            for number, lowest in conn.execute(
                "select build_number, min(revision) from releases where build is not null group by build_number"
            )
        }
        # By build number, product and KB: its place in the order of releases, and its build. Components say nothing of the build.
        self._kbs_of_number: dict[str, dict[str, dict[str, tuple[tuple[str, int], str]]]] = defaultdict(lambda: defaultdict(dict))
        for number, product, kb, build, released, revision in conn.execute(
            """select build_number, product, kb, build, release_date, revision from releases
            where kb is not null and build is not null and classification != 'component' and release_date <= ?""",
            (day,),
        ):
            self._kbs_of_number[str(number)][product][str(kb)] = ((released, revision), build)
        previews = frozenset(
            str(kb) for (kb,) in conn.execute("select kb from releases where classification = 'preview' and kb is not null")
        )
        self._pending = Pending(self._kbs_of_number, self._hotpatch_kbs, day, previews)
        self.facts = Facts(day, self._pending.lacks)
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
        known = frozenset(str(kb) for (kb,) in conn.execute("select distinct kb from releases where kb is not null"))
        return Deciding(of_build, places, known, self._pending.newer)

    def pending_by_number(self) -> Mapping[str, set[str]]:
        """Return by build number the KBs that may wait for a restart on a machine with such a build."""
        return self._pending.by_number()

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
            return unjudged("unknown", Message("no build is stated"), stated)
        name = read_name(stated)
        edition = machine.get("edition", "").strip()
        if name.is_other or read_name(edition).is_other or edition in _OTHER_SKUS:
            said = stated if name.is_other else edition
            return unjudged("unknown", Message("not covered: {name}", name=said[:60]), stated)
        judged = self._of_build(text, machine, name)
        is_right = name.is_understood and not (judged.name and _is_of_others(name, judged.product.split(" or ")))
        return judged if is_right else judged._replace(not_understood=stated[:MAX_NAME])

    def _of_build(self, text: str, texts: Mapping[str, str], name: Name) -> Judged:
        """Return the verdict for a machine that states a build and a system that is covered."""
        stated, build = texts.get("product", "").strip(), self._build(text, texts)
        if isinstance(build, Judged):
            return build
        line, kbs = line_of(texts.get("line", "")), texts.get("kbs", "")
        text = texts["build"].strip()
        # "Pro" in the name of another system is not an edition of Windows: "Ubuntu Pro".
        named_so = stated if name.is_understood or _WINDOWS.search(stated) else ""
        if not edition_in(named_so) and _WORDS.search(text) and edition_in(text) == "home_pro":
            named_so = text  # "22631.7376 Pro": its support may have ended earlier
        machine = machine_of(texts.get("edition", ""), named_so, texts.get("esu", ""))
        # Spellings of the same machine are judged once.
        alike = (name, build, line, kbs, machine)
        if (judged := self._alike.get(alike)) is None:
            judged = self.judge_read(name, build, line, frozenset(kbs.split()), machine, texts)
            if judged.name:  # other reasons repeat what the inventory states
                if len(self._alike) > MAX_JUDGED:
                    self._alike.clear()
                self._alike[alike] = judged
        if judged.answer["verdict"] in ONLY_IF_INSTALLED and not BUILD.fullmatch(text) and not states_its_build(text):
            return unjudged("unknown", not_stated(text).why, stated)
        return judged

    def judge_read(self, name: Name, build: str, line: str, kbs: frozenset[str], machine: Machine, texts: Mapping[str, str]) -> Judged:
        """Return the verdict for a machine whose texts have been read.

        Args:
            name: what the name of its system means.
            build: OS build, or a build number.
            line: "hotpatch", "standard" or "".
            kbs: the meanings of its KBs that decide (``Deciding``).
            machine: its edition, and whether it has Extended Security Updates.
            texts: what the inventory has, which reasons repeat.
        """
        stated = texts.get("product", "").strip()
        if "." not in build:
            return self._by_kbs(build, texts["build"].strip(), stated, name, line, kbs, machine)
        products = self.of_name(name, self._products.get(build, []))
        if not products:
            released = min((day for _, day in self._later.get(build, ())), default=None)
            others = Messages(filter(None, (_not_known(build, stated, released), self._reported.get(build))))
            return unjudged("unknown", others, stated)
        products, machine = of_edition(products, machine)
        # An installed KB that only one of the products has with this build also decides the product.
        if kbs and len(products) > 1:
            products = [
                product for product in products if any(kb[2:] in kbs for _, kb in self._verdicts.of_build(product, build))
            ] or products
        judged = self._of_products([(product, build) for product in products], line, kbs, machine)
        if pending := self._pending.of(products, build, kbs):
            kb, why = pending
            reason = Messages([*judged.answer["reason"], why])
            judged = judged._replace(answer=judged.answer | {"reason": reason}, name=f"{judged.name}|KB{kb} pending")
        return judged

    def kind_of(self, products: list[str], machine: Machine) -> Kind:
        """Return what of a machine its verdict depends on where its build is one of these products: machines of one kind are judged alike."""
        fitting, machine = of_edition(products, machine)
        if machine.is_odd:
            return tuple(fitting), (machine,)
        return tuple(fitting), tuple(self._verdicts.alike(product, machine) for product in fitting)

    def _build(self, text: str, texts: Mapping[str, str]) -> str | Judged:
        """Return the build that a text names, a build number where it has no revision, or the verdict where it names neither."""
        if (plain := BUILD.fullmatch(text)) and text[-2:] != ".0":
            number, _, revision = plain[0].removeprefix("10.0.").partition(".")
            build = f"{number}.{int(revision)}"
            other = f"{number}.{_revision(texts.get('revision', '').strip())}"
            if other != build and other in self._products:
                return unjudged(
                    "invalid", Message("expected one build, got {builds}", builds=f"{build}, {other}"), texts.get("product", "").strip()
                )
            return build
        stated, shown = texts.get("product", "").strip(), text[:60]
        if (apart := _APART.fullmatch(text)) and int(number := (apart["number"] or apart["named"]).replace(".", "")) in self._numbers:
            build = f"{number}.{int(apart['revision'] or apart['named_revision'])}"
            if build in self._products or "build" not in text.casefold():  # "10.0.26100 Build 33158" of Chef; "10.0.20348 N/A Build 20348"
                return build
        if (match := _IN_BRACKETS.fullmatch(text)) and int(match[1]) in self._numbers and int(match[2]) not in self._numbers:
            return f"{match[1]}.{int(match[2])}"
        builds = reading.builds_in(text[:MAX_TEXT])
        if len(builds) > 1:
            return unjudged("invalid", Message("expected one build, got {builds}", builds=", ".join(builds[:5])), stated)
        if reading.build_numbers_in(text[:MAX_TEXT]) + builds and denies(text):
            return unjudged("unknown", not_stated(text).why, stated)
        if builds:
            return builds[0]
        numbers = reading.build_numbers_in(text[:MAX_TEXT])
        numbers = [number for number in numbers if int(number) in self._numbers] or numbers
        if len(numbers) == 1:
            return self._with_revision(numbers[0], texts)
        if _BEFORE_10.search(text):
            return unjudged("unknown", Message("not covered: {text!r} is a version before Windows 10", text=shown), stated)
        if why := not_covered(text, stated):
            return unjudged("unknown", why, stated)
        return unjudged("invalid", Message("expected a build such as 26100.32772, got {text!r}", text=shown), stated)

    def _with_revision(self, number: str, texts: Mapping[str, str]) -> str:
        """Return a build number with the revision of its own column. A revision lower than any release ("7", of firmware) is ignored if KBs tell the build."""
        ubr = _revision(texts.get("revision", "").strip())
        lowest = self._lowest_revisions.get(number, 0)
        return f"{number}.{ubr}" if ubr and not (ubr < lowest and texts.get("kbs")) else number

    def _by_kbs(self, number: str, text: str, stated: str, name: Name, line: str, kbs: frozenset[str], machine: Machine) -> Judged:
        """Return the verdict for a machine whose build has no revision: its newest installed release of that build number says which build it has."""
        newest = {
            product: max((place, build, kb) for kb, (place, build) in releases.items() if kb in kbs)
            for product, releases in self._kbs_of_number.get(number, {}).items()
            if not kbs.isdisjoint(releases)
        }
        # A KB of a product that the name does not mean says nothing: KB5099536 of a server beside "Windows 11 24H2".
        meant = self.of_name(name, list(self._kbs_of_number.get(number, ())))
        products, machine = of_edition([product for product in newest if product in meant], machine)
        if not products:
            reason = Message(
                "a build number without a revision, {text!r}; collect the UBR (registry, CurrentVersion), or the installed KBs",
                text=text[:60],
            )
            return unjudged("unknown", reason, stated)
        return self._of_products([(product, newest[product][1]) for product in products], line, kbs, machine)

    def _of_products(self, builds: Sequence[tuple[str, str]], line: str, kbs: frozenset[str], machine: Machine) -> Judged:
        """Return one verdict for the products that a machine may have, each with its build. An edition that is not understood may be Home or Pro."""
        judged = self._together([self._of_product(product, build, line, kbs, machine) for product, build in builds], machine)
        if not machine.is_odd or not all(is_of_family("home_pro", product) for product, _ in builds):
            return judged
        pro = machine._replace(edition="home_pro")
        others = self._together([self._of_product(product, build, line, kbs, pro) for product, build in builds], pro)
        first, second = judged.answer["verdict"], others.answer["verdict"]
        if first == second:
            return judged
        reason = Message(
            "the edition is not understood; of Home and Pro: {first}; of others: {second}", first=Message(second), second=Message(first)
        )
        until = {"data_until": judged.answer["data_until"]}
        return Judged(_answer("ambiguous", Messages([reason])) | until, judged.product, f"{judged.name}|?")

    def _together(self, verdicts: Sequence[Verdict], machine: Machine) -> Judged:
        """Return one verdict, made of those for each product that the machine may have."""
        first = verdicts[0]
        until = self._data_until(verdicts)
        name = "+".join(f"{v.product}|{v.build}|{v.line}|{v.deciding_kb}" for v in verdicts) + (f"|{machine.name}" if machine.name else "")
        product, line = " or ".join(v.product for v in verdicts), first.line if len({v.line for v in verdicts}) == 1 else ""
        if len({verdict.verdict for verdict in verdicts}) > 1:
            reason = Messages(Message("{product}: {verdict}", product=v.product, verdict=Message(v.verdict)) for v in verdicts)
            return Judged(_answer("ambiguous", reason) | until, product, name, line=line)
        if len({(verdict.kb, verdict.next_kb) for verdict in verdicts}) > 1:
            # The verdict is certain; what to install depends on the product.
            reason = Messages(Message("{product}: {reason}", product=v.product, reason=v.reason) for v in verdicts)
            answer = _answer(first.verdict, reason) | until
            months = max((v.months_behind for v in verdicts if v.months_behind is not None), default=None)
            return Judged(answer | {"months_behind": months}, product, name, line=line)
        if len({condition(v.verdict, v.reason) for v in verdicts}) > 1:
            # What "current" depends on is not the same for each product: the first alone may depend on nothing.
            reason = Messages(Message("{product}: {reason}", product=v.product, reason=v.reason) for v in verdicts)
            answer = {column: getattr(first, column) for column in VERDICT_COLUMNS} | until | {"reason": reason}
            return Judged(answer, product, name, line=line)
        return Judged({column: getattr(first, column) for column in VERDICT_COLUMNS} | until, product, name, line=line)

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

    def _of_product(self, product: str, build: str, line: str, kbs: frozenset[str], machine: Machine) -> Verdict:
        rows = self._verdicts.of_build(product, build, machine)
        hotpatch_kbs = self._hotpatch_kbs[product]
        if f"hotpatch:{product}" in kbs or not hotpatch_kbs.isdisjoint(kbs):
            line = "hotpatch"
        installed = sorted({kb for _, kb in rows if kb and kb[2:] in kbs})
        if len(installed) > 1 and any(rows[line, kb].classification == "hotpatch" for kb in installed):
            # A hotpatch and an LCU share the build, and both are installed: the line decides. With its companion nothing of a hotpatch is open.
            is_open = condition(rows[line, ""].verdict, rows[line, ""].reason) and all(kb[2:] in hotpatch_kbs for kb in installed)
            installed = [kb for kb in installed if is_open and not condition(rows[line, kb].verdict, rows[line, kb].reason)]
        # An LCU and a component share the build, and both are installed: the machine has left the line.
        installed.sort(key=lambda kb: kb[2:] in hotpatch_kbs)
        return rows[line, installed[0] if installed else ""]


def _revision(text: str) -> int:
    """Return a UBR, 0 if the text is not a UBR."""
    match = _REVISION.fullmatch(text)
    if match is None:
        return 0
    return int(match["hexadecimal"], 16) if match["hexadecimal"] else int(re.sub(r"[^0-9]", "", match["decimal"]))


def of_edition(products: list[str], machine: Machine) -> tuple[list[str], Machine]:
    """Return those of a build's products that can have an edition, and the edition: 26100 is a server and a client.

    An edition that none of them can have is ignored: "Pro" beside a build of a server.
    """
    fitting = [product for product in products if is_of_family(machine.edition, product)]
    return (fitting, machine) if fitting else (products, machine._replace(edition="", may_be_azure_edition=False, is_odd=True))


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


def unjudged(verdict: str, reason: Message | Messages, stated: str) -> Judged:
    """Return the verdict of a machine that has no release: unknown or invalid, with its reason."""
    return Judged(_answer(verdict, reason if isinstance(reason, Messages) else Messages([reason])), stated or "-", "")
