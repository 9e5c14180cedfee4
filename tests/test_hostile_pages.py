"""Answers that are no page, or a page made to harm its reader: every parser of the registry, then whole crawls over the mirror."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from conftest import Command
from helpers import whole
from helpers.dumps import query
from helpers.mirror import Mirror, Reply
from make_pages import pages
from rendered import msrc_cvrf

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.crawl import parsed
from hotpatch_kb.scraper.sources import MAX_BODY, registry

RENDERED = pages()
TYPES = {"md": "text/markdown; charset=utf-8", "html": "text/html; charset=utf-8", "json": "application/json", "xml": "application/xml"}
# One good page of every source in every form that it reads: "support_navigation html".
FORMS = {f"{name.partition('/')[0]} {name.rpartition('.')[2]}": name for name in sorted(RENDERED, reverse=True) if "refused" not in name}
SECONDS = 20  # of a parser, whatever comes; a good page takes 0.1 s at most
DEEP = 100_000

BOT = b"""<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title><meta name="robots" content="noindex"></head>
<body><main><h1>support.microsoft.com</h1><p>Verify you are human by completing the action below.</p><form><input type="checkbox"></form>
<noscript>Enable JavaScript and cookies to continue</noscript></main></body></html>"""
COOKIES = b"""<!DOCTYPE html><html><head><title>Before you continue</title></head><body><main><h1>We value your privacy</h1>
<table><tr><th>Cookie</th><th>Purpose</th></tr><tr><td>MUID</td><td>Advertising</td></tr></table><button>Accept all</button></main></body></html>"""
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b']><feed xmlns="http://www.w3.org/2005/Atom"><title>&a9;</title></feed>'
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed xmlns="http://www.w3.org/2005/Atom"><title>&x;</title></feed>'


@pytest.fixture(scope="module")
def good() -> dict[str, list[Claim]]:
    """What the good pages state."""
    return {form: _read(form, RENDERED[name].bytes()) for form, name in FORMS.items()}


def _read(form: str, body: bytes) -> list[Claim]:
    """What a run takes of a page, its next pages asked for too.

    Raises:
        UnexpectedPage: it is refused.
    """
    source, kind = form.split(" ")
    page = RENDERED[FORMS[form]]
    served = Page(source, page.url, page.asked or page.url, page.url, "2026-07-23T12:00:00Z", 200, body, {"content-type": TYPES[kind]})
    try:
        return parsed._claims(registry()[source], served)
    finally:
        with contextlib.suppress(UnexpectedPage):
            list(registry()[source].follow(served))


def _outcome(form: str, body: bytes, good: dict[str, list[Claim]]) -> str:
    begun = time.monotonic()
    try:
        found = _read(form, body)
    except UnexpectedPage:
        outcome = "refused"
    else:
        outcome = "same" if found == good[form] else "other"
    assert time.monotonic() - begun < SECONDS
    return outcome


@pytest.mark.sampled(30)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BOT, id="bot", marks=pytest.mark.fault("a bot page with status 200")),
        pytest.param(COOKIES, id="cookies", marks=pytest.mark.fault("a cookie wall with status 200")),
        pytest.param(b"", id="empty", marks=pytest.mark.fault("an empty page with status 200")),
        pytest.param(b"\n \t" * 1000, id="blank", marks=pytest.mark.fault("a page of blanks")),
        pytest.param(bytes(range(256)) * 1000, id="bytes", marks=pytest.mark.fault("bytes that are no text")),
        pytest.param(b"\x1f\x8b\x08" + bytes(1000), id="packed", marks=pytest.mark.fault("a packed body that is not declared")),
        pytest.param(b"<div>" * DEEP + b"x", id="html", marks=pytest.mark.fault("HTML nested 100,000 deep")),
        pytest.param(b"[" * DEEP + b"]" * DEEP, id="list", marks=pytest.mark.fault("lists of JSON nested 100,000 deep")),
        pytest.param(b'{"value":' * DEEP + b"1" + b"}" * DEEP, id="object", marks=pytest.mark.fault("objects of JSON nested 100,000 deep")),
        pytest.param(b"<feed>" + b"<a>" * DEEP, id="xml", marks=pytest.mark.fault("XML nested 100,000 deep")),
        pytest.param(LAUGHS, id="laughs", marks=pytest.mark.fault("entities of XML that grow to gigabytes")),
        pytest.param(OUTSIDE, id="outside", marks=pytest.mark.fault("an entity of XML that names a file of this machine")),
        pytest.param(b'{"value": [' + b"9" * 1_000_000 + b"]}", id="number", marks=pytest.mark.fault("a number of a million digits")),
    ],
)
def test_what_is_no_page_is_refused(body: bytes, form: str, good: dict[str, list[Claim]]) -> None:
    """It stands in place of a page of each source; every parser refuses it in one line."""
    assert _outcome(form, body, good) == "refused"


@pytest.mark.sampled(30)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "encoding",
    [
        pytest.param("utf-16", marks=pytest.mark.fault("a page in UTF-16")),
        pytest.param("utf-16-be", marks=pytest.mark.fault("a page in UTF-16 without a mark")),
        pytest.param("utf-16-le", marks=pytest.mark.fault("a page in UTF-16 of the other order")),
        pytest.param("utf-32", marks=pytest.mark.fault("a page in UTF-32")),
    ],
)
def test_another_encoding_is_refused_or_read_rightly(encoding: str, form: str, good: dict[str, list[Claim]]) -> None:
    """A good page of each source in another encoding than stated; it is refused, or gives the same facts."""
    body = RENDERED[FORMS[form]].bytes().decode("utf-8-sig").encode(encoding)
    assert _outcome(form, body, good) in {"refused", "same"}


def _inside(body: bytes, text: bytes) -> bytes:
    """A text near the end of a page, where it is still the page's own."""
    place = max(body.rfind(b"</main>"), body.rfind(b"</article>"), 0) or body.rfind(b"\n\n") or len(body)
    return body[:place] + text + body[place:]


