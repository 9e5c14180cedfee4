"""Crowd a published site: half requests, slow readers, heavy requests, and ordinary visitors whose answers are timed.

``python tests/crowding.py 300`` serves the embedded facts with 256 descriptors as ``serve --public`` does, and fails where an ordinary request
fails or takes longer than 2 s, where the process has more than 600 MB, or where its log has more than 1 MB.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from helpers.serving import serving

HALF: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
# The largest answers, asked for as they are and compressed.
LARGE: Final = (
    "/csv/claims.csv", "/csv/fact_claims.csv", "/hotpatch/claims.csv?_stream=1&_size=max", "/csv/kb_cves.csv", "/csv/subjects.csv", "/hotpatch.db",
    "/hotpatch/claims.json?_size=1000&_shape=array", "/api/verdicts?product=ws2025", "/api/verdicts?product=win11-24h2", "/feeds/releases.atom",
    "/feeds/issues.atom", "/calendars/ws2025.ics", "/sitemap.xml", "/product/ws2025", "/api/changes", "/csv/releases.csv",
)  # fmt: skip
# What takes the most time; {} is another number in each request, so that no answer is kept.
HEAVY: Final = (
    "/csv/claims.csv?x={}", "/hotpatch/claims?_facet=subject&_facet=field&_facet=value&_facet=page&_facet=gone_at&_sort_desc=text&field__not=a{}",
    "/hotpatch/claims.json?value__contains=a{}&_sort=value&_size=1000", "/hotpatch/fact_claims.csv?_size=1000&_sort_desc=claim&claim__not={}",
    "/csv/claims.csv", "/metrics", "/sitemap.xml", "/hotpatch",
    "/api/verdicts?product=ws2016&on=20{}-07-14", "/product/ws2025?on=20{}-07-14", "/hotpatch/kbs?_search=windows*+OR+a{}*",
)  # fmt: skip
ORDINARY: Final = (
    "/", "/product/ws2025", "/build/26100.32772", "/kb/5087423", "/calendar/2026", "/api/lookup?q=26100.32772", "/api/next?product=ws2025", "/feeds/releases.atom",
    "/lookup?q=KB5087423", "/prices", "/fleet", "/site/style.css", "/api/lookup?q=KB50{}", "/build/26100.{}",
)  # fmt: skip
MOST_SECONDS: Final = 2.0
MOST_MEMORY: Final = 600_000_000
MOST_LOG: Final = 1_000_000


class Seen(NamedTuple):
    """What a crowd saw of a site: the seconds of each ordinary request, failures, the most memory in bytes, the lines of the log, counts of statuses, which part of its time the process waited for a processor."""

    seconds: list[float]
    failed: list[str]
    memory: int
    said: list[str]
    statuses: Counter[str]
    waited: float = 0.0

    @property
    def log(self) -> int:
        """Return the bytes of the log."""
        return sum(len(line) + 1 for line in self.said)

    def wrong(self) -> list[str]:
        """Return what is not as promised."""
        said = [f"failed: {one}" for one in self.failed[:20]]
        if not self.seconds or (slowest := max(self.seconds)) > MOST_SECONDS:
            said.append(f"expected each answer within {MOST_SECONDS} s, got {slowest if self.seconds else None}")
        if self.memory > MOST_MEMORY:
            said.append(f"expected at most {MOST_MEMORY:,} bytes of memory, got {self.memory:,}")
        if self.log > MOST_LOG:
            said.append(f"expected at most {MOST_LOG:,} bytes of log, got {self.log:,}")
        return said

    def __str__(self) -> str:
        """Return it in a line."""
        ordered = sorted(self.seconds)
        return (
            f"{len(ordered)} ordinary requests, {len(self.failed)} failed, median {ordered[len(ordered) // 2]:.3f} s, slowest {ordered[-1]:.3f} s; "
            f"{self.memory / 1e6:.0f} MB of memory, {self.log} bytes of log; the process waited {self.waited:.0%} of its time for a processor; "
            f"{dict(sorted(self.statuses.items()))}"
        )


def memory(process: int) -> int:
    """Return the resident memory of a process in bytes (Linux)."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def waited(process: int) -> float:
    """Return which part of the time that its main thread could run it waited for a processor (Linux): others work on the machine, too."""
    ran, waited_for, _ = map(int, Path(f"/proc/{process}/schedstat").read_text(encoding="utf-8").split())
    return waited_for / max(1, ran + waited_for)


