"""Microsoft Graph's revisions of Windows, beyond its rendered answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from conftest import Command
from helpers.dumps import query
from helpers.fetching import serve_tree
from rendered.graph_updates import BASE, URL, answer, product, revision, some_revisions

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.sources import PageSpec, registry

SOURCE = registry()["graph_updates"]
PRODUCT = "Windows 11, version 24H2"
NEXT = "@odata.nextLink"
TOKEN = "HOTPATCH_KB_GRAPH_TOKEN"


def _page(body: str | bytes, url: str = URL) -> Page:
    content = body.encode() if isinstance(body, str) else body
    return Page("graph_updates", url, url, url, "2026-07-23T12:00:00Z", 200, content, {"content-type": "application/json"})


def _values(body: str | bytes) -> dict[tuple[str, str, str], str | None]:
    return {(claim.section, claim.subject, claim.field): claim.value for claim in SOURCE.parse(_page(body))}


def _of(found: dict[str, Any]) -> dict[str, str | None]:
    """What one revision states, by field, and its subject."""
    claims = list(SOURCE.parse(_page(answer([found]))))
    return {"subject": claims[0].subject, "section": claims[0].section, **{claim.field: claim.value for claim in claims}}


def test_the_source_names_its_credential_and_only_its_name() -> None:
    assert (SOURCE.credential, SOURCE.precedence, SOURCE.due_every) == ("HOTPATCH_KB_GRAPH_TOKEN", 500, "1d")
    assert [spec.addresses for spec in SOURCE.pages] == [(URL,)]


def test_the_constructed_revision_is_read_alone_in_a_list_in_a_product_and_in_a_catalogue_entry(shared: Path) -> None:
    sample = json.loads((shared / "samples" / "constructed" / "graph-productrevision.json").read_text(encoding="utf-8"))
    subject = "revision/win11-24h2/5044384/26100.2161"
    expected = {
        ("Windows 11 24H2", subject, "kb"): "5044384",
        ("Windows 11 24H2", subject, "build"): "26100.2161",
        ("Windows 11 24H2", subject, "release_date"): "2024-10-24",
        ("Windows 11 24H2", subject, "is_hotpatch"): "0",
        ("Windows 11 24H2", subject, "title"): "Windows 11, version 24H2, build 26100.2161",
    }
    assert _values(json.dumps(sample)) == expected
    assert _values(answer([sample])) == expected
    assert _values(answer([product(PRODUCT, [sample])])) == expected
    assert _values(json.dumps(product(PRODUCT, [sample]))) == expected
    assert _values(answer([{"id": "1", "releaseDateTime": "2024-10-24T00:00:00Z", "productRevisions": [sample, sample]}])) == expected
    bare = {name: value for name, value in sample.items() if name != "@odata.type"}
    assert _values(answer([bare])) == expected


@pytest.mark.parametrize(("stated", "value"), [(True, "1"), ("true", "1"), (False, "0"), ("false", "0")])
def test_a_boolean_may_be_text(stated: bool | str, value: str) -> None:
    assert _of({**some_revisions()[0], "isHotpatchUpdate": stated})["is_hotpatch"] == value


def test_what_is_not_stated_is_no_claim() -> None:
    first = some_revisions()[0]
    for field in ("isHotpatchUpdate", "displayName", "knowledgeBaseArticle"):
        without = {name: value for name, value in first.items() if name != field}
        assert _of(without) == _of({**first, field: None})
    assert "is_hotpatch" not in _of({**first, "isHotpatchUpdate": None})
    assert "title" not in _of({**first, "displayName": None})
    found = _of({**first, "knowledgeBaseArticle": None})
    assert (found["subject"], "kb" in found) == ("revision/win11-24h2/-/26100.8390", False)
    assert _of({**first, "knowledgeBaseArticle": {"id": "", "url": None}}) == found


@pytest.mark.parametrize("stated", ["True", "FALSE", "yes", "", 0, 1, 1.0, [], {}, [True]])
def test_any_other_answer_is_refused(stated: Any) -> None:
    with pytest.raises(UnexpectedPage, match=r"expected true or false as isHotpatchUpdate of 10\.0\.26100\.8390, got "):
        _of({**some_revisions()[0], "isHotpatchUpdate": stated})


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("Windows 11", "24H2", ("win11-24h2", "Windows 11 24H2")),
        ("Windows 11", "Win 11 24H2", ("win11-24h2", "Windows 11 24H2")),  # so documented in November 2024
        ("Windows 11", "27h2", ("win11-27h2", "Windows 11 27H2")),
        ("Windows 10", "22H2", ("win10-22h2", "Windows 10 22H2")),
        ("Windows 10", "1607", ("win10-1607", "Windows 10 1607")),
        ("Windows Server", "2025", ("ws2025", "Windows Server 2025")),
    ],
)
def test_products_are_named_as_elsewhere(name: str, version: str, expected: tuple[str, str]) -> None:
    found = _of(revision(name, version, "26100.8390", "2026-05-12", "KB5089466"))
    assert (found["subject"], found["section"]) == (f"revision/{expected[0]}/5089466/26100.8390", expected[1])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "26100.8390"}, {"id": None}, {"id": 10}, {"osBuild": None}, {"osBuild": {}}, {"osBuild": "10.0.26100.8390"},
        {"osBuild": {"majorVersion": 10, "minorVersion": 0, "buildNumber": 26100, "updateBuildRevision": 8391}},
        {"osBuild": {"majorVersion": 10, "minorVersion": False, "buildNumber": 26100, "updateBuildRevision": 8390}},
        {"osBuild": {"majorVersion": 10, "minorVersion": 0, "buildNumber": 26100}},
        {"releaseDateTime": None}, {"releaseDateTime": "2026-05-12"}, {"releaseDateTime": "2026-02-30T00:00:00Z"},
        {"product": ""}, {"version": 24}, {"version": "24H2 and 25H2"}, {"displayName": ["Windows"]},
        {"knowledgeBaseArticle": "KB5089466"}, {"knowledgeBaseArticle": {"Id": "KB5089466"}}, {"knowledgeBaseArticle": {"id": 5089466}},
        {"knowledgeBaseArticle": {"id": "KB5089466 and KB5089549"}},
    ],
)  # fmt: skip
def test_a_revision_that_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedPage, match=r"^expected .+, got "):
        _of({**some_revisions()[0], **change})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[]", "expected an object with a value, got"),
        ("{}", "expected a productRevision, or an object with revisions or productRevisions, got"),
        ('{"value": {}}', "expected a list of objects as value, got {}"),
        ('{"value": [1]}', r"expected a list of objects as value, got \[1\]"),
        ('{"value": [{"revisions": null}]}', "expected a list as revisions, got None"),
        ('{"value": [{"revisions": [null]}]}', "expected a productRevision, or an object with revisions or productRevisions, got None"),
        ('{"error": "denied"}', "got the error 'denied'"),
        ('{"error": {"code": "InvalidAuthenticationToken", "message": "x"}, "value": []}', "got the error 'InvalidAuthenticationToken'"),
        ('{"value": ' + "[" * 100_000, "expected JSON, got"),
        ('{"value": ' + "1" * 10_000 + "}", "expected JSON, got"),
        (b"\xff\xfe{", "expected JSON, got"),
    ],
)
def test_an_answer_that_is_no_list_of_revisions_is_refused(body: str | bytes, message: str) -> None:
    with pytest.raises(UnexpectedPage, match=message):
        _values(body)


def test_further_pages_are_those_that_the_answer_names() -> None:
    link, revisions = f"{URL}&$skiptoken=a1%2B", f"{BASE}products('1')/revisions?$skip=100"
    more = product(PRODUCT, some_revisions(), **{f"revisions{NEXT}": revisions})
    assert list(SOURCE.follow(_page(answer([more])))) == [PageSpec(revisions, (revisions,))]
    both = _page(answer([more, more], **{NEXT: link}))
    assert list(SOURCE.follow(both)) == [PageSpec(link, (link,)), PageSpec(revisions, (revisions,))]
    assert list(SOURCE.parse(both)) == list(SOURCE.parse(_page(answer([more]))))
    assert list(SOURCE.follow(_page(answer([product(PRODUCT, some_revisions())], **{NEXT: None})))) == []
    assert [spec.page_url for spec in SOURCE.follow(_page(answer([], **{NEXT: f"{URL}&$skip=2"}), f"{URL}&$skip=1"))] == [f"{URL}&$skip=2"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/beta/admin/windows/updates/products",
        "https://graph.microsoft.com.evil.example/beta/admin/windows/updates/products",
        "https://graph.microsoft.com@evil.example/beta/admin/windows/updates/products",
        "https://user@graph.microsoft.com/beta/admin/windows/updates/products",
        "https://graph.microsoft.com:8443/beta/admin/windows/updates/products",
        "http://graph.microsoft.com/beta/admin/windows/updates/products",
        "//graph.microsoft.com/beta/admin/windows/updates/products",
        "/beta/admin/windows/updates/products?$skip=1",
        "https://graph.microsoft.com/beta/me/messages",
        "https://graph.microsoft.com/v1.0/admin/windows/updates/products",
        "https://graph.microsoft.com/beta/admin/windows/updates",
        f"{BASE}../../../me",
        f"{BASE}products/../../../users",
        f"{BASE}..",
        f"{BASE}./products",
        f"{BASE}%2e%2e/%2e%2e/me",
        f"{BASE}..\\..\\me",
        f"{BASE}products?$skip=1#fragment",
        f"{BASE}products?$skip= 1",
        f"{BASE}products\n?$skip=1",
        f"{BASE}products?$skip=1\n",
        f" {BASE}products",
        "",
        7,
        [URL],
    ],
)
@pytest.mark.fault("a next page that would be sent the token")
def test_no_other_address_is_followed(link: Any) -> None:
    """The next page is one of 25 hostile addresses; refused, the token is sent to none.

    The token is sent to the address that is followed.
    """
    for body in (
        answer([product(PRODUCT, some_revisions())], **{NEXT: link}),
        answer([product(PRODUCT, some_revisions(), **{f"revisions{NEXT}": link})]),
    ):
        with pytest.raises(
            UnexpectedPage, match=r"expected a next page below https://graph\.microsoft\.com/beta/admin/windows/updates/, got"
        ):
            list(SOURCE.follow(_page(body)))


@pytest.mark.parametrize("link", [URL, URL.replace("$", "%24")])
@pytest.mark.fault("an answer that names itself as the next")
def test_a_page_does_not_follow_itself(link: str) -> None:
    """The next page is the same page; refused."""
    with pytest.raises(UnexpectedPage, match=r"expected another page after .*, got the same"):
        list(SOURCE.follow(_page(answer([product(PRODUCT, some_revisions())], **{NEXT: link}))))
    asked = Page(
        "graph_updates",
        "a",
        f"{URL}&$skip=1",
        f"{URL}&$skip=2",
        "2026-07-23T12:00:00Z",
        200,
        answer([], **{NEXT: f"{URL}&$skip=1"}).encode(),
    )
    with pytest.raises(UnexpectedPage, match=r"expected another page after .*, got the same"):
        list(SOURCE.follow(asked))


def test_an_error_names_no_further_page() -> None:
    with pytest.raises(UnexpectedPage, match="got the error 'TooManyRequests'"):
        list(SOURCE.follow(_page('{"error": {"code": "TooManyRequests"}}')))


# --- crawls: the token, and how far next pages are followed -----------------------------------------------------------


@pytest.mark.fault("a token beside hosts that must not have it", of="network")
def test_graph_is_asked_with_a_token_that_is_never_kept(
    run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is set for one source; one host is sent it, no file and no line holds it."""
    monkeypatch.setenv(TOKEN, "secret-of-a-tenant")
    products = web.get(URL, name="products").respond(content=answer([product(PRODUCT, some_revisions())]), content_type="application/json")
    serve_tree(web, worlds["new"])
    done = run("crawl", "--db", "x.db", "--no-seed", "--source", "graph_updates", "--source", "support_navigation")
    assert {request.url.host for request, _ in web.calls if "authorization" in request.headers} == {"graph.microsoft.com"}
    assert {request.headers["authorization"] for request, _ in products.calls} == {"Bearer secret-of-a-tenant"}
    assert {request.url.host for request, _ in web.calls} == {"graph.microsoft.com", "support.microsoft.com"}
    assert dict(query(tmp_path / "x.db", "select source, state from sources where source = 'graph_updates'")) == {"graph_updates": "ok"}
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and b"secret-of-a-tenant" in file.read_bytes()]
    assert (kept, "secret-of-a-tenant" in done.out + done.err) == ([], False)


@pytest.mark.fault("answers that name a next page for ever")
def test_a_source_may_name_so_many_pages(run: Command, tmp_path: Path, web: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer links to another one; the run stops at its limit, exit code 3, what was read is loaded."""
    monkeypatch.setenv(TOKEN, "a-token")
    monkeypatch.setattr("hotpatch_kb.scraper.crawl.reading.network.MAX_PAGES", 5)

    def endless(_: httpx.Request) -> httpx.Response:
        link = f"{URL}&$skip={pages.call_count + 1}"
        return httpx.Response(200, json=json.loads(answer([product("Windows 11", some_revisions())], **{NEXT: link})))

    pages = web.get(url__startswith=BASE, name="pages")
    pages.side_effect = endless
    done = run("crawl", "--db", "x.db", "--no-seed", "--source", "graph_updates", "--json")
    assert (done.code, pages.call_count) == (3, 6)
    assert "expected at most 5 pages of a source in a run" in done.json()[0]["failures"][0]["note"]
    assert query(tmp_path / "x.db", "select count(*) > 0 from claims where source = 'graph_updates'") == [(1,)]
