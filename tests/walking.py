"""Walk over the served site with odd requests: ``python tests/walking.py 3600 [--seed N] [--own]``.

Two servers of the embedded facts run as processes, as ``serve --public`` runs them (with ``--own`` as ``serve`` does). The walk follows the links,
forms and descriptions of their answers, and changes what it asks the first for: paths, methods, parameters, headers, bodies, messages of assistants.
It fails where an answer is a fault of ours (5xx but 503) or none, where one takes longer than 3 s alone, where a text of a visitor is in the log or
in another visitor's answer, where markup comes back as it is, and where a bare request then gets another answer than from the second server, which
nobody asks odd things. Each finding is a line that ``--again`` repeats. The last line has the figures.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from crowding import MOST_MEMORY, memory
from helpers import discovering
from helpers.odd_requests import MARKER, METHODS, TRACE, Asked, Odd
from helpers.raw_client import Answer, Client
from helpers.serving import Served, serving

from hotpatch_kb.scraper.crawl import runs

MOST_SECONDS: Final = 3.0
BYTES_A_SECOND: Final = 4_000_000  # of a download, which may take longer
MOST_FINDINGS: Final = 200
# What differs between two answers to one request: how long statements took.
_TIMES: Final = re.compile(rb'"query_ms": [0-9.e-]+|Queries took [0-9.]+ms|took [0-9.,]+ ?m?s\b')
# Facets, which are left out where a busy machine had no time for them.
_FACETS: Final = re.compile(
    rb'<details class="facet".*?</details>|<p class="(?:facets-timed-out|suggested-facets small)">.*?</p>|\s+', re.DOTALL
)
# Answers that depend on more than the facts: the metrics say how old they are in seconds, a full-text index counts the queries of a connection.
_OF_THE_MOMENT: Final = re.compile(rb"/metrics|/hotpatch/[a-z_]*_fts")
# What a busy machine answers where a statement had too little time.
_TOO_LONG: Final = (b"This took too long.", "時間がかかりすぎました".encode())
_JSON: Final = ((b"Content-Type", b"application/json"), (b"Accept", b"application/json, text/event-stream"))

_CALLS: Final = ("initialize", "tools/list", "resources/read", "resources/subscribe", "prompts/get", "completion/complete", "logging/setLevel", "ping", "notifications/cancelled", "notifications/progress")  # fmt: skip


class Walk:
    """A walk over one site: what it asked, and what it found."""

    def __init__(self, sites: Sequence[Served], seed: int) -> None:
        """Take the site and the one that is asked nothing odd."""
        self.site = sites[0]
        self.client, self.bare = (_client(site) for site in sites)
        self.draw = random.Random(seed)
        self.odd = Odd(self.draw)
        self.known = discovering.Known(self.draw)
        self.tools: dict[str, list[str]] = {}
        self.session: tuple[tuple[bytes, bytes], ...] = ()
        self.statuses: Counter[int] = Counter()
        self.found: dict[str, str] = {}
        self.slowest, self.memory, self.compared = 0.0, 0, 0
        self.markers = 0

    def walk(self, seconds: float, most: int | None = None) -> None:
        """Ask for so many seconds, or so many requests."""
        for client in (self.client, self.bare):
            client.ask("GET", Asked().bytes())  # they say where they serve before they answer
        end = time.monotonic() + seconds
        self._meet_assistants()
        while time.monotonic() < end and (most is None or self.statuses.total() < most) and len(self.found) < MOST_FINDINGS:
            self.step()
            if self.site.process.poll() is not None:
                self._find("the site ended", Asked(), f"with {self.site.process.returncode}")
                break

    def step(self) -> None:
        """Ask for one thing: as a page leads to it, or changed."""
        self.odd.begin()
        self.markers += 1
        address = self.known.one()
        path, query = discovering.pairs(address)
        asked, chance = Asked(path=path, query=query, marker=self.odd.marker), self.draw.random()
        if chance < 0.15:
            answer = self.ask(asked)
            if answer.status in {200, 304, 404}:
                self.known.read(address, answer.header("content-type"), answer.text())
            elif 300 <= answer.status < 400:
                self.known.add(discovering.below(answer.header("location")))
            self.compare(asked, answer)
        elif chance < 0.2 and self.tools:
            self.ask(self._message())
        elif chance < 0.3:
            self.ask(self._posted())
        elif chance < 0.33:
            self.ask(self.odd.broken(self._changed(asked)))
        else:
            asked = self._changed(asked)
            self.ask(asked)
            if self.draw.random() < 0.3:
                bare = asked.bare()
                self.compare(
                    bare, self.ask(bare._replace(headers=((b"Accept-Encoding", self.draw.choice((b"identity", b"gzip", b"br"))),)))
                )

    def _changed(self, asked: Asked) -> Asked:
        """Return a request with some of its parts odd."""
        if self.draw.random() < 0.6:
            asked = asked._replace(query=self.odd.query(asked.query, list(self.known.names), list(self.known.columns)))
        if self.draw.random() < 0.3:
            asked = asked._replace(path=self.odd.path(asked.path))
        if self.draw.random() < 0.45:
            asked = asked._replace(headers=self.odd.headers())
        if self.draw.random() < 0.1:
            asked = asked._replace(method=self.draw.choice(METHODS))
        return asked if len(asked.address()) < 60_000 else asked._replace(query=asked.query[:1], path=asked.path[:2000])

    def _posted(self) -> Asked:
        """Return a form or an inventory, sent to where one is taken, or to any other address."""
        known = self.known
        address = self.draw.choice([*known.posted, "/fleet", "/api/assess"]) if self.draw.random() < 0.85 else known.one()
        path, query = discovering.pairs(address)
        kind, body = self.odd.body(known.posted.get(address) or list(known.names))
        headers = [(b"Content-Type", kind.encode("latin-1"))]
        if self.draw.random() < 0.3:
            headers += [header for header in self.odd.headers() if header[0] != b"Content-Type"]
        if self.draw.random() < 0.4:
            query = self.odd.query(query, known.posted.get(address, []), list(known.columns))
        return Asked("POST", path, query, tuple(headers), body, self.odd.marker)

    def _meet_assistants(self) -> None:
        """Begin a session of an assistant, where the site has an address for them; read which tools there are."""
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "walk", "version": "1"}}
        answer = self._call("initialize", client)
        if answer.status != 200:
            return
        self.session = ((b"Mcp-Session-Id", answer.header("mcp-session-id").encode()),)
        self._call("notifications/initialized", None)
        self.tools = dict(discovering.tools(json.loads(self._call("tools/list", {}).text())))

    def _call(self, method: str, parameters: Any) -> Answer:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method} | ({} if parameters is None else {"id": 1, "params": parameters})
        return self.ask(Asked("POST", b"/-/mcp", (), _JSON + self.session, json.dumps(message).encode()))

    def _message(self) -> Asked:
        """Return a message of an assistant with something odd in it."""
        tool = self.draw.choice(list(self.tools))
        usual = {
            "database": "hotpatch",
            "query": "what_is_this_build",
            "table": "releases",
            "sql": "select 1",
            "parameters": {"build": "26100.1"},
        }
        arguments = {name: usual.get(name, self.odd.json(2)) for name in self.tools[tool] if self.draw.random() < 0.8}
        for _ in range(self.draw.randrange(3)):
            arguments[self.draw.choice([*self.tools[tool], self.odd.text()])] = self.odd.json()
        message: Any = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        chance = self.draw.random()
        if chance < 0.2:
            message[self.draw.choice([*message, self.odd.text()])] = self.odd.json()
        elif chance < 0.25:
            message = [message, self.odd.json()]
        elif chance < 0.32:
            named = {
                "name": self.odd.text(),
                "uri": f"x:{self.odd.text()}",
                "level": self.odd.text(),
                "requestId": self.odd.json(2),
                "ref": {"type": "ref/prompt", "name": self.odd.text()},
            }
            message |= {"method": self.draw.choice(_CALLS), "params": named}
        elif chance < 0.45:
            message |= {"method": self.draw.choice((*_CALLS, self.odd.text())), "params": self.odd.json()}  # fmt: skip
        if isinstance(message, dict) and self.draw.random() < 0.2:
            del message[self.draw.choice(list(message))]
        body = json.dumps(message).encode()
        if chance > 0.9:
            body = body[: self.draw.randrange(len(body))] + self.draw.choice((b"", b"\xff", b"\0", b"[" * 10_000)) + self.odd.marker
        headers = _JSON + (self.session if self.draw.random() < 0.9 else self.odd.headers())
        return Asked("POST", b"/-/mcp", (), headers, body, self.odd.marker)

    def ask(self, asked: Asked) -> Answer:
        """Ask the site, and look at the answer."""
        raw = asked.bytes()
        before = worked(self.site.process.pid)
        answer = self.client.ask(asked.method, raw, is_cut=asked.is_cut)
        self.statuses[answer.status] += 1
        if before is not None and self.statuses.total() % 50 == 0:
            self.memory = max(self.memory, memory(self.site.process.pid))
        seconds = answer.seconds
        if seconds > 0.5 and before is not None and (after := worked(self.site.process.pid)) is not None:
            seconds = max(after[0] - before[0], seconds - (after[1] - before[1]))  # others work on the machine, too
        self.slowest = max(self.slowest, seconds)
        if seconds > MOST_SECONDS + len(answer.body) / BYTES_A_SECOND and not asked.is_cut:
            self._find("slow", asked, f"{seconds:.1f} s of {answer.seconds:.1f} s")
        for what in wrong(asked, answer):
            self._find(what, asked, f"{answer.status} {answer.wrong}{answer.body[:100]!r}")
        return answer

    def compare(self, asked: Asked, answer: Answer) -> None:
        """Compare the answer to a bare request with that of the site that is asked nothing odd."""
        if _OF_THE_MOMENT.search(asked.path) or answer.status == 503 or answer.header("set-cookie"):
            return
        self.compared += 1
        for _ in range(3):
            other = self.bare.ask("GET", asked.bytes())
            if _same(answer, other):
                return
            answer = self.ask(asked)  # the day may have changed, or a facet had no time
        if any(text in one.text() for one in (answer, other) for text in _TOO_LONG):
            return
        is_datasettes = b"/hotpatch" in asked.path
        if not _same(answer, other, but_facets=is_datasettes):
            place = next((n for n, (a, b) in enumerate(zip(answer.text(), other.text(), strict=False)) if a != b), 0)
            here = slice(max(0, place - 40), place + 60)
            self._find("another answer than bare", asked, f"{answer.status} {other.status} {answer.text()[here]!r} {other.text()[here]!r}")

    def _find(self, what: str, asked: Asked, said: str) -> None:
        """Note a finding, once for each kind and shape of an address."""
        kind = f"{what} {asked.method} {discovering.shape(asked.address().decode('latin-1'))}"
        if kind not in self.found:
            self.found[kind] = f"{what}: {asked.method} {asked.address()[:200].decode('latin-1')!r}: {said}; again: {written(asked)}"
            print(self.found[kind], file=sys.stderr, flush=True)

    def end(self, said: Sequence[str]) -> list[str]:
        """Look at the log; return all findings."""
        for line in said:
            if TRACE.search(line.encode("utf-8", "replace")):
                self._find("a visitor's text in the log", Asked(path=line.encode()[:300]), "")
            elif "Traceback" in line or (line.startswith("hotpatch-kb: ") and "while answering" in line):
                self._find("an error in the log", Asked(path=line.encode()[:300]), "")
        whole = re.sub(r"[\s\u2500-\u257f]+", "", "".join(said)).encode("utf-8", "replace")  # a library wraps its lines, and draws frames
        if found := TRACE.search(whole):
            self._find("a visitor's text in the log, wrapped", Asked(path=whole[max(0, found.start() - 200) :][:300]), "")
        if self.memory > MOST_MEMORY:
            self._find("memory", Asked(), f"expected at most {MOST_MEMORY:,} bytes, got {self.memory:,}")
        return list(self.found.values())

    def __str__(self) -> str:
        """Return the figures."""
        log = sum(len(line) + 1 for line in self.site.said)
        return (
            f"{self.statuses.total():,} requests of {len(self.known.shapes):,} shapes of addresses, {self.compared:,} compared with a bare one's, {len(self.found)} findings; "
            f"statuses {dict(sorted(self.statuses.items()))}; slowest {self.slowest:.2f} s; at most {self.memory / 1e6:.0f} MB; {log} bytes of log"
        )


def worked(process: int) -> tuple[float, float] | None:
    """Return the seconds that a process worked, and that its threads waited for a processor together; None where the system does not say."""
    try:
        threads = [path.read_text(encoding="utf-8").split() for path in Path(f"/proc/{process}/task").glob("*/schedstat")]
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:  # a thread ended meanwhile
        return None
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), sum(int(waited) for _, waited, _ in threads) / 1e9


def wrong(asked: Asked, answer: Answer) -> list[str]:
    """Return what may not be in an answer."""
    found = []
    if answer.status >= 500 and answer.status != 503:
        found.append("a fault of ours")
    if answer.status == 0 and not asked.is_cut:
        found.append("no answer")
    try:
        text = answer.text()
    except Exception:  # noqa: BLE001 (whatever it is, the body is not what its header says)
        return [*found, "a body that is not encoded as it says"]
    # A request of which one byte was changed may state another marker by itself, percent-encoded.
    own = {marker.lower() for marker in (asked.marker, *MARKER.findall(unquote_to_bytes(asked.bytes())))}
    if {marker.lower() for marker in MARKER.findall(text)} - own:
        found.append("another visitor's text")
    if asked.marker and b"<" + asked.marker in text and answer.header("content-type").startswith("text/html"):
        found.append("markup of a visitor")
    if any(MARKER.search(name.encode("latin-1", "replace")) for name, _ in answer.headers):
        found.append("a header of a visitor")
    return found


def _same(one: Answer, other: Answer, *, but_facets: bool = False) -> bool:
    """Return whether two answers say the same, whatever their encodings."""
    kept = ("content-type", "location", "cache-control", "set-cookie")
    said = _without_facets if but_facets else _said
    return (one.status, said(one), [one.header(name) for name in kept]) == (
        other.status, said(other), [other.header(name) for name in kept],
    )  # fmt: skip


def _said(answer: Answer) -> bytes:
    return _TIMES.sub(b"", answer.text())


def _without_facets(answer: Answer) -> Any:
    if not answer.header("content-type").startswith("application/json"):
        return _FACETS.sub(b"", _said(answer))
    found = json.loads(_said(answer).replace(b", ,", b",") or b"null")
    return {name: value for name, value in found.items() if "facet" not in name} if isinstance(found, dict) else found


def _client(site: Served) -> Client:
    address = urlsplit(site.until(r"^serving (\S+)", 300)[1])
    assert address.hostname
    assert address.port
    return Client(address.hostname, address.port)


def written(asked: Asked) -> str:
    """Return a request in letters that ``--again`` takes."""
    return f"{asked.method}:" + base64.urlsafe_b64encode(zlib.compress(asked.bytes(), 9)).decode()


def walked(folder: Path, seconds: float, seed: int, *, is_public: bool, most: int | None = None) -> tuple[Walk, list[str]]:
    """Serve a folder's database twice, one of the embedded facts if it has none, and walk over it; return the walk and its findings."""
    runs.ensure_seeded(folder / "hotpatch.db", folder / "hotpatch.db.archive")
    arguments = ["--no-crawl", *(["--public"] if is_public else [])]
    with ExitStack() as stack:
        sites = [stack.enter_context(serving(folder, *arguments)) for _ in range(2)]
        walk = Walk(sites, seed)
        for client in (walk.client, walk.bare):
            stack.callback(client.close)
        walk.walk(seconds, most)
        if sites[0].process.poll() is None and (code := sites[0].stop()) != 0:
            walk.found["end"] = f"expected the site to end with 0, got {code}"
    return walk, walk.end(walk.site.said)


