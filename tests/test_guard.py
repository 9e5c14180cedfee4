"""A published site in front of strangers: what a request may be, and that what is kept for everybody has nothing of one visitor."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from helpers.datasettes import Datasette, get, opened, pm

CLOSED = (
    "messages", "threads", "threads.json", "plugins", "plugins.json", "versions", "versions.json", "settings", "settings.json", "metadata",
    "metadata.json", "config", "databases", "databases.json", "actor", "actor.json", "auth-token", "logout", "permissions", "allow-debug", "patterns",
)  # fmt: skip
# Every page that is kept, by one of its addresses.
KEPT = (
    "/", "/build/26100.32772", "/kb/5087423", "/product/ws2025", "/calendar/2026", "/fleet", "/api", "/cost",
    "/api/lookup?q=26100.32772", "/api/next", "/feeds/releases.atom", "/calendars/ws2025.ics", "/robots.txt",
)  # fmt: skip
MARK = "visitor7f3a"


@pytest.fixture
def public(seeded: Path) -> Iterator[Datasette]:
    """The site as it is published."""
    with opened(seeded, public=True) as ds:
        yield ds


def asked(
    ds: Datasette, method: str, path: str, body: Iterable[bytes] = (), headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[int, bytes, int]:
    """Ask the application; return status, body and how many parts of the body it took."""
    taken, status, answer, parts = 0, 0, b"", iter(body)
    name, _, query = path.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": name, "raw_path": name.encode(), "query_string": query.encode(), "scheme": "http",
        "headers": [*([] if any(name == b"host" for name, _ in headers) else [(b"host", b"localhost")]), *headers],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal taken
        part = next(parts, None)
        taken += part is not None
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(event: Any) -> None:
        nonlocal status, answer
        status, answer = event.get("status", status), answer + event.get("body", b"")

    asyncio.run(ds.app()(scope, receive, send))
    return status, answer, taken


@pytest.mark.fault("the addresses for debugging of a published site", of="site")
@pytest.mark.parametrize("name", CLOSED)
def test_addresses_for_debugging_are_closed(name: str, public: Datasette) -> None:
    """Each is asked with GET and POST; 404 and 405, and no cookie."""
    assert asked(public, "GET", f"/-/{name}")[0] == 404
    assert asked(public, "POST", f"/-/{name}", [f"message={MARK}&message_type=INFO".encode()])[0] == 405


def test_what_a_page_needs_is_open(public: Datasette) -> None:
    assert get(public, "/-/static/app.css").status_code == 200
    assert get(public, "/site/style.css").status_code in {200, 404}


@pytest.mark.fault("a kept page asked first with the cookies and headers of one visitor", of="site")
@pytest.mark.parametrize("path", KEPT)
def test_a_kept_page_has_nothing_of_a_visitor(path: str, seeded: Path) -> None:
    """A visitor asks first, with a signed message, a token, an actor and every header that templates could see; the bytes are those of a bare request."""
    with opened(seeded, public=True) as ds:
        cookies = {
            "ds_messages": ds.sign([[MARK, 1]], "messages"), "ds_actor": ds.sign({"a": {"id": MARK}}, "actor"), "ds_csrftoken": MARK, "other": MARK,
        }  # fmt: skip
        headers = (
            (b"cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()), (b"authorization", f"Bearer {MARK}".encode()),
            (b"referer", f"https://{MARK}.example/".encode()), (b"user-agent", MARK.encode()), (b"x-forwarded-for", MARK.encode()),
            (b"x-forwarded-host", f"{MARK}.example".encode()), (b"x-original-url", f"/{MARK}".encode()), (b"accept", MARK.encode()),
        )  # fmt: skip
        first = asked(ds, "GET", path, headers=headers)
        assert first[0] == 200
        assert MARK.encode() not in first[1]
        assert asked(ds, "GET", path)[1] == first[1]
    with opened(seeded, public=True) as ds:
        assert asked(ds, "GET", path)[1] == first[1]


@pytest.mark.fault("rows of tables counted while the machine is busy", of="site")
def test_rows_are_counted_however_long_it_takes(seeded: Path, public: Datasette) -> None:
    """Counting a table takes longer than the 5 ms that Datasette gives it; its rows are counted, since the page is kept for everybody."""
    with closing(sqlite3.connect(seeded)) as conn:
        wanted = {table: conn.execute(f"select count(*) from {table}").fetchone()[0] for table in ("kbs", "kbs_fts", "claims")}
    counts = asyncio.run(public.get_database("hotpatch").table_counts(limit=1e-9))
    assert {table: counts[table] for table in wanted} == wanted


@pytest.mark.fault("a version or family in the place of a build or KB", of="site")
@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/build/24H2", "/lookup?q=24H2"), ("/ja/kb/1809", "/ja/lookup?q=1809"), ("/build/1778", "/lookup?q=1778"),
        ("/build/ws2025", "/product/ws2025"), ("/kb/2026-06", "/calendar/2026-06"),
    ],
)  # fmt: skip
def test_a_name_of_another_kind_leads_to_its_page(path: str, leads_to: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Any name that the lookup reads is asked as a build or KB; it leads to its own page, and nothing is logged."""
    answer = get(public, path)
    assert (answer.status_code, answer.headers.get("location")) == (301, leads_to)
    assert "hotpatch-kb:" not in capsys.readouterr().err