@pytest.mark.sampled(20)
@pytest.mark.parametrize("form", [form for form in FORMS if form.endswith(("html", "md"))])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"<div>" * DEEP + b"x" + b"</div>" * DEEP, id="deep", marks=pytest.mark.fault("a good page with a part nested 100,000 deep")),
        pytest.param(b'<a href="' + b"x" * 8_000_000 + b'">x</a>', id="link", marks=pytest.mark.fault("a link of 8 MB")),
        pytest.param(b"\n" + b"a " * 4_000_000 + b"\n", id="line", marks=pytest.mark.fault("a line of 8 MB")),
        pytest.param(b"<" * 2_000_000, id="angles", marks=pytest.mark.fault("two million opening angles")),
        pytest.param(b"\n" + b"|" * 8_000_000 + b"\n", id="bars", marks=pytest.mark.fault("a table row of eight million cells")),
        pytest.param(b"\n| " + b"[" * 90_000 + b"](x |\n", id="brackets", marks=pytest.mark.fault("a link's pattern tried at 90,000 brackets")),
        pytest.param(b"\n| " + b"[a](" * 20_000 + b" |\n", id="links", marks=pytest.mark.fault("20,000 links that are never closed")),
        pytest.param(b"\n" + b"- * " * 20_000 + b"**x\n", id="stars", marks=pytest.mark.fault("a label's pattern tried at 20,000 list marks")),
        pytest.param(b"<p>" + b"Hotpatch KB" * 200_000 + b"</p>", id="words", marks=pytest.mark.fault("a paragraph of 200,000 KBs without numbers")),
        pytest.param(b"<sup>" * 5000 + b"1" + b"</sup>" * 5000, id="notes", marks=pytest.mark.fault("footnotes within footnotes")),
    ],
)  # fmt: skip
def test_what_is_made_to_cost_time_costs_little(text: bytes, form: str, good: dict[str, list[Claim]]) -> None:
    """It stands inside of a good page; the page is refused or gives the same facts, within seconds."""
    assert _outcome(form, _inside(RENDERED[FORMS[form]].bytes(), text), good) in {"refused", "same"}