def again(folder: Path, request: str, *, is_public: bool) -> None:
    """Send one request of a finding to a new site; print the answer and the log."""
    method, _, raw = request.partition(":")
    with serving(folder, "--no-crawl", *(["--public"] if is_public else [])) as site:
        sent = zlib.decompress(base64.urlsafe_b64decode(raw))
        print(sent[:3000])
        client = _client(site)
        answer = client.ask(method, sent)
        client.close()
        print(answer.status, answer.headers, answer.text()[:3000], f"{answer.seconds:.2f} s", answer.wrong, sep="\n")
    print(*site.said, sep="\n")


def main() -> int:
    """Walk for the seconds that are given: three quarters of them over a public site, the rest over one's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--own", action="store_true", help="only a site that is not published")
    parser.add_argument("--again", help="the request of a finding")
    given = parser.parse_args()
    if given.again:
        with tempfile.TemporaryDirectory() as place:
            again(Path(place), given.again, is_public=not given.own)
        return 0
    figures, failed = [], False
    for is_public, share in ((False, 1.0),) if given.own else ((True, 0.75), (False, 0.25)):
        with tempfile.TemporaryDirectory() as place:
            walk, found = walked(Path(place), given.seconds * share, given.seed, is_public=is_public)
        print(*dict.fromkeys(walk.site.said), sep="\n", flush=True)
        figures.append(f"{'public' if is_public else 'own'}, seed {given.seed}: {walk}")
        failed = failed or bool(found)
    print(" / ".join(figures))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