@pytest.mark.fault("an address with the brackets of a host in it", of="site")
@pytest.mark.parametrize("path", ['//["x"]', '/en//["x"]', "/ja//[::1", "//[v1.x]/build/24H2", "///x"])
def test_brackets_in_an_address_are_no_host(path: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """A path begins with two slashes and a bracket; a page that is not there, and nothing is logged."""
    assert asked(public, "GET", path)[0] in {302, 404}
    assert "hotpatch-kb:" not in capsys.readouterr().err


@pytest.mark.fault("an address that leads to another site", of="site")
@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/..", "http://evil.example/", "/\\evil.example/", "///evil.example/"])
def test_no_address_leads_to_another_site(path: str, public: Datasette) -> None:
    """Such a path is asked for; 404, where Datasette would take its last slash away and lead to what is then another host."""
    assert asked(public, "GET", path)[0] == 404


@pytest.mark.fault("a Host that is no host", of="site")
@pytest.mark.parametrize(
    "host", [b"[::1", b'x"><script>', b"a b", b"user@evil.example", b"evil.example/path", b"localhost:99999999", b"a\xff"]
)
def test_a_host_that_is_none_is_refused(host: bytes, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages, feeds and the API are asked for by such a host; a short 400, nothing in the log, and nothing of it is kept."""
    for path in ("/en/", "/feeds/releases.atom", "/robots.txt", "/api/openapi.json", "/hotpatch/releases", "/nothing"):
        status, answer, _ = asked(public, "GET", path, headers=((b"host", host),))
        assert (status, host in answer, len(answer) < 100) == (400, False, True), path
    assert capsys.readouterr().err == ""


@pytest.mark.filterwarnings(
    "ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Datasette's other facets
@pytest.mark.fault("parameters that Datasette does not look at", of="site")
@pytest.mark.parametrize("query", [
    "calendar_history.json?_next=x", "claims.json?_through=x", 'claims.json?_through={"table":"x"}', "claims.json?_next=x", "claims?_next=a,b,c", "claims.json?_size=x",
    "claims.json?_sort=x", "claims.json?_shape=x", "claims.json?_col=x", "kbs.json?_search=%22", "releases.json?_facet_array=x", "releases.json?_facet=x",
])  # fmt: skip
def test_odd_parameters_of_tables_are_no_error_of_ours(query: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """A table is asked with each of them; 200 or 400, without a word in the log."""
    assert asked(public, "GET", f"/hotpatch/{query}")[0] in {200, 400}
    assert capsys.readouterr().err == ""


@pytest.mark.fault("days at the ends of the calendar", of="site")
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1969-12-31", "2101-01-01"])
def test_days_at_the_ends_of_the_calendar(day: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Each address that takes a day is asked for it; 400 in one line."""
    for path in (
        "/product/ws2025?on=",
        "/build/26100.32772?on=",
        "/api/lookup?q=26100.32772&on=",
        "/api/next?on=",
        "/api/verdicts?product=ws2025&on=",
        "/api/changes?since=",
    ):
        assert asked(public, "GET", path + day)[0] == 400, path
    assert capsys.readouterr().err == ""


@pytest.mark.fault("rows of a million columns in every format", of="site")
@pytest.mark.parametrize("body", [
    b"<table><tr><th>host</th><th>build</th></tr><tr>" + b"<td>a" * 900_000 + b"</table>", b"<r><a " + b" ".join(b'a%d="1"' % n for n in range(250_000)) + b"/></r>",
    b"[{" + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}]",
], ids=["html", "xml", "json"])  # fmt: skip
def test_a_row_of_a_million_columns_is_not_read(body: bytes, public: Datasette) -> None:
    """4 MB of one row are posted; a 400 that says how many columns there may be, before the row is read."""
    status, answer, _ = asked(public, "POST", "/api/assess", [body], ((b"content-type", b"text/csv"),))
    assert (status, json.loads(answer)["error"].startswith("expected at most 1,000 columns, got ")) == (400, True)


