"""Ask an export of hotpatch-kb, by its address or its folder, whether a build is patched. Standard library alone.

>>> from hotpatch_kb.client import Export
>>> export = Export("https://facts.example.com/hotpatch-kb/")
>>> export.verdict("26100.32772", product="ws2025", line="hotpatch")["verdict"]  # doctest: +SKIP
'restart_due'

What the export does not know is ``unknown``, and after the last day on which its verdicts hold nothing is ``current`` (docs/export.md).
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

Answer = dict[str, Any]

_BUILD: Final = re.compile(r"(?:10\.0\.)?([0-9]{5}\.[0-9]{1,5})")
_KB: Final = re.compile(r"(?:KB)?[ -]?([0-9]{6,7})", re.IGNORECASE)
_PRODUCT: Final = re.compile(r"[a-z0-9-]{3,40}")
_VALUES: Final = ("verdict", "reason", "next_kb", "next_needs_restart", "months_behind")
_LINES: Final = ("hotpatch", "standard")


class Export:
    """An export, read file by file."""

    def __init__(self, where: str | Path, *, timeout: float = 30) -> None:
        """Take the address (HTTPS, or HTTP) or the folder of an export, and how many seconds an answer may take."""
        text = str(where)
        self._address = text.rstrip("/") + "/" if re.match(r"https?://", text) else None
        self._folder = Path(where)
        self._timeout = timeout

    def lookup(self, text: str) -> Answer | None:
        """Return what ``hotpatch-kb lookup --json`` answers to a build or a KB; None where the export does not name it.

        Raises:
            ValueError: the text is neither, or the file is no answer.
            OSError: the export cannot be read.
        """
        stated = text.strip()
        if build := _BUILD.fullmatch(stated):
            return self._read(f"v1/builds/{build[1]}.json")
        if kb := _KB.fullmatch(stated):
            return self._read(f"v1/kbs/KB{kb[1]}.json")
        raise ValueError(f"expected a build such as 26100.32772 or a KB such as KB5087423, got {text[:60]!r}")

    def product(self, name: str) -> Answer | None:
        """Return a product: its latest releases, the next restart, its support; None where the export does not have it.

        Raises:
            ValueError: the name is no id such as ws2025.
            OSError: the export cannot be read.
        """
        if not _PRODUCT.fullmatch(name):
            raise ValueError(f"expected the id of a product such as ws2025, got {name[:60]!r}")
        return self._read(f"v1/products/{name}.json")

    def verdict(
        self, build: str, *, product: str | None = None, line: str | None = None, kbs: Iterable[str] = (), today: str | None = None
    ) -> Answer:
        """Return whether a machine is patched, as far as the export knows.

        Args:
            build: OS build.
            product: an id such as ws2025, where it is known.
            line: "hotpatch" or "standard", where it is known.
            kbs: installed KBs, where they are known.
            today: ISO date; today (UTC) if None.

        Returns:
            ``verdict``, ``reason``, ``next_kb``, ``next_needs_restart`` and ``months_behind``.

        Raises:
            ValueError: the build or the line cannot be read.
            OSError: the export cannot be read.
        """
        if line is not None and line not in _LINES:
            raise ValueError(f"expected hotpatch or standard, got {line[:60]!r}")
        answer = self.lookup(build)
        if answer is None:
            return _unknown(f"the export has no {build.strip()}")
        until, day = answer.get("valid_until"), today or datetime.now(UTC).date().isoformat()
        installed = {found[1] for text in kbs if (found := _KB.fullmatch(text.strip()))}
        matches = [match for match in answer["matches"] if product in {None, match["product"]}]
        matches = [match for match in matches if (match["kb"] or "").removeprefix("KB") in installed] or matches
        judged: list[Any] = [
            (match.get("by_line") or {}).get(line) if line and match.get("by_line") else match.get("verdict") for match in matches
        ]
        if not judged or None in judged:
            return _unknown(f"the export has no verdict for {build.strip()}" + (f" on {product}" if product else ""))
        first = {name: judged[0].get(name) for name in _VALUES}
        if any((other["verdict"], other["next_kb"]) != (first["verdict"], first["next_kb"]) for other in judged):
            either = "; ".join(
                f"{match['product']} {match['kb'] or match['build']}: {found['verdict']}"
                for match, found in zip(matches, judged, strict=True)
            )
            return _unknown(f"it may be {either}") | {"verdict": "ambiguous"}
        if first["verdict"] == "current" and not (isinstance(until, str) and day <= until):
            return _unknown(f"the verdicts of this export held until {until}")
        return first

    def _read(self, name: str) -> Answer | None:
        try:
            if self._address is None:
                text = (self._folder / name).read_bytes()
            else:
                with urllib.request.urlopen(self._address + name, timeout=self._timeout) as found:  # noqa: S310 (http or https)
                    text = found.read()
        except FileNotFoundError:
            if self._address is None and not (self._folder / "index.json").is_file():
                raise
            return None
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            with error:
                return None
        answer = json.loads(text)
        if not isinstance(answer, dict):
            raise ValueError(f"expected an answer in {name}, got {type(answer).__name__}")  # noqa: TRY004 (of the file, not of a caller)
        return answer


def _unknown(reason: str) -> Answer:
    return dict.fromkeys(_VALUES) | {"verdict": "unknown", "reason": reason}
