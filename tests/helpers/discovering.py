"""What a site's own answers lead to: links, forms with their fields, addresses of feeds and of the sitemap, operations of its description."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urldefrag, urljoin, urlsplit

import lxml.html

BASE: Final = "http://localhost/"
MOST_OF_A_SHAPE: Final = 300
_END: Final = re.compile(r"\.[a-z]{1,6}$")
_NUMBER: Final = re.compile(r"[0-9]+")
_WORD: Final = re.compile(r"[A-Za-z]+")
_URL: Final = re.compile(r"https?://localhost(?::[0-9]+)?/[^\s\"'<>\\]*")


def shape(address: str) -> str:
    """Return what addresses of one kind have in common: the first parts of the path without its numbers, the form of the next, and its end.

    A build number is another kind of address than a build, of which there are thirty times as many.

    >>> shape("/ja/build/26100.1?x=1"), shape("/build/26100"), shape("/hotpatch/releases/26100.json"), shape("/hotpatch/releases.json")
    ('/ja/build/#.#', '/build/#', '/hotpatch/releases/#.json', '/hotpatch/releases.json')
    """
    path = urlsplit(address).path
    first = path[: 4 if path[1:4] in {"en/", "ja/"} else 1]
    pieces = path.removeprefix(first).split("/")[:4]
    ends = _END.search(pieces[-1]) if pieces[0] != "build" else None
    limit = 2 if pieces[0] == "hotpatch" else 1
    kept = [_NUMBER.sub("#", piece)[:40] for piece in pieces[:limit]]
    if len(pieces) > limit:
        name = pieces[limit].removesuffix(ends[0] if ends else "")
        kept.append("#" if pieces[0] == "hotpatch" else _WORD.sub("a", _NUMBER.sub("#", name))[:20])
    return first + "/".join(kept) + (ends[0] if ends and len(pieces) > limit else "")


class Known:
    """The addresses that are known, by their shape, and the names of parameters, fields and columns that were seen."""

    def __init__(self, draw: random.Random) -> None:
        """Take where chance comes from; begin with the home page, and with what programs ask for by its name."""
        self.draw = draw
        self.shapes: dict[str, list[str]] = {}
        self.asked: set[str] = set()  # shapes
        self.seen: set[str] = set()  # addresses
        self.names: dict[str, None] = {}
        self.columns: dict[str, None] = {}
        self.posted: dict[str, list[str]] = {}
        for address in ("/", "/ja/", "/robots.txt", "/sitemap.xml", "/api/openapi.json", "/metrics", "/hotpatch.json", "/favicon.ico"):
            self.add(address)

    def add(self, address: str) -> None:
        """Take an address of the site, below its host."""
        if len(address) > 2000 or not address.startswith("/"):
            return
        if address in self.seen:
            return
        self.seen.add(address)
        found = self.shapes.setdefault(shape(address), [])
        if len(found) < MOST_OF_A_SHAPE:
            found.append(address)
        elif self.draw.random() < 0.1:
            found[self.draw.randrange(len(found))] = address
        for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True):
            self.names[name] = None

    def one(self) -> str:
        """Return an address: any shape as likely as another, those that nobody asked for first."""
        unasked = [name for name in self.shapes if name not in self.asked]
        name = self.draw.choice(unasked or list(self.shapes))
        self.asked.add(name)
        return self.draw.choice(self.shapes[name])

    def read(self, address: str, kind: str, body: bytes) -> None:
        """Take what an answer leads to."""
        if kind.startswith("text/html"):
            self._read_page(address, body)
        elif "xml" in kind or kind.startswith(("text/calendar", "text/plain")):
            found = _URL.findall(body[:3_000_000].decode("utf-8", "replace").replace("&amp;", "&"))
            for url in self.draw.sample(found, min(len(found), 2000)):
                self.add(below(url))
        elif "json" in kind:
            try:
                self._read_json(json.loads(body))
            except ValueError:
                return

    def _read_page(self, address: str, body: bytes) -> None:
        page = lxml.html.document_fromstring(body or b"<p>")
        here = urljoin(BASE, address)
        for element, _, link, _ in page.iterlinks():
            try:
                url = urldefrag(urljoin(here, link.strip()))[0]
            except ValueError:  # half an IPv6 address
                continue
            if element.tag != "form" and url.startswith(BASE):
                self.add(below(url))
        for form in page.forms:
            fields = [str(name) for name in form.inputs.keys() if name]  # noqa: SIM118 (it is no mapping)
            self.names |= dict.fromkeys(fields)
            action = below(urljoin(here, form.get("action") or here))
            if form.method == "POST":
                self.posted[urlsplit(action).path] = fields
            elif fields:
                values = ((name, str(form.fields[name] or "")) for name in fields if isinstance(form.fields[name], str | None))
                self.add(urlsplit(action).path + "?" + "&".join(f"{quote(name)}={quote(value)}" for name, value in values))

    def _read_json(self, found: Any) -> None:
        if isinstance(found, dict):
            self.columns |= dict.fromkeys(name for name in found.get("columns") or () if isinstance(name, str))
            for path, operations in (found.get("paths") or {}).items() if found.get("openapi") else ():
                self._describe(f"/api{path}", operations)
        for url in _URL.findall(json.dumps(found)[:1_000_000]):
            self.add(below(url))

    def _describe(self, path: str, operations: dict[str, Any]) -> None:
        """Take an operation of the description of the API."""
        for method, operation in operations.items():
            names = [str(parameter["name"]) for parameter in operation["parameters"]]
            self.names |= dict.fromkeys(names)
            if method == "post":
                self.posted[path] = names
                continue
            examples = {parameter["name"]: parameter["schema"].get("example", "") for parameter in operation["parameters"]}
            self.add(path)
            self.add(f"{path}?" + "&".join(f"{name}={quote(str(value))}" for name, value in examples.items() if value))


def below(url: str) -> str:
    """Return an address without scheme and host."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def pairs(address: str) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """Return the path of an address, and the names and values of its query, as they are sent."""
    path, _, query = quote(address, safe="/%:?&=+,;@!$'()*~[]#-._").partition("?")
    return path.encode(), tuple(_pair(part) for part in query.encode().split(b"&") if part)


def _pair(part: bytes) -> tuple[bytes, bytes]:
    name, _, value = part.partition(b"=")
    return name, value


def tools(answer: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the tools that an assistant is told of, each with the names of its arguments."""
    for tool in answer["result"]["tools"]:
        yield tool["name"], list(tool["inputSchema"].get("properties", {}))