@pytest.mark.fault("a thousand facets", of="site")
def test_equal_parameters_count_once_and_facets_are_few(public: Datasette) -> None:
    """A table is asked with a thousand facets, equal ones and six different ones; equal ones count once, six are a 400 in one line."""
    many = "&".join(["_facet=product"] * 1000)
    assert get(public, f"/hotpatch/releases.json?{many}&_size=1").status_code == 200
    several = "&".join(f"_facet=c{number}" for number in range(6))
    answer = get(public, f"/hotpatch/releases.json?{several}")
    assert (answer.status_code, json.loads(answer.text)["error"]) == (400, "expected at most 5 facets, got 6")
    assert get(public, "/hotpatch/releases?" + "&".join(f"kb__exact={number}" for number in range(101))).status_code == 400


@pytest.mark.fault("a form of 150 MB, with and without its length", of="site")
@pytest.mark.parametrize("path", ["/fleet", "/api/assess"])
@pytest.mark.parametrize("kind", [b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"text/csv"])
@pytest.mark.parametrize("cookie", [(), ((b"cookie", b"ds_csrftoken=x"),)], ids=["bare", "cookie"])
def test_a_large_body_is_not_read(path: str, kind: bytes, cookie: Any, public: Datasette) -> None:
    """It is posted to the fleet and to the API in three types; 413 at once where its length is stated, else after 5 MB."""
    parts = (b"x" * 1_000_000 for _ in range(150))
    status, _, taken = asked(public, "POST", path, parts, ((b"content-type", kind), *cookie))
    assert (status, taken) == (413, 6)
    status, _, taken = asked(public, "POST", path, parts, ((b"content-type", kind), (b"content-length", b"150000000"), *cookie))
    assert (status, taken) == (413, 0)