@pytest.mark.sampled(3)
@pytest.mark.fault("a body of 64 MB of the same page again and again")
@pytest.mark.parametrize("form", FORMS)
def test_a_page_of_64_megabytes_is_refused(form: str, good: dict[str, list[Claim]]) -> None:
    """The good page is repeated up to the client's limit; refused by its size, or by what follows its end."""
    body = RENDERED[FORMS[form]].bytes()
    assert _outcome(form, body * (4 * MAX_BODY // len(body)), good) == "refused"


@pytest.mark.fault("security data half as large again as any known")
def test_a_month_of_30_megabytes_is_read_or_refused() -> None:
    """A month of MSRC of 30 MB; read within seconds."""
    month = msrc_cvrf.big_month(30)
    begun = time.monotonic()
    served = Page(
        "msrc_cvrf", msrc_cvrf.url("2025-12"), msrc_cvrf.url("2025-12"), msrc_cvrf.url("2025-12"), "2026-07-23T12:00:00Z", 200, month
    )
    begun = time.monotonic()
    assert len(parsed._claims(registry()["msrc_cvrf"], served)) > 1000
    assert time.monotonic() - begun < SECONDS


@pytest.mark.fault("a page with more claims than any has")
def test_a_page_with_too_many_claims_is_refused() -> None:
    """A page states one claim more than the limit; refused, and no more is taken from its parser than that."""
    taken = 0

    def endless(_: Page) -> object:
        nonlocal taken
        while True:
            taken += 1
            yield Claim("s", f"kb/{taken}", "title", "x", "x", taken)

    source = registry()["support_toc"]._replace(parse=endless)  # type: ignore[arg-type]
    with pytest.raises(UnexpectedPage, match=f"expected at most {parsed.MAX_CLAIMS} claims of a page, got more"):
        parsed._claims(source, Page("support_toc", "u", "u", "u", "2026-07-23T12:00:00Z", 200, b"x"))
    assert taken == parsed.MAX_CLAIMS + 1


@pytest.mark.fault("a cell larger than any text of a source")
def test_a_claim_that_is_too_long_is_refused() -> None:
    """A title has a megabyte; the page is refused."""
    source = registry()["support_toc"]._replace(parse=lambda _: iter([Claim("s", "kb/1", "title", "x" * 2**20, "x", 0)]))
    with pytest.raises(UnexpectedPage, match="expected texts of at most 50000 characters, got a longer one of 'kb/1', title"):
        parsed._claims(source, Page("support_toc", "u", "u", "u", "2026-07-23T12:00:00Z", 200, b"x"))


# --- whole crawls -------------------------------------------------------------------------------------------------------

_FACTS = (
    "select subject, month, cadence, classification, baseline_kb from releases order by 1",
    "select subject, planned_type, type, kb, build from hotpatch_calendar order by 1",
    "select kb, product, cve, fixed_build from kb_cves order by 1, 2, 3",
    "select subject, amount, valid_from, valid_to from prices order by 1, 3",
    "select source, section, subject, field, value, gone_at is null from claims order by 1, 2, 3, 4, 5",
)


def _facts(db: Path) -> list[object]:
    return [query(db, sql) for sql in _FACTS]


@pytest.fixture(scope="module")
def read_once(worlds: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has read every source."""
    from hotpatch_kb.scraper.cli.main import main  # noqa: PLC0415

    path = tmp_path_factory.mktemp("read") / "x.db"
    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"])
        assert main(["crawl", "--db", str(path), "--no-seed", "--mirror", mirror.url]) == 0
    return path


@pytest.fixture
def crawled_copy(read_once: Path, tmp_path: Path) -> Path:
    (tmp_path / "x.db").write_bytes(read_once.read_bytes())
    return tmp_path / "x.db"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BOT, id="bot", marks=pytest.mark.fault("bot pages in place of all pages")),
        pytest.param(COOKIES, id="cookies", marks=pytest.mark.fault("cookie walls in place of all pages")),
        pytest.param(b"", id="empty", marks=pytest.mark.fault("empty answers in place of all pages")),
    ],
)
def test_a_site_that_answers_everything_with_it_keeps_every_fact(
    body: bytes, run: Command, worlds: dict[str, Path], crawled_copy: Path
) -> None:
    """Every address answers it with status 200; exit code 3, every source is named, no fact moves."""
    before = _facts(crawled_copy)
    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"])
        mirror.fault = lambda _host, target: None if target == "/robots.txt" else Reply(body, headers={"Content-Type": "text/html"})
        done = run("crawl", "--db", crawled_copy, "--no-seed", "--mirror", mirror.url, "--json")
    assert done.code == 3
    failed = {failure["source"] for failure in done.json()[0]["failures"]}
    assert failed >= {"azure_pricing", "azure_retail_prices", "learn_hotpatch", "learn_release_info", "msrc_cvrf", "support_feeds", "support_navigation"}  # fmt: skip
    assert _facts(crawled_copy) == before


@pytest.mark.parametrize(
    "modified",
    [
        pytest.param("Mon, 01 Jan 0001 00:00:00 +2300", marks=pytest.mark.fault("a Last-Modified before the first day")),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -2300", marks=pytest.mark.fault("a Last-Modified behind the last day")),
        pytest.param("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", marks=pytest.mark.fault("a Last-Modified with a year of 20 digits")),
        pytest.param("no day at all", marks=pytest.mark.fault("a Last-Modified that is no time")),
    ],
)
def test_an_absurd_time_of_change_costs_nothing(modified: str, run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """A good page says so of its age; the page is read, its age is that of the answer."""
    server = registry()["learn_hotpatch"].pages[0]
    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"])
        good = mirror._replies[(server.addresses[0].split("/")[2], "/" + server.addresses[0].split("/", 3)[3])][0]
        mirror.serve(server.addresses[0], good.body, headers={"Last-Modified": modified}, content_type="text/markdown")
        done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, "--source", "learn_hotpatch")
    assert done.code == 0, done.out
    assert query(tmp_path / "x.db", "select count(*) > 10, min(stated_since) <= max(last_seen_at) from claims") == [(1, 1)]


@pytest.mark.fault("a page whose time of change is no UTF-8")
def test_a_broken_stamp_of_a_page_costs_nothing() -> None:
    """Learn's meta element of the last change holds broken bytes; no time is known, nothing fails."""
    page = Page(
        "learn_release_info",
        "u",
        "u",
        "u",
        "2026-07-23T12:00:00Z",
        200,
        b'<meta name="updated_at" content="\xff\xfe">',
        {"content-type": "text/html"},
    )
    assert parsed._own_date(registry()["learn_release_info"], page) is None


@pytest.mark.fault("a parser that fails in naming further pages")
def test_following_may_fail(run: Command, worlds: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming a page's next pages raises what nobody expected; the page is named, exit code 3, the others go on."""

    def broken(_: Page) -> object:
        raise RecursionError("too deep")

    source = registry()["learn_hotpatch"]
    monkeypatch.setitem(registry(), "learn_hotpatch", source._replace(follow=broken))  # type: ignore[arg-type]
    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"])
        done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, "--source", "learn_hotpatch", "--json")
    assert done.code == 3
    assert "expected the pages that this one names, got RecursionError" in done.json()[0]["failures"][0]["note"]
