"""Odd requests to the site: texts, parameters, headers and bodies that no page has, drawn from a seed; each text carries a marker."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

HOST: Final = b"localhost"
# What a marker begins with. Letters and digits alone: no encoding of an address changes them.
PREFIX: Final = b"zqmk"
MARKER: Final = re.compile(PREFIX + rb"[0-9a-f]{8}", re.IGNORECASE)
# The beginning of a marker as it is, percent-encoded once or twice, as Datasette writes it, escaped as in Python, JSON, HTML, base64 or UTF-16.
_LETTERS: Final = [
    rb"(?:%c|(?:%%(?:25)*|~|\\x|\\u00|&#x)%02x;?|&#%d;)\x00{0,3}" % (letter, letter, letter) for letter in PREFIX
]  # fmt: skip
TRACE: Final = re.compile(b"".join(_LETTERS) + b"|" + base64.b64encode(PREFIX)[:5], re.IGNORECASE)

# Texts with {} for the marker.
TEXTS: Final = (
    "", "{}", "{}{}", " {} ", "{}\0", "\0{}", "{}\r\nX-{}: 1\r\n\r\n", "\x1b[31m{}\x07", "{}\x7f\x85\u2028\u2029", "\u202e{}\u202c\u200f\u200d\ufeff", "\u0660\u0661{}\uff11",
    "{}\U0001f600\U000e0041\u0301\u0301", "\udcff{}", "'{}", '"{}', "{}' or '1'='1' --", '{}"; drop table kbs; --', "select '{}'", "{}' union select sql from sqlite_master --",
    "<{}>", '"><{} onload=x>', "{{{{7*7}}}}{}", "${{jndi:{}}}", "{{0.__class__}}{}", "%s%n%({})s", "../../../../etc/passwd{}", "..\\..\\{}", "/{}", "//{}.example/", "https://{}.example/x?y#z",
    "javascript:{}", "{}*", '"{}', "NEAR({} x)", "{} AND OR NOT", "-{}", "^{}$", "[{}", "({}", "{}%", "_{}_", "{},{},{}", '["{}"]', '{{"{}": [1]}}', '{{"table": "{}"}}', "~{}~00~zz", "{}.json", "{}+{}", "{}&{}=1", "{};{}",
)  # fmt: skip
# Texts that mean something to the site; {} adds nothing to them but where it stands.
MEANT: Final = (
    "0001-01-01", "9999-12-31", "1999-12-31", "2000-01-01", "2100-12-31", "2101-01-01", "2026-02-30", "2026-13-01", "2026-00-00", "2026-07", "2026-W30-2", "20260714", "2024-02-29", "today",
    "-1", "0", "1", "00", "+1", "1.5", "1e3", "1e400", "nan", "inf", "-inf", "0x10", "1_000", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "9" * 400, "9" * 5000, "\u0663", "\u00b2", "1,5", "max", "true", "null", "None",
    "26100.32772", "10.0.26100.32772", "26100.6905", "26100", "26100.99999", "99999.1", "26100.1.amd64fre.ge_release.240331-1435", "KB5087423", "5087423", "KB0", "KB9999999", "CVE-2025-54100", "CVE-9999-9999999", "ws2025", "win11-25h2", "Windows Server 2025 Standard on Arc",
    "24H2", "July 2026", "2026-07 B", "hotpatch", "standard", "arc", "Pro", "Datacenter", "USD", "XXX", "csv", "json", "objects", "array", "arrayfirst", "arrays", "object", "on", "off", "subject", "release", "rowid", "kb__exact",
    "[" * 3000, '{"a":' * 500, "(" * 900, '"' * 999, "%" * 500, "*" * 500, "a OR " * 400, "microsoftwindowsserver:windowsserver:2025-datacenter-azure-edition",
)  # fmt: skip
# Statements that a site of one's own answers, refuses or ends in time.
SQL: Final = (
    "select 1", "select * from kbs", "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c", "select zeroblob(1000000000)", "pragma table_info(kbs)", "pragma writable_schema = 1",
    "explain select 1", "select :a, :b", "select * from claims, claims, claims", ";", "select char(0)", "select x'ff'", "select cast(x'ff' as text)", "select 1e999", "select * from nothing", "delete from kbs", "attach ':memory:' as x", "select 1 as _", "values (1), (2)",
)  # fmt: skip
# Bytes of an address that are no text.
BROKEN: Final = (b"%", b"%z", b"%zz", b"%u0041", b"%ff%fe", b"%c0%af", b"%ed%a0%80", b"%f5%80%80%80", b"%E2%82", b"+%2b+", b"%2500", b"%00", b"%0d%0a", b"%252e%252e%252f", b"~2F", b"~zz", b"~ED~A0~80", b"~", b";", b"=", b"?", b"/", b"//", b"#x")  # fmt: skip
OPERATORS: Final = ("exact", "not", "contains", "endswith", "startswith", "gt", "gte", "lt", "lte", "like", "notlike", "glob", "in", "notin", "arraycontains", "arraynotcontains", "date", "isnull", "notnull", "isblank", "notblank", "x")  # fmt: skip
# Names of parameters that Datasette 0.65 reads, and of ours that no form has.
NAMES: Final = (
    "_facet", "_facet_size", "_facet_date", "_facet_array", "_search", "_searchmode", "_sort", "_sort_desc", "_next", "_size", "_shape", "_trace", "_nofacet", "_nosuggest", "_nocount", "_col", "_nocol", "_where", "_through",
    "_labels", "_label", "_json", "_json_infinity", "_extra", "_extras", "_ttl", "_stream", "_dl", "_timelimit", "_hash", "_format", "_header", "_blob_column", "_blob_hash", "_sort_by_desc", "_filter_column", "_filter_op", "_filter_value",
    "_filter_column_1", "_filter_op_1", "_filter_value_1", "_method", "_hide_sql", "_show_sql", "_", "__", "_facet_", "_search_", "_col_", "sql", "lang", "back", "message", "next", "on", "known", "alarm", "map", "encoding", "summary", "explain", "cve",
)  # fmt: skip
METHODS: Final = ("HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "PROPFIND")
ENDS: Final = (
    ".json",
    ".csv",
    ".blob",
    ".jsono",
    ".atom",
    ".ics",
    ".png",
    ".db",
    ".html",
    ".jsonl",
    ".",
    "/",
    "//",
    "/.",
    "/..",
    "%2f",
    "?",
    "/-/query",
    "/-/insert",
    "/-/schema",
)
TYPES: Final = ("application/x-www-form-urlencoded", "application/json", "text/csv", "text/plain; charset=utf-16", "application/x-www-form-urlencoded; charset=x", "multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary=\xff", "application/xml", "", ";", "text/html", "application/gzip")  # fmt: skip
HEADERS: Final = {
    "Accept": ("*/*", "application/json", "text/html;q=0", "text/event-stream", "*/*;q=nan", ""),
    "Accept-Encoding": ("gzip", "br", "gzip, br", "identity;q=0", "*;q=0", "br;q=1e400", "gzip;q=-1, br;q=nan", "zstd", ",,;,", "*"),
    "Accept-Language": ("ja", "en", "ja;q=0.1, en;q=0.2", "*", "ja-JP-u-ca-japanese", "x" * 500, "ja;q=nan", "\xff", ",;=", "ja;q=" + "9" * 500),
    "Cookie": ("ds_csrftoken=x", "ds_actor=x", "ds_messages=x", "ds_messages=W10.x", "=", ";;;=;", "a" * 4000, "ds_csrftoken=\udcff", "lang=ja", "a/b=c", "(=x", "{x}=1", 'a="\\377'),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=0-0,2-3", "bytes=" + "9" * 400 + "-", "x=1"),
    "If-None-Match": ("*", '"x"', 'W/"x"', ",,", '"'), "If-Modified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT", "x", "Fri, 31 Dec 9999 23:59:59 GMT"),
    "If-Match": ("*", '"x"'), "If-Range": ('"x"', "x"), "If-Unmodified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT",),
    "X-Forwarded-For": ("127.0.0.1", "x", "::1, 10.0.0.1", "[", "1" * 500), "X-Forwarded-Proto": ("https", "http", "ws", "wss", "javascript", ""),
    "X-Forwarded-Host": ("other.example",), "X-Forwarded-Port": ("99999", "x"), "X-Forwarded-Prefix": ("/x",), "Forwarded": ("for=x;proto=https;host=y",),
    "Authorization": ("Bearer x", "Bearer dstok_x", "Basic !", "Bearer \udcff"), "Origin": ("null", "https://other.example"), "Referer": ("x",), "User-Agent": ("", "x" * 2000),
    "Content-Type": TYPES, "Expect": ("100-continue", "x"), "Upgrade": ("websocket", "h2c"), "Connection": ("Upgrade", "keep-alive, x"), "TE": ("trailers",), "X-HTTP-Method-Override": ("DELETE",),
    "Mcp-Session-Id": ("x", ""), "MCP-Protocol-Version": ("2025-06-18", "x"), "Last-Event-ID": ("x",), "X-Original-Url": ("/x",), "X-Rewrite-Url": ("/x",), "Cache-Control": ("no-cache", "max-age=x"), "Content-Encoding": ("gzip", "x"),
    "Host": ("other.example", "other.example:99999", "[::1]:80", "[", "a b", "x:y", "", "localhost.", "LOCALHOST", "1.2.3.4"),
}  # fmt: skip


class Asked(NamedTuple):
    """A request.

    Attributes:
        method: of HTTP.
        path: as it is sent.
        query: names and values, as they are sent.
        headers: besides Host and Content-Length.
        body: empty where there is none.
        marker: what its odd texts carry, if it has any.
        is_cut: whether it ends before its body does, or is no HTTP at all: then it needs no answer.
    """

    method: str = "GET"
    path: bytes = b"/"
    query: tuple[tuple[bytes, bytes], ...] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    marker: bytes = b""
    is_cut: bool = False

    def address(self) -> bytes:
        """Return its path and query."""
        return self.path + (b"?" + b"&".join(name + b"=" + value for name, value in self.query) if self.query else b"")

    def bare(self) -> Asked:
        """Return the request for its address alone."""
        return Asked(path=self.path, query=self.query, marker=self.marker)

    def bytes(self) -> bytes:
        """Return what is sent."""
        lines = [f"{self.method} ".encode("latin-1") + self.address() + b" HTTP/1.1"]
        names = {name.lower() for name, _ in self.headers}
        if b"host" not in names:
            lines.append(b"Host: " + HOST)
        lines += [name + b": " + value for name, value in self.headers]
        if (self.body or self.method == "POST") and not names & {b"content-length", b"transfer-encoding"}:
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join([*lines, b"", b""]) + self.body


class Odd:
    """Draws what is odd of a request."""

    def __init__(self, draw: random.Random) -> None:
        """Take where chance comes from."""
        self.draw = draw
        self.marker = b""

    def begin(self) -> None:
        """Take another marker."""
        self.marker = PREFIX + b"%08x" % self.draw.getrandbits(32)

    def text(self) -> str:
        """Return an odd text."""
        marker, chance = self.marker.decode(), self.draw.random()
        if chance < 0.45:
            return self.draw.choice(TEXTS).format(*[marker] * 9)
        if chance < 0.8:
            return self.draw.choice(MEANT)
        if chance < 0.85:
            return self.draw.choice(SQL)
        if chance < 0.9:
            return marker * self.draw.choice((10, 100, 1000, 3000))
        return marker + "".join(chr(self.draw.choice((self.draw.randrange(32), self.draw.randrange(256), self.draw.randrange(0x3000)))) for _ in range(self.draw.randrange(1, 20)))  # fmt: skip

    def encoded(self, text: str | None = None) -> bytes:
        """Return an odd text as an address has it, now and then with what is no text, or with every letter encoded."""
        raw = (self.text() if text is None else text).encode("utf-8", "surrogateescape")
        chance = self.draw.random()
        if chance < 0.1:
            return b"".join(b"%%%02x" % byte for byte in raw[:5000])
        written = quote(raw, safe=self.draw.choice(("", "/", "/:,*'()[]"))).encode()
        if chance < 0.2:
            return written + self.draw.choice(BROKEN) + self.marker
        return written

    def header_value(self, name: str) -> bytes:
        """Return an odd value of a header, without what would end it."""
        chosen = self.draw.choice(HEADERS[name]) if self.draw.random() < 0.6 else self.text()
        if self.draw.random() < 0.3:
            chosen += self.marker.decode()
        if name == "Cookie" and self.draw.random() < 0.3:
            chosen = f"{chosen}={self.text()}"
        return re.sub(rb"[\0\r\n]", b"?", chosen.encode("utf-8", "surrogateescape"))[:20_000].strip()

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return some odd headers, the whole of them small enough for a server to read."""
        names = self.draw.sample(list(HEADERS), self.draw.choice((1, 1, 2, 3, 6)))
        found = [(name.encode(), self.header_value(name)) for name in names]
        if self.draw.random() < 0.1:
            found.append((b"X-" + self.marker, self.marker))
        if self.draw.random() < 0.05:
            found.append(found[0])
        return tuple(found) if sum(len(value) for _, value in found) < 25_000 else tuple(found[:1])

    def query(self, query: Sequence[tuple[bytes, bytes]], names: Sequence[str], columns: Sequence[str]) -> tuple[tuple[bytes, bytes], ...]:
        """Return a query with some of its values changed, parameters added, repeated or taken away."""
        found = list(query)
        for _ in range(self.draw.choice((1, 1, 1, 2, 3, 8))):
            place, chance = self.draw.randrange(len(found)) if found else None, self.draw.random()
            if place is not None and chance < 0.35:
                found[place] = (found[place][0], self.encoded())
            elif place is not None and chance < 0.42:
                found.append((found[place][0], self.encoded()))
            elif place is not None and chance < 0.46:
                del found[place]
            else:
                found.append((self.name(names, columns), self.encoded()))
        if self.draw.random() < 0.02:
            found += [(b"p%d" % number, self.marker) for number in range(self.draw.choice((5, 101, 900)))]
        return tuple(found)

    def name(self, names: Sequence[str], columns: Sequence[str]) -> bytes:
        """Return the name of a parameter: of a page, of Datasette, of a column with an operator, or one that nobody knows."""
        chance = self.draw.random()
        if chance < 0.3 and names:
            return self.encoded(self.draw.choice(names))
        if chance < 0.6:
            return self.draw.choice(NAMES).encode()
        if chance < 0.85 and columns:
            column = self.draw.choice(columns)
            return self.draw.choice((f"{column}__{self.draw.choice(OPERATORS)}", column, f"_search_{column}")).encode()
        return self.encoded()

    def path(self, path: bytes) -> bytes:
        """Return a path with one thing of it changed."""
        parts = path.split(b"/")
        place = self.draw.randrange(1, len(parts))
        change = self.draw.choice(
            (
                lambda: parts.__setitem__(place, self.encoded()[:2000]), lambda: parts.__setitem__(place, parts[place] + self.encoded()[:500]), lambda: parts.insert(place, self.encoded()[:500]),
                lambda: parts.append(self.encoded()[:500]), lambda: parts.__setitem__(-1, parts[-1] + self.draw.choice(ENDS).encode()), lambda: parts.__delitem__(place),
                lambda: parts.insert(1, self.draw.choice((b"ja", b"en", b"xx", b"JA", b"ja%2f"))), lambda: parts.__setitem__(place, parts[place].upper()),
                lambda: parts.__setitem__(place, self.draw.choice(BROKEN) + parts[place]), lambda: parts.__setitem__(place, re.sub(rb"[0-9]", lambda _: b"%d" % self.draw.randrange(10), parts[place])),
                lambda: parts.__setitem__(place, parts[place][: self.draw.randrange(len(parts[place]) + 1)]), lambda: parts.__setitem__(place, b"".join(b"%%%02x" % byte for byte in parts[place])),
            )
        )  # fmt: skip
        change()
        return b"/".join(parts if len(parts) > 1 else [b"", *parts])

    def json(self, depth: int = 0) -> Any:
        """Return an odd value of JSON."""
        chance = self.draw.random()
        if depth > 3 or chance < 0.5:
            return self.draw.choice((self.text().replace("\udcff", "\ud800"), None, True, -1, 10**30, 1.5, 10**5, "", [], {}))
        if chance < 0.75:
            return [self.json(depth + 1) for _ in range(self.draw.randrange(4))]
        return {self.draw.choice(("host", "build", "product", "line", "kbs", "edition", self.text())): self.json(depth + 1) for _ in range(self.draw.randrange(5))}  # fmt: skip

    def body(self, fields: Sequence[str]) -> tuple[str, bytes]:
        """Return a content type and a body: a form, JSON, CSV, multipart, each now and then broken or as another type."""
        kinds: tuple[tuple[str, Callable[[], bytes]], ...] = (
            ("application/x-www-form-urlencoded", lambda: b"&".join(self.encoded(self.draw.choice([*fields, "x"])) + b"=" + self.encoded(self._fleet() if self.draw.random() < 0.5 else None) for _ in range(self.draw.randrange(1, 6)))),
            ("application/json", lambda: json.dumps(self.json()).encode()), ("text/csv", lambda: self._fleet().encode("utf-8", "surrogateescape")),
            ("multipart/form-data; boundary=x", lambda: b'--x\r\nContent-Disposition: form-data; name="fleet"; filename="%b"\r\n\r\n%b\r\n--x--\r\n' % (self.marker, self._fleet().encode("utf-8", "replace"))),
            ("application/json", lambda: json.dumps([{"host": self.text(), "build": self.text(), self.text(): self.json(2)} for _ in range(self.draw.randrange(30))]).encode()),
            ("text/csv", lambda: self._fleet().encode("utf-16", "replace")), ("text/csv", lambda: gzip.compress(self.marker, mtime=0)), ("text/html", lambda: b"<table><tr><th>build<th>" + self.marker + b"<tr><td>26100.1<td>" + self.encoded() + b"</table>"),
            ("application/xml", lambda: b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b '" + self.marker + b"'>]><a><b build='26100.1'>&b;</b></a>"), ("application/json", lambda: b"[" * 100_000 + self.marker), ("text/csv", lambda: self.draw.randbytes(500) + self.marker),
        )  # fmt: skip
        kind, make = self.draw.choice(kinds)
        body = make()
        if self.draw.random() < 0.2:
            place = self.draw.randrange(len(body) + 1)
            body = (
                body[:place]
                + self.draw.choice((b"", b"\0", b"\xff", b"\r\n", self.draw.randbytes(4)))
                + body[place + self.draw.randrange(3) :]
            )
        return (self.draw.choice(TYPES) if self.draw.random() < 0.2 else kind), body

    def _fleet(self) -> str:
        separator = self.draw.choice((",", ";", "\t", "|"))
        columns = self.draw.sample(
            ["host", "build", "product", "line", "kbs", "edition", "UBR", "CurrentBuild", self.text()], self.draw.randrange(1, 6)
        )
        rows = [
            [self.draw.choice((self.text(), "26100.32772", "ws2025", "srv1")) for _ in columns]
            for _ in range(self.draw.choice((0, 1, 5, 50)))
        ]
        return "\n".join(separator.join(row) for row in [columns, *rows])

    def broken(self, asked: Asked) -> Asked:
        """Return a request that HTTP does not allow, or that ends too early."""
        raw = self.draw.choice(
            (
                (b"Content-Length", b"%d" % (len(asked.body) + 50)), (b"Content-Length", b"-1"), (b"Content-Length", b"9" * 30), (b"Content-Length", b"1x"), (b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"x"),
                (b"Bad Name " + self.marker, b"x"), (b"X", b"a\0" + self.marker), (b"X", b"a\r\nb" + self.marker), (b"X", b"y" * 100_000 + self.marker), (b"Host", b"other.example\r\nHost: " + self.marker), (b"Content-Length", b"0\r\nContent-Length: 5"),
            )
        )  # fmt: skip
        return asked._replace(headers=(*asked.headers, raw), is_cut=True)
