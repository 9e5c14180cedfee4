"""Measure the memory of reading a month: ``python tests/peak.py FILE streamed|whole`` prints megabytes above the body, and a count.

A separate process, since a peak never falls. ``streamed`` parses as the program does, ``whole`` builds objects of the whole document.
Linux has the peak of this process in /proc; ``ru_maxrss`` of a new process is that of its parent there.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from pathlib import Path

from lxml import etree
from rendered import msrc_cvrf

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.scraper.sources import msrc_cvrf as source

_STATUS = Path("/proc/self/status")
# ``python -c MEASURED <this folder> <arguments>`` runs the command and prints the peak of its memory after the output.
MEASURED = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import peak; from hotpatch_kb.scraper.cli.main import process; code = process(); "
    "print(peak.peak(), file=sys.stderr); sys.exit(code)"
)


def peak() -> float:
    """Return the peak memory of this process in megabytes (of 2^20 bytes)."""
    if _STATUS.exists():
        match = re.search(r"^VmHWM:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
        if match:
            return int(match[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20) if sys.platform == "darwin" else most / 1024


def main() -> None:
    """Measure and print."""
    body = Path(sys.argv[1]).read_bytes()
    url = msrc_cvrf.url("2025-12")
    page = Page("msrc_cvrf", url, url, url, "2026-07-23T12:00:00Z", 200, body)
    before = peak()
    if sys.argv[2] == "streamed":
        found = len(list(source.parse(page)))
    elif body.startswith(b"<"):
        found = len(etree.fromstring(body))
    else:
        found = len(json.loads(body))
    print(json.dumps({"megabytes": round(peak() - before, 1), "found": found}))


if __name__ == "__main__":
    main()