@pytest.mark.fault("methods that no page has", of="site")
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "POST", "X"])
def test_odd_methods_are_refused_quietly(method: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind of page is asked with a method that it has not; 405 without a word of it in the log."""
    for path in (
        "/",
        "/hotpatch",
        "/hotpatch/releases",
        "/hotpatch/releases.json",
        "/build/26100.32772",
        "/feeds/releases.atom",
        "/robots.txt",
        "/nothing",
    ):
        status, answer, _ = asked(public, method, path, [b"x"])
        assert (status, MARK in answer.decode()) == (405, False), path
    assert capsys.readouterr().err == ""


@pytest.mark.fault("JSON rows with names of their own", of="site")
def test_a_table_does_not_grow_with_the_square_of_its_rows(public: Datasette) -> None:
    """4,000 objects have a name of their own each; as a table they are refused with a 400, and as JSON the answer is small."""
    body = json.dumps([{"build": "26100.1", f"c{number}": "x"} for number in range(4000)]).encode()
    status, answer, _ = asked(public, "POST", "/api/assess?format=csv", [body], ((b"content-type", b"application/json"),))
    assert (status, json.loads(answer)["error"]) == (400, "expected at most 1,000 columns, got 4,001")
    status, answer, _ = asked(public, "POST", "/api/assess", [body], ((b"content-type", b"application/json"),))
    assert (status, len(json.loads(answer))) == (200, 4000)


@pytest.mark.fault("an answer that is too large or takes too long", of="site")
@pytest.mark.parametrize(("name", "limit", "expected"), [("MAX_ANSWER", 10_000, 413), ("MAX_SECONDS", -1, 503)])
@pytest.mark.parametrize("shape", ["json", "csv"])
def test_answers_are_small_and_quick(
    name: str, limit: int, expected: int, shape: str, public: Datasette, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits are set so low that a small fleet meets them; 413 and 503 in one line that names the command."""
    plugin = next(plugin for plugin in pm.get_plugins() if getattr(plugin, "__file__", "").endswith("fleets.py"))
    monkeypatch.setattr(plugin, name, limit)
    body = b"host,build\n" + b"srv1,26100.32772\n" * 500
    status, answer, _ = asked(public, "POST", f"/api/assess?format={shape}", [body], ((b"content-type", b"text/csv"),))
    assert (status, b"hotpatch-kb assess" in answer) == (expected, True)


@pytest.mark.fault("rows named by fewer or more parts than their key has", of="site")
@pytest.mark.parametrize("is_public", [True, False], ids=["public", "own"])
def test_rows_whose_key_has_other_parts(is_public: bool, seeded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of tables with keys of one to three columns are asked for by one to six texts; 404 without a word in the log."""
    with opened(seeded, public=is_public) as ds:
        for table, keys in {
            "kb_cves": ("1", "~FF", "on.json", "a,b"), "lifecycles": ("1", "1.csv"), "fact_claims": ("1", "~2C", "a,b,c,d,e,f"), "releases": ("a,b", "x.json"),
        }.items():  # fmt: skip
            for key in keys:
                assert (asked(ds, "GET", f"/hotpatch/{table}/{key}")[0], table, key) == (404, table, key)
    assert capsys.readouterr().err == ""


@pytest.mark.fault("files named as folders, and folders of the machine", of="site")
@pytest.mark.parametrize("folder", ["/site/", "/-/static/", "/-/static-plugins/", "/-/static-plugins/datasette_mcp/"])
def test_no_address_of_files_tells_of_the_machine(folder: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Files are asked for as folders, by long names and with ways out; 404 whether or not the machine has such a folder, without a word in the log."""
    for name in ("site.js/x", "style.css/2100-12-31", "app.css/", "x" * 300, "a/" * 300, "..", "../..", "../../../../../../etc", "/etc", "//etc", "/nothing", "./", "..\\..", "C:/Windows", "\u202e"):  # fmt: skip
        assert (asked(public, "GET", folder + name)[0], name) == (404, name)
    assert capsys.readouterr().err == ""


@pytest.mark.fault("a form that is posted to a page without one", of="site")
@pytest.mark.parametrize("path", ["/", "/hotpatch", "/hotpatch/releases", "/hotpatch/releases.json", "/hotpatch/releases.csv?_size=max", "/hotpatch/what_is_this_build", "/hotpatch/kbs/5087423", "/ja/hotpatch/kbs", "/build/26100.32772"])  # fmt: skip
def test_a_site_of_ones_own_takes_no_form_either(path: str, seeded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages of a site that is not published get one, with the cookie and the token that Datasette's forms have; 405 without a word in the log."""
    with opened(seeded, public=False) as ds:
        body, headers = f"csrftoken={MARK}&sql=select".encode(), ((b"content-type", b"application/x-www-form-urlencoded"), (b"cookie", f"ds_csrftoken={MARK}".encode()))  # fmt: skip
        assert asked(ds, "POST", path, [body], headers)[0] == 405
    assert capsys.readouterr().err == ""


@pytest.mark.fault("a large answer asked for in many spellings of its address", of="site")
@pytest.mark.parametrize("path", ["/sitemap.xml?x=1", "/csv/claims.csv?x=1", "/csv/releases.csv?_size=1"])
def test_large_answers_take_no_parameters(path: str, public: Datasette) -> None:
    """The sitemap and tables are asked for with a parameter; 400, so that they are not made again for each."""
    assert asked(public, "GET", path)[0] == 400


@pytest.mark.fault("numbers that no column can have", of="site")
@pytest.mark.parametrize("number", ["9" * 19, "9" * 400, "9" * 5000, "-" + "9" * 40, "1e400", "\u0663" * 30])
def test_numbers_that_no_column_can_have(number: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables, rows and ready-made queries are asked for numbers of up to 5,000 digits; no 500, without a word in the log."""
    for path in ("releases.json?kb__lt=", "releases?kb__gte=", "_sqlite_migrations?final_url__lt=", "kbs.json?kb=", "releases.csv?_size=", "releases.json?_next=", "what_is_this_build.json?build="):  # fmt: skip
        assert asked(public, "GET", f"/hotpatch/{path}{quote(number)}")[0] in {200, 400}, path
    assert asked(public, "GET", f"/hotpatch/kbs/{quote(number)}")[0] in {302, 404}
    assert capsys.readouterr().err == ""


@pytest.mark.fault("parameters that are too deep or too long for SQLite", of="site")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Datasette leaves coroutines of facets behind
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(
    "query",
    [
        f"kb__in={'[' * 5000}",
        f"kb__in={'[1,' * 5000}",
        f"_facet={'x' * 50_000}",
        f"_facet_array={'x' * 50_000}",
        f"kb__contains={'x' * 50_000}&_facet={'y' * 9000}",
    ],
    ids=["lists", "open lists", "a facet", "a facet of lists", "a text"],
)
def test_parameters_that_are_too_deep_or_too_long(query: str, public: Datasette, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables are asked for lists in lists and for columns of 50,000 letters; no 500, without a word in the log."""
    for path in ("releases", "releases.json", "claims", "kb_channels"):
        assert asked(public, "GET", f"/hotpatch/{path}?{query}")[0] in {200, 400, 414}, path
    assert capsys.readouterr().err == ""


@pytest.mark.fault("cookies that cannot be read", of="site")
@pytest.mark.parametrize(
    "cookie", [b"\xff", b"a=\xff", b"a/b=" + MARK.encode(), b"(=x; ds_csrftoken=" + MARK.encode(), b"{x}=1", b"=", b";;", b"a" * 9000]
)
def test_cookies_that_cannot_be_read_are_none(cookie: bytes, seeded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages, tables and the API are asked for with each, a fleet is posted; the answers of a request without, and not a word in the log."""
    with opened(seeded, public=False) as ds:
        for path in ("/", "/hotpatch/products", "/api/products", "/nothing"):
            assert asked(ds, "GET", path, headers=((b"cookie", cookie),))[0] == asked(ds, "GET", path)[0], path
        body, kind = b"fleet=host,build%0Aa,26100.32772", (b"content-type", b"application/x-www-form-urlencoded")
        assert asked(ds, "POST", "/fleet", [body], (kind, (b"cookie", cookie)))[0] == 200
    assert capsys.readouterr().err == ""
