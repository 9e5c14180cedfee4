"""Write docs/reliability.md, every kind of fault that a test makes: ``python tests/reliability.py``.

A test names the kinds that it makes with ``@pytest.mark.fault("a body that never ends")``, or with the marks of its parameters where these make
several kinds; ``of="users"`` puts it into another group than its module's. The first line of its docstring is "what is done; what is seen".
Writing runs all of them and fails where one failed or was skipped, so every row of the table was observed.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
FILE = HERE.parent / "docs" / "reliability.md"
GROUPS = {
    "network": "What the network does",
    "pages": "What pages hold",
    "disk": "What the disk and the system do to a process",
    "users": "What users give to the command",
    "site": "What visitors give to the site",
}
# The group of a module's faults where the mark names none; the default is the disk.
MODULES = {
    "test_fetch": "network", "test_fetch_wire": "network", "test_private_addresses": "network", "test_network": "network", "test_whole_crawl": "network",
    "test_crawl": "pages", "test_hostile_pages": "pages", "test_msrc": "pages", "test_support_feeds": "pages", "test_azure_prices": "pages", "test_articles": "pages",
    "test_disagreements": "pages", "test_types_of_months": "pages", "test_graph_updates": "pages", "test_hubs": "pages", "test_first_contact": "pages", "test_clock": "disk",
    "test_doctor": "disk", "test_faults": "disk", "test_kills": "disk", "test_schedule": "disk", "test_serve": "disk",
    "test_update": "network", "test_assess": "users", "test_fleets": "users", "test_hostile_users": "users", "test_lookup": "users",
    "test_site": "site", "test_pages": "site",
}  # fmt: skip


class Fault(NamedTuple):
    """A kind of fault and a test that makes it."""

    group: str
    name: str
    done: str
    seen: str
    test: str  # file::function

    def row(self) -> str:
        """Return its line of the table."""
        cells = (self.name, self.done, self.seen, f"`{self.test}`")
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def faults() -> list[Fault]:
    """Return every marked kind in the order of groups, files and lines. They are read from the text of the tests; nothing is imported."""
    found = [fault for path in sorted(HERE.glob("test_*.py")) for fault in _of_file(path)]
    return sorted(found, key=lambda fault: list(GROUPS).index(fault.group))


def _of_file(path: Path) -> Iterator[Fault]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            for call in ast.walk(decorator):
                if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.fault"):
                    continue
                line = (ast.get_docstring(node) or "").partition("\n")[0].removesuffix(".")
                done, _, seen = line.partition("; ")
                test = f"{path.name}::{node.name}"
                if not (done and seen):
                    raise ValueError(f"expected a docstring 'what is done; what is seen' of {test}, got {line!r}")
                options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
                yield Fault(options.get("of") or MODULES.get(path.stem, "disk"), ast.literal_eval(call.args[0]), done, seen, test)


def written(found: list[Fault]) -> str:
    """Return the document."""
    kinds = len({fault.name for fault in found})
    lines = [
        "# Faults",
        "",
        f"{kinds} kinds of fault that the tests have now, each made against a mirror of Microsoft's sites, a real process or a real file",
        "([long-run.md](long-run.md) says how many they were on the day of its run). Written by `python tests/reliability.py`,",
        "which runs them all and writes nothing if one fails or is skipped: each row passed. `.ci/long` does it too.",
    ]
    for group, title in GROUPS.items():
        rows = [fault.row() for fault in found if fault.group == group]
        if rows:
            lines += ["", f"## {title}", "", "| fault | what is done | what is seen | test |", "|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


class _Outcomes:
    """A plugin that counts the outcomes of tests."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.counts[report.outcome] += 1
            if report.outcome != "passed":
                self.bad.append(f"{report.nodeid}: {report.outcome}")


def main() -> int:
    """Run every marked test, and write the document if all of them passed."""
    sys.path.insert(0, str(HERE.parent))  # as `python -m pytest` does
    found = faults()
    outcomes = _Outcomes()
    tests = sorted({str(HERE / fault.test) for fault in found})
    code = pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[outcomes])
    if code or outcomes.bad:
        print("\n".join([*outcomes.bad, "expected every fault to be met, none skipped"]), file=sys.stderr)
        return 1
    FILE.write_text(written(found), encoding="utf-8", newline="\n")
    print(f"{len({fault.name for fault in found})} kinds of fault, {outcomes.counts['passed']} passed, none skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
