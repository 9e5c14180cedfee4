"""HTML as parsers get it: in UTF-8, without comments, within limits, and read once per page."""

from __future__ import annotations

import pytest
from bs4 import SoupStrainer

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing.markup import classes, elements, html_events, one_main, page_title, soup, text, texts_outside
from hotpatch_kb.scraper.parsing.once import once_per_page

URL = "https://learn.microsoft.com/en-us/x"


def page(body: str | bytes) -> Page:
    return Page("x", URL, URL, URL, "2026-07-23T12:00:00Z", 200, body if isinstance(body, bytes) else body.encode())


def test_text_is_as_published_without_comments_scripts_and_numbers_of_footnotes() -> None:
    document = soup(page("<p>24H2<sup>1</sup> <b>May</b><!-- KB1 --> 12,&nbsp;2026<script>KB2</script>\n*<sup> * </sup></p>"))
    assert text(next(elements(document, "p"))) == "24H2 May 12, 2026 * *"


def test_a_page_is_utf_8_whatever_it_says() -> None:
    document = soup(page('<meta charset="windows-1252"><p>May 12, 2026—KB5087539</p>'))
    assert document.get_text() == "May 12, 2026—KB5087539"


def test_a_strainer_builds_only_what_it_lets_through() -> None:
    document = soup(page("<title>t</title><div><p>x</p></div><main><p class='a b'>y</p></main>"), SoupStrainer(["main", "title"]))
    assert [tag.name for tag in elements(document)] == ["title", "main", "p"]
    assert classes(next(elements(document, "p"))) == ["a", "b"]
    assert classes(next(elements(document, "title"))) == []


def test_elements_are_left_out_with_what_is_in_them() -> None:
    document = soup(page("<div>a<header><p>x<header>y</header></p>z</header>b<p>c</p></div><footer><main>d"), without={"header", "footer"})
    assert [tag.name for tag in elements(document)] == ["html", "body", "div", "p"]
    assert list(texts_outside(document, [])) == ["a", "b", "c"]
    with pytest.raises(UnexpectedPage, match="250 deep"):
        soup(page("<header>" + "<div>" * 251), without={"header"})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<div>" * 251 + "x", id="deep"),
        pytest.param("<div>" * 249 + "<main><p>x" + "</div>" * 249, id="deep in main"),
        pytest.param("<i>x</i>" * 50_001, id="many"),
        pytest.param("<p>x" * 50_001, id="never closed"),
    ],
)
def test_a_page_that_nobody_reads_is_refused(body: str) -> None:
    with pytest.raises(UnexpectedPage, match=f"expected a page of at most 50000 elements, 250 deep, got more from {URL}"):
        soup(page(body))
    with pytest.raises(UnexpectedPage, match="250 deep"):
        soup(page(body), SoupStrainer("table"))


@pytest.mark.parametrize(
    "body", [b"https://support.microsoft.com/", b"index.html", b"x", b"\xff\xfe<", b"<!---->", b'<?xml version="1.0"?><a/>']
)
def test_what_is_hardly_html_is_an_empty_page_without_a_warning(body: bytes) -> None:
    assert page_title(soup(page(body))) == "a page without a title"


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_page_is_refused(body: bytes) -> None:
    with pytest.raises(UnexpectedPage, match=f"expected a page, got {len(body)} bytes from {URL}"):
        soup(page(body))


def test_a_main_is_one() -> None:
    with pytest.raises(UnexpectedPage, match="expected one <main>, got 2 on 'Heading'"):
        one_main(soup(page("<h1>Other</h1><main><h1>Heading</h1></main><main></main>")))


def test_events_are_in_the_order_of_the_page() -> None:
    rows = "<tr><th>KB</th></tr><tr><td><strong>x</strong> <a href='/a'>KB1</a><a href='/b'></a></td></tr>"
    main = one_main(soup(page(f"<main><h2>A</h2><p>text</p><strong>label</strong><table>{rows}</table><h3>B</h3></main>")))
    events = [(event.kind, event.text, event.rows) for event in html_events(main)]
    assert events == [
        ("heading", "A", []),
        ("text", "text", []),
        ("label", "label", []),
        ("table", "", [[("KB", "")], [("x KB1", "/a")]]),
        ("heading", "B", []),
    ]


def test_texts_outside_leave_out_what_was_read_and_scripts() -> None:
    document = soup(page("<!DOCTYPE html><div>a<p>b<b>c</b></p>d<script>e</script><style>f</style>g</div>"))
    assert list(texts_outside(document, elements(document, "p"))) == ["a", "d", "g"]


def test_a_page_is_read_once_until_another_is_read() -> None:
    read = []

    @once_per_page
    def first(given: Page) -> str:
        read.append(given.body)
        return given.body.decode()

    @once_per_page
    def second(given: Page) -> str:
        return f"second {first(given)}"

    one, same = page("1"), page("1")
    assert (first(one), first(one), len(read)) == ("1", "1", 1)
    assert (first(same), len(read)) == ("1", 2)  # another page, though equal
    assert (second(one), second(one), len(read)) == ("second 1", "second 1", 3)


def test_what_cannot_be_read_is_not_kept() -> None:
    read = []

    @once_per_page
    def refusing(given: Page) -> None:
        read.append(given)
        raise UnexpectedPage("expected x, got y")

    one = page("1")
    for _ in range(2):
        with pytest.raises(UnexpectedPage):
            refusing(one)
    assert len(read) == 2
