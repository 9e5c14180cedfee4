"""Compare reading a month of MSRC of 20 MB to claims, one vulnerability at a time, with building objects of the whole document.

``json.loads`` and lxml's tree are the least work of reading the whole. Time is measured here; JSON is scanned for its structure first and
then read. Memory is measured in separate processes (``tests/peak.py``), above the body itself and with all claims. The tests render the
month, since real ones are other people's.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lxml import etree
from material import PROJECT
from rendered.msrc_cvrf import big_month, big_month_xml, url
from timing import Row, compared, in_turns

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.scraper.sources import registry

MEGABYTES: Final = 20
TARGET_TIME: Final = 4.0
TARGET_MEMORY: Final = 0.25
TARGET_MEGABYTES: Final = 60.0  # for the source itself, beside a body of 20 on the smallest machine


def rows(folder: Path, rounds: int) -> list[Row]:
    """Return time and memory of the month as JSON, which is asked for, and as XML, which a saved tree may have."""
    found = []
    whole: dict[str, tuple[str, Callable[[bytes], object]]] = {"json": ("json.loads", json.loads), "xml": ("lxml.etree", etree.fromstring)}
    for form, render in (("json", big_month), ("xml", big_month_xml)):
        body = render(MEGABYTES)
        page = Page("msrc_cvrf", url("2025-12"), url("2025-12"), url("2025-12"), "2026-07-23T12:00:00Z", 200, body)
        parse = registry()["msrc_cvrf"].parse
        against, read = whole[form]
        taken = in_turns({"ours": lambda p=page, s=parse: list(s(p)), "whole": lambda b=body, r=read: r(b)}, max(1, rounds // 3))
        name = f"a month of {len(body) / 1e6:.0f} MB as {form.upper()}"
        found.append(compared("msrc", f"{name}, {len(list(parse(page)))} claims", taken["ours"], against, taken["whole"], TARGET_TIME))
        file = folder / f"month.{form}"
        file.write_bytes(body)
        ours, theirs = ([_peak(file, how) for _ in range(3)] for how in ("streamed", "whole"))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        memory = statistics.median(ours)
        found.append(Row("msrc", f"{name}, memory", memory, against, statistics.median(theirs), ratio, TARGET_MEMORY, "MB"))
        found.append(Row("msrc", f"{name}, memory", memory, target=TARGET_MEGABYTES, unit="MB"))
    return found


def _peak(file: Path, how: str) -> float:
    """Return the megabytes that reading a file needs above its body."""
    script = PROJECT / "tests" / "peak.py"
    done = subprocess.run([sys.executable, script, file, how], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"expected {script.name} to succeed, got {done.returncode}: {done.stderr[-400:]}")
    return float(json.loads(done.stdout)["megabytes"])
