"""A fleet: every machine of an inventory gets exactly one verdict, in order, its own columns carried through. Streams."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from db.claims import BadInput
from db.inventory import Row
from db.lookup import read_query
from db.products import product_id
from db.verdicts import Verdict, verdicts

COLUMNS: Final = (
    "verdict", "classification", "kb", "baseline_kb", "months_behind", "next_kb", "next_needs_restart", "rejoins_month",
    "newer_out_of_band", "reason",
)  # fmt: skip
Answer = dict[str, Any]
_NAMES: Final = frozenset(COLUMNS)

# What an enrolment status says of the line: azure-docs (hotpatchEnablementStatus), the portal's column "Hotpatch status". Compared
# without case, blanks and punctuation; what is not here says nothing.
_LINES: Final = {
    "hotpatch": "hotpatch", "enabled": "hotpatch", "enrolled": "hotpatch", "true": "hotpatch", "yes": "hotpatch", "1": "hotpatch",
    "standard": "standard", "disabled": "standard", "false": "standard", "no": "standard", "0": "standard", "notenrolled": "standard",
    "canceled": "standard", "pending": "standard", "pendingevaluation": "standard", "actionrequired": "standard",
    "noteligible": "standard", "unsupported": "standard",
}  # fmt: skip
# Machines that are alike in all that counts are judged once; a fleet of millions has thousands of kinds, 1 kB each.
MAX_JUDGED: Final = 20_000
MAX_SUMMARY: Final = 400  # lines
_NO_BUILD: Final = frozenset({"", "null", "none", "n/a", "na", "-", "unknown", "nan"})
# "10.0.20348.2031 (WinBuild.160101.0800)", as files have it
_WINBUILD: Final = re.compile(r"\s*\(WinBuild[^)]*\)$", re.IGNORECASE)
# "10.0 (20348)" (Active Directory), "Microsoft Windows NT 10.0.20348.0", "10.0.20348 N/A Build 20348" (systeminfo)
_NO_REVISION: Final = re.compile(r"10\.0 \(\d{5}\)|10\.0\.\d{5}(?:\.0)?(?![.\d])")
_KB: Final = re.compile(r"(?<!\d)\d{6,7}(?!\d)")


class Judge:
    """Judges machines of one day. Built once, then each machine is a look-up."""

    def __init__(self, conn: sqlite3.Connection, day: str) -> None:
        """Reads the verdicts of a day (ISO date) from a database with the fact tables."""
        self._judged: dict[tuple[str, ...], Answer] = {}
        self._rows: dict[tuple[str, str], dict[tuple[str, str], Verdict]] = defaultdict(dict)
        self._products: dict[str, list[str]] = defaultdict(list)
        for verdict in verdicts(conn, day):
            if verdict.product not in self._products[verdict.build]:
                self._products[verdict.build].append(verdict.product)
            self._rows[verdict.product, verdict.build][verdict.line, verdict.deciding_kb] = verdict
        # A KB that only the hotpatch line has always means that line.
        self._hotpatch_kbs: dict[str, set[str]] = defaultdict(set)
        for product, kb in conn.execute(
            """select product, kb from releases where kb is not null group by product, kb
            having min(classification in ('hotpatch', 'component')) = 1"""
        ):
            self._hotpatch_kbs[product].add(f"KB{kb}")
        self._known = {row[0] for row in conn.execute("select product from products")}

    def judge(self, row: Row) -> Answer:
        """The one verdict for a row of an inventory. Not to be changed by the caller: machines that are alike share it."""
        if row.problem:
            return _answer("invalid", row.problem)
        machine = row.machine
        key = (machine["build"], machine["product"], machine["line"], machine["kbs"])
        answer = self._judged.get(key)
        if answer is None:
            if len(self._judged) >= MAX_JUDGED:
                self._judged.clear()
            answer = self._judged[key] = self._judge(machine)
        return answer

    def _judge(self, machine: dict[str, str]) -> Answer:
        text = machine["build"]
        if text.casefold() in _NO_BUILD:
            return _answer("unknown", "no build is stated")
        try:
            query = read_query(_WINBUILD.sub("", text))
        except BadInput:
            if _NO_REVISION.search(text):
                return _answer("unknown", f"a build number without a revision, {text[:60]!r}")
            return _answer("invalid", f"expected a build such as 26100.32772, got {text[:60]!r}")
        if query.kind == "number" or (query.kind == "build" and query.value.endswith(".0")):
            return _answer("unknown", f"a build number without a revision, {text[:60]!r}")
        if query.kind != "build":
            return _answer("invalid", f"expected a build such as 26100.32772, got {text[:60]!r}")
        line = _LINES.get(re.sub(r"[^a-z0-9]", "", machine["line"].casefold()), "")
        products = self._of_name(machine["product"], self._products.get(query.value, []))
        if not products:
            whose = f" of {machine['product']}" if machine["product"] else ""
            return _answer("unknown", f"no source names the build {query.value}{whose}")
        kbs = {f"KB{kb}" for kb in _KB.findall(machine["kbs"])}
        found = [self._of_product(product, query.value, line, kbs) for product in products]
        first = found[0]
        answer = {name: getattr(first, name) for name in COLUMNS}
        if len({verdict.verdict for verdict in found}) > 1:
            return _answer("ambiguous", "; ".join(f"{verdict.product}: {verdict.verdict}" for verdict in found))
        if len({(verdict.kb, verdict.next_kb) for verdict in found}) > 1:
            # The verdict is sure, what to install depends on the product.
            reason = "; ".join(f"{verdict.product}: {verdict.reason}" for verdict in found)
            return _answer(first.verdict, reason) | {"months_behind": max(verdict.months_behind or 0 for verdict in found)}
        return answer

    def _of_name(self, stated: str, products: list[str]) -> list[str]:
        """Of the products that have a build those that a name may mean: "windows", as Azure Arc has it, says nothing, "Ubuntu" excludes all."""
        spaced = re.sub(r"(?i)\bwindows\s*(server)?\s*(?=\d)", lambda m: f"Windows {'Server ' if m[1] else ''}", stated)
        if spaced.casefold().strip() in {"", "windows", "microsoft windows"}:
            return products
        product = product_id(spaced) or product_id(re.sub(r"\b(?:Enterprise|Pro|Education|Home|Business)\b", "", spaced))
        if product is not None:
            return [product] if product in products else []
        if re.search(r"\bserver\b", spaced, re.IGNORECASE):
            # "Windows Server 2012 R2" is another one; "Windows Server" may be any.
            return [] if re.search(r"\b20\d\d\b", spaced) else [name for name in products if name.startswith("ws")]
        if client := re.search(r"\bwindows (1\d)\b", spaced, re.IGNORECASE):
            return [name for name in products if name.startswith(f"win{client[1]}-")]
        return []

    def _of_product(self, product: str, build: str, line: str, kbs: set[str]) -> Verdict:
        rows = self._rows[product, build]
        if kbs & self._hotpatch_kbs[product]:
            line = "hotpatch"
        installed = sorted({kb for _, kb in rows if kb and kb in kbs})
        if len(installed) > 1 and any(rows[line, kb].classification == "hotpatch" for kb in installed):
            installed = []  # a hotpatch and an LCU with one build, both installed: the line decides
        # Of an LCU and a component with one build, both installed: the machine has left the line.
        installed.sort(key=lambda kb: kb in self._hotpatch_kbs[product])
        return rows[line, installed[0] if installed else ""]


def _answer(verdict: str, reason: str) -> Answer:
    return dict.fromkeys(COLUMNS) | {"verdict": verdict, "newer_out_of_band": "", "reason": reason}


def _renamed(cells: Answer) -> Answer:
    found: Answer = {}
    for name, value in cells.items():
        wanted = f"input_{name}" if name in _NAMES else name
        while wanted in found or (wanted != name and wanted in cells):
            wanted = f"input_{wanted}"
        found[wanted] = value
    return found


def assess(judge: Judge, rows: Iterable[Row], summary: Counter[tuple[str, str]] | None = None) -> Iterator[Answer]:
    """Rows with their verdicts: the input's own columns first, one of our names as ``input_<name>``.

    Args:
        judge: of the day.
        rows: of an inventory.
        summary: counts (product as stated, verdict), for the user.
    """
    for row in rows:
        answer = judge.judge(row)
        if summary is not None:
            product = row.machine["product"] or "-"
            if len(summary) >= MAX_SUMMARY and (product, answer["verdict"]) not in summary:
                product = "others"
            summary[product, answer["verdict"]] += 1
        cells = row.cells
        if not _NAMES.isdisjoint(cells):
            cells = _renamed(cells)
        yield cells | answer