class Crowd:
    """Clients of one site for some seconds."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        """Take where the site is, and how long to ask it."""
        self.host, self.port = host, port
        self.end = time.monotonic() + seconds
        self.seen = Seen([], [], 0, [], Counter())
        self.draw = random.Random(18)
        self.fleet = b"host,build\n" + b"".join(b"srv%d,26100.%d\n" % (row, self.draw.randrange(40_000)) for row in range(200_000))

    def is_on(self) -> bool:
        """Return whether the time has not ended."""
        return time.monotonic() < self.end

    async def half(self) -> None:
        """Send half a request, again a second after it was closed."""
        while self.is_on():
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
                writer.write(HALF)
                await asyncio.wait_for(reader.read(), max(0.1, self.end - time.monotonic()))
                writer.close()
            except (OSError, TimeoutError):
                pass
            self.seen.statuses["half"] += 1
            await asyncio.sleep(1)

    async def slow(self, number: int) -> None:
        """Read a kilobyte a second of a large answer through a small window."""
        while self.is_on():
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port, limit=4096)
                encoding = ("identity", "gzip", "br")[number % 3]
                writer.write(
                    f"GET {LARGE[number % len(LARGE)]} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {encoding}\r\n\r\n".encode()
                )
                while self.is_on() and await asyncio.wait_for(reader.read(1024), 60):  # noqa: ASYNC110 (it is slow on purpose)
                    await asyncio.sleep(1)
                writer.close()
            except (OSError, TimeoutError):
                pass
            self.seen.statuses["slow"] += 1
            await asyncio.sleep(1)

    async def heavy(self, number: int) -> None:
        """Ask for what takes the most time, again and again; every fourth sends a fleet of 4 MB."""
        count = 0
        while self.is_on():
            count += 1
            if number % 4 == 0:
                body = self.fleet
                head = f"POST /api/assess?format={('csv', 'json')[number % 8 == 0]} HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}\r\n"
            else:
                body, head = b"", f"GET {HEAVY[(number + count) % len(HEAVY)].format(self.draw.randrange(10, 99))} HTTP/1.1\r\n"
            await self._ask(head, body, 60, "heavy")

    async def ordinary(self) -> None:
        """Ask for an ordinary page each half second, and time it."""
        while self.is_on():
            path = self.draw.choice(ORDINARY).format(self.draw.randrange(10_000, 99_999))
            began = time.monotonic()
            status = await self._ask(f"GET {path} HTTP/1.1\r\n", b"", 30, "ordinary")
            self.seen.seconds.append(time.monotonic() - began)
            if status not in {"200", "302", "303", "400", "404"}:
                self.seen.failed.append(f"{status} {path} after {self.seen.seconds[-1]:.1f} s")
            elif self.seen.seconds[-1] > MOST_SECONDS:
                self.seen.failed.append(f"{path} took {self.seen.seconds[-1]:.1f} s")
            await asyncio.sleep(0.5)

    async def _ask(self, head: str, body: bytes, seconds: float, kind: str) -> str:
        """Send a request on a connection of its own, read the answer; return its status, or what failed."""
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                try:
                    writer.write(f"{head}Host: localhost\r\nConnection: close\r\n\r\n".encode() + body)
                    answer = await reader.readline()
                    while await reader.read(1_000_000):
                        pass
                finally:
                    writer.close()
            status = answer.split()[1].decode() if answer else "closed"
        except (OSError, TimeoutError) as error:
            status = type(error).__name__
        self.seen.statuses[f"{kind} {status}"] += 1
        return status

    async def attack(self) -> None:
        """Ask as everybody but the ordinary visitors."""
        clients = (
            [self.half() for _ in range(500)] + [self.slow(number) for number in range(150)] + [self.heavy(number) for number in range(20)]
        )
        await asyncio.gather(*clients)

    async def visit(self) -> None:
        """Ask as eight ordinary visitors."""
        await asyncio.gather(*(self.ordinary() for _ in range(8)))


def attack(host: str, port: int, seconds: float, told: Any) -> None:
    """Attack a site from a process of its own, so that the visitors' clock does not wait for it."""
    allow_descriptors()
    clients = Crowd(host, port, seconds)
    asyncio.run(clients.attack())
    told.put(clients.seen.statuses)


def allow_descriptors() -> None:
    """Raise this process's limit of descriptors, where there is one."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)


def crowd(folder: Path, seconds: float) -> Seen:
    """Serve the embedded facts from a folder and crowd them; return what was seen."""
    with serving(folder, "--no-crawl", "--public", descriptors=256) as served:
        address = urlsplit(served.until(r"^serving (\S+)")[1])
        most, is_over = [0], threading.Event()

        def measure() -> None:
            while not is_over.wait(0.2):
                most[0] = max(most[0], memory(served.process.pid))

        thread = threading.Thread(target=measure, daemon=True)
        thread.start()
        assert address.hostname
        assert address.port
        clients = Crowd(address.hostname, address.port, seconds)
        processes = multiprocessing.get_context("spawn")
        told: Any = processes.Queue()
        attackers = processes.Process(target=attack, args=(address.hostname, address.port, seconds, told))
        attackers.start()
        asyncio.run(clients.visit())
        clients.seen.statuses.update(told.get(timeout=120))
        attackers.join()
        is_over.set()
        thread.join()
        clients.seen = clients.seen._replace(waited=waited(served.process.pid))
        if (code := served.stop()) != 0:
            clients.seen.failed.append(f"the site ended with {code}")
    return clients.seen._replace(memory=most[0], said=served.said)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = crowd(Path(place), float(sys.argv[1]))
    print("\n".join(found.wrong()))
    print(*dict.fromkeys(found.said), sep="\n")
    print(found)
    sys.exit(bool(found.wrong()))
