"""The site in a real browser: Debian's Chromium (``apt-get install chromium fonts-noto-cjk``), driven by Playwright.

Pictures of the run lie in the folder that HOTPATCH_KB_SCREENSHOTS names, where it names one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from helpers.gallery import OWN, PAGES, WIDTHS, opened
from helpers.looking import BROKEN_DATES, GLUED, IN_A_BROWSER, SPLIT_WORDS, axe_core, fits, looking, overflows
from helpers.serving import served_as_of_day

KINDS = [*PAGES.values()]

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def own_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site of one's own, which answers SQL."""
    with served_as_of_day(tmp_path_factory.mktemp("own")) as url:
        yield url


@pytest.fixture(scope="module")
def stale_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site whose data ends four months before: nobody read whether a baseline came."""
    with served_as_of_day(tmp_path_factory.mktemp("stale"), "--public", day="2026-11-27") as url:
        yield url


def test_lookup_by_typing(chromium: Any, address: str) -> None:
    with looking(chromium, address) as page:
        page.goto(address)
        page.get_by_label("A build, version, KB or CVE").fill(" 10.0.26100.32772")
        page.keyboard.press("Enter")
        page.wait_for_url("**/build/26100.32772")
        assert page.locator("h1").inner_text() == "OS build 26100.32772"
        assert page.locator(".verdict strong").first.inner_text() == "Not patched: a restart is due"
        page.get_by_role("link", name="KB5099536").first.click()
        page.wait_for_url("**/kb/5099536")
        assert "Patched" in page.locator(".verdict strong").all_inner_texts()


def test_an_ambiguous_build_explains_itself(chromium: Any, address: str) -> None:
    with looking(chromium, address) as page:
        page.goto(f"{address}build/26100.6905")
        assert "this build alone does not say which update is installed" in page.locator(".note").first.inner_text()
        for summary in page.locator("main summary").all():
            summary.click()
        assert page.get_by_role("link", name="Microsoft Learn: release information").first.is_visible()


@pytest.mark.parametrize("width", [360, *WIDTHS])  # 360 is that of the narrowest phones in use
@pytest.mark.parametrize("kind", KINDS)
def test_every_page_fits(kind: str, width: int, chromium: Any, address: str) -> None:
    """Nothing is wider than the screen, no text is below 14 pixels, and on a phone nothing to tap is below 44."""
    is_phone = width < 500
    with looking(
        chromium, address, viewport={"width": width, "height": WIDTHS.get(width, 740)}, is_mobile=is_phone, has_touch=is_phone
    ) as page:
        for language in ("en/", "ja/"):
            opened(page, address + language + kind)
            fits(page, is_phone=is_phone)
            if is_phone:
                page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
                fits(page, is_phone=True)


def test_between_a_phone_and_a_desk_no_page_scrolls_sideways(chromium: Any, address: str) -> None:
    """Tables are tables there, with less room than on a desk."""
    with looking(chromium, address, viewport={"width": 800, "height": 900}) as page:
        for kind in KINDS:
            if not kind.startswith("hotpatch"):
                for language in ("en/", "ja/"):
                    opened(page, address + language + kind)
                    page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
                    fits(page, is_phone=False)


@pytest.mark.parametrize("width", [360, *WIDTHS])
def test_no_line_breaks_inside_of_a_date(width: int, chromium: Any, address: str) -> None:
    """Of Datasette's tables and of commands alone, whose cells are what was typed."""
    is_phone = width < 500
    with looking(chromium, address, viewport={"width": width, "height": 844}, is_mobile=is_phone, has_touch=is_phone) as page:
        for kind in KINDS:
            if not kind.startswith("hotpatch"):
                for language in ("en/", "ja/"):
                    opened(page, address + language + kind)
                    page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
                    assert page.evaluate(BROKEN_DATES) == [], language + kind


@pytest.mark.parametrize("width", [360, *WIDTHS])
@pytest.mark.parametrize("name", ["home", "ambiguous", "number", "product", "standard", "eligible", "cost", "prices"])
def test_no_line_breaks_inside_of_a_word_of_katakana(name: str, width: int, chromium: Any, address: str) -> None:
    """Case of "プログラ" and "ム)" in the names of facts."""
    is_phone = width < 500
    with looking(chromium, address, viewport={"width": width, "height": 844}, is_mobile=is_phone, has_touch=is_phone) as page:
        opened(page, f"{address}ja/{PAGES[name]}")
        assert page.evaluate(SPLIT_WORDS) == []
        page.evaluate("document.body.style.width = '4rem'")  # what the test looks for is found where it is
        assert page.evaluate(SPLIT_WORDS) != []


@pytest.mark.parametrize("width", [360, *WIDTHS])
@pytest.mark.parametrize("kind", ["prices", "cost?cores=400&from=2025-07&to=2026-04"])
def test_a_chart_of_prices_fills_its_box(kind: str, width: int, chromium: Any, address: str) -> None:
    """Its amounts and its whole period are in view, the labels of its days do not touch, and a key says what the band is."""
    with looking(chromium, address, viewport={"width": width, "height": 844}, is_mobile=width < 500) as page:
        page.goto(f"{address}en/{kind}")
        box = page.locator(".timeline").first.bounding_box()
        plot = page.locator("svg.plot").first.bounding_box()
        assert box["x"] <= page.locator("svg.amounts text").first.bounding_box()["x"]
        assert box["x"] + 64 <= plot["x"]
        assert 12 <= box["x"] + box["width"] - plot["x"] - plot["width"] <= 40
        assert page.evaluate("(([box]) => box.scrollWidth - box.clientWidth)(document.querySelectorAll('.timeline'))") == 0
        labels = [label.bounding_box() for label in page.locator("svg.plot").first.locator("text:visible").all()]
        assert len(labels) >= 2
        for one, other in pairwise(sorted(labels, key=lambda label: label["x"])):
            assert one["x"] + one["width"] < other["x"]
        assert labels[-1]["x"] + labels[-1]["width"] <= width
        assert "sources disagree" in page.locator(".legend").first.inner_text()


@pytest.mark.parametrize(
    "kind", ["kb/5087423", "build/26100.6905", "prices", "cost?cores=400&from=2025-07&to=2026-04", "subscribe", "sources"]
)
def test_a_phone_names_each_cell_of_a_card(kind: str, chromium: Any, address: str) -> None:
    """Nothing of a table is cut off at the right, and what a card has says what it is."""
    with looking(chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
        page.goto(f"{address}en/{kind}")
        page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
        assert page.locator("table.fit:not(.flow) td").count() > 5
        wide = "[...document.querySelectorAll('.scroll:has(table)')].filter((box) => box.scrollWidth > box.clientWidth + 1).length"
        assert page.evaluate(wide) == 0
        nameless = "table.fit:not(.flow) td:not([data-of]):not(:has(.status))"
        assert [cell for cell in page.locator(nameless).all_inner_texts() if cell.strip()] == []


def test_the_verdict_and_the_box_have_their_size(chromium: Any, address: str) -> None:
    """The verdict is as large as a heading; the box is that of the home page, in the type of builds."""
    with looking(chromium, address) as page:
        for kind in ("build/26100.32772", "build/26100.6905"):
            page.goto(f"{address}en/{kind}")
            assert page.locator(".verdict strong").first.evaluate("(text) => getComputedStyle(text).fontSize") == "24px"
            assert page.locator("form.ask input").bounding_box()["height"] == pytest.approx(52, abs=0.5)
            assert page.locator("form.ask button").bounding_box()["height"] == pytest.approx(52, abs=0.5)
            assert "monospace" in page.locator("form.ask input").evaluate("(box) => getComputedStyle(box).fontFamily")
        ambiguous = page.locator(".verdict strong").first
        assert ambiguous.inner_text() == "Not patched, whichever it is."
        assert ambiguous.evaluate("(text) => getComputedStyle(text, '::before').content") == '"\u25a0"'  # it restarts in any case


def test_the_chips_of_a_fleet_are_tapped_on_44_pixels(chromium: Any, address: str) -> None:
    with looking(chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
        opened(page, f"{address}en/fleet#judged")
        chip = page.locator(".counts a").first
        assert chip.bounding_box()["height"] < 32
        assert chip.evaluate("(chip) => parseFloat(getComputedStyle(chip, '::after').height)") == pytest.approx(44, abs=0.5)


def test_a_chain_has_no_loose_ends(chromium: Any, address: str) -> None:
    """On a phone each release is below the one before it; on a desk all are in one row, which scrolls by itself where it is too long."""
    with looking(chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
        page.goto(f"{address}en/build/26100.6905")
        links = [link.bounding_box() for link in page.locator("ol.chain").first.locator(".link").all()]
        assert len(links) == 5
        assert len({link["x"] for link in links}) == 1
        assert all(one["y"] + one["height"] < other["y"] for one, other in pairwise(links))
    with looking(chromium, address, viewport={"width": 1400, "height": 844}) as page:
        page.goto(f"{address}en/build/26100.6905")
        row = page.locator(".scroll:has(> ol.chain)").first
        links = [link.bounding_box() for link in row.locator(".link").all()]
        assert [round(link["y"] + link["height"] / 2) for link in links] == [round(links[0]["y"] + links[0]["height"] / 2)] * 5
        assert links[-1]["x"] + links[-1]["width"] <= row.bounding_box()["x"] + row.bounding_box()["width"]
        page.set_viewport_size({"width": 800, "height": 844})
        assert row.evaluate("(row) => row.scrollWidth > row.clientWidth")
        assert not overflows(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_is_glued_to_what_is_above_it(width: int, chromium: Any, address: str) -> None:
    with looking(chromium, address, viewport={"width": width, "height": 844}) as page:
        for kind in ("", "calendar/2026", "cve/CVE-2026-25172", "cost", "prices", "subscribe", "eligible"):
            page.goto(f"{address}en/{kind}")
            assert page.evaluate(GLUED) == [], kind


# What of a card's first column lies over its second one, lines of it that are glued together, and labels of months that touch.
CROWDED = """() => [...document.querySelectorAll('.answer')].flatMap((card) => {
    const box = (part) => part.getBoundingClientRect(), bad = [], beside = card.querySelector('.newest');
    for (const part of card.querySelectorAll('.when time, .when small, .when .us, .status')) {
        const one = box(part), other = box(beside);
        if (one.right > other.left && one.left < other.right && one.bottom > other.top && one.top < other.bottom) { bad.push(part.textContent); }
    }
    const lines = [...card.querySelectorAll(':scope > div:not(.head) > p')];
    lines.slice(1).forEach((line, place) => {
        const gap = box(line).top - box(lines[place]).bottom;
        if (!lines[place].matches('.flag') && (gap < 7.5 || gap > 24)) { bad.push(`${gap} above ${line.textContent}`); }
    });
    const labels = [...card.querySelectorAll('.run li > span[aria-hidden]')].map((label) => {
        const text = document.createRange(); text.selectNodeContents(label); return text.getBoundingClientRect();
    });
    labels.slice(1).forEach((label, place) => { if (label.left - labels[place].right < 3) { bad.push(`month ${place + 2}`); } });
    return bad;
})"""


@pytest.mark.parametrize("width", [360, 390, 800, 1120, 1400])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_restart_that_nobody_read_has_room(language: str, width: int, chromium: Any, stale_address: str) -> None:
    """Its day, and the next one below it, do not lie over what is beside them; no line is glued to the one above."""
    with looking(chromium, stale_address, viewport={"width": width, "height": 1000}) as page:
        page.goto(f"{stale_address}{language}/")
        assert page.locator(".answer .when").count() == 8
        assert page.locator(".answer .run li").count() == 48
        assert page.evaluate(CROWDED) == []
        page.goto(f"{stale_address}{language}/product/ws2025")
        assert page.locator(".answer .when").count() == 2
        assert page.evaluate(CROWDED) == []
        if width == 1400 and language == "en":
            # One line each: "Tue 13 Oct 2026 6 weeks ago", "then Tue 12 Jan 2027".
            first = page.locator(".when").first.bounding_box()
            assert first is not None
            assert first["height"] < 60


def test_the_field_of_a_fleet_has_room(chromium: Any, address: str) -> None:
    with looking(chromium, address, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{address}fleet")
        box = page.locator("#fleet").bounding_box()
        assert box is not None
        assert box["height"] >= 190


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_of_sql_has_our_colours(scheme: Any, width: int, chromium: Any, own_address: str) -> None:
    with looking(chromium, own_address, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        page.goto(f"{own_address}ja/{OWN['editor']}")
        page.wait_for_selector(".CodeMirror")
        assert not overflows(page)
        ground = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--surface').trim()")
        painted = page.evaluate("getComputedStyle(document.querySelector('.CodeMirror')).backgroundColor")
        assert painted == f"rgb({', '.join(str(int(ground[place : place + 2], 16)) for place in (1, 3, 5))})"
        page.locator(".CodeMirror textarea").press_sequentially(" ")
        page.get_by_role("button", name="SQL を整形").click()
        page.locator(".CodeMirror").click()
        with page.expect_navigation():
            page.keyboard.press("Shift+Enter")
        assert "/ja/hotpatch?sql=" in page.url
        assert page.locator("table.data tbody tr").count() > 20


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_phone_shows_the_box_and_the_first_answer_without_scrolling(language: str, chromium: Any, address: str) -> None:
    with looking(chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
        page.goto(f"{address}{language}/")
        for part in ("form.ask button", ".answer h3", ".answer .when", ".answer .when + p"):
            box = page.locator(part).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 844, part


def test_a_phone_shows_the_names_of_columns_whole(chromium: Any, address: str) -> None:
    """A table becomes cards there; each cell begins with its column's name, which starts inside of the card."""
    with looking(chromium, address, viewport={"width": 390, "height": 844}) as page:
        page.goto(address + "hotpatch/releases")
        page.locator("table.data summary").first.click()
        starts = page.evaluate(
            """[...document.querySelectorAll('table.data tbody tr:first-child td:not(:empty, .fold)')].map(cell => {
                const name = getComputedStyle(cell, '::before'), own = getComputedStyle(cell)
                return [name.content, parseFloat(own.paddingLeft) + parseFloat(name.marginLeft)]
            })"""
        )
        assert len(starts) > 8
        assert [start for start in starts if start[0] in {"none", '""'} or start[1] < 0] == []


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_shows_a_year_whole(width: int, chromium: Any, address: str) -> None:
    """All twelve months of each product are side by side below its name, and nothing scrolls sideways."""
    with looking(chromium, address, viewport={"width": width, "height": 844}, is_mobile=True, has_touch=True) as page:
        for language in ("en/", "ja/"):
            page.goto(f"{address}{language}calendar/2026")
            table, row = page.locator("table.year"), page.locator("table.year tbody tr").first
            assert page.evaluate("(([box]) => box.scrollWidth - box.clientWidth)(document.querySelectorAll('.scroll'))") == 0
            months = [cell.bounding_box() for cell in row.locator("td").all()]
            assert len(months) == 12
            assert len({month["y"] for month in months}) == 1
            assert months[0]["x"] >= table.bounding_box()["x"]
            assert months[-1]["x"] + months[-1]["width"] <= width
            name = row.locator("th").bounding_box()
            assert name["y"] + name["height"] <= months[0]["y"]
            heads = [head.bounding_box()["x"] for head in table.locator("thead th:visible").all()]
            assert heads == pytest.approx([month["x"] for month in months], abs=1)


@pytest.mark.parametrize("height", [700, 900, 1100])
def test_a_short_page_ends_where_the_window_does(height: int, chromium: Any, address: str) -> None:
    with looking(chromium, address, viewport={"width": 1400, "height": height}) as page:
        page.goto(f"{address}nope")
        foot = page.locator("footer.ft").bounding_box()
        assert foot["y"] + foot["height"] == pytest.approx(height, abs=0.5)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_begins_with_its_rows(width: int, chromium: Any, address: str) -> None:
    """The first row is above the fold; on a desk the filters are there, and kind, day, build, product and KB are in view."""
    with looking(chromium, address, viewport={"width": width, "height": WIDTHS[width]}, is_mobile=width < 500) as page:
        page.goto(f"{address}hotpatch/releases?_sort_desc=release_date")
        row = page.locator("table.data tbody tr").first
        assert row.locator("th").bounding_box()["y"] < WIDTHS[width] - 44
        filters = page.locator(".on-desk .tools summary").first
        assert filters.is_visible() == (width > 500)
        for column in ("classification", "release_date", "build", "product", *(["kb"] if width > 500 else [])):
            box = row.locator(f".col-{column}").bounding_box()
            assert box["x"] + box["width"] <= width, column
        if width < 500:
            page.locator(".on-desk > summary").click()
            assert filters.is_visible()


def test_dark_and_light(chromium: Any, address: str) -> None:
    found = {}
    for scheme in ("light", "dark"):
        with looking(chromium, address, color_scheme=scheme) as page:
            page.goto(f"{address}product/ws2025")
            found[scheme] = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
            page.goto(f"{address}hotpatch/hotpatch_calendar")  # Datasette's own
            assert (
                page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]") == found[scheme]
            )
    assert found["light"] != found["dark"]


def test_the_keyboard_alone_leads_to_an_answer(chromium: Any, address: str) -> None:
    with looking(chromium, address) as page:
        page.goto(address)
        assert page.evaluate("document.activeElement.id") == "q"  # the box of the home page has the focus
        page.goto(f"{address}nope")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        assert page.locator(".skip").bounding_box()["x"] >= 0  # it shows where it has the focus
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "q"
        page.keyboard.type("KB5087423")
        page.keyboard.press("Enter")
        page.wait_for_url("**/kb/5087423")
        seen = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.getAttribute('href') || '')"))
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none" or page.evaluate("document.activeElement === document.body")
        assert {"A /build/26100.32772", "A /product/ws2025"} <= seen


def test_japanese_by_the_browser_and_by_the_switch(chromium: Any, address: str) -> None:
    with looking(chromium, address, locale="ja-JP") as page:
        page.goto(f"{address}build/26100.33158")
        assert page.locator("html").get_attribute("lang") == "ja"
        assert page.locator(".verdict strong").first.inner_text() == "最新です"
        page.get_by_role("link", name="English").click()
        page.wait_for_url("**/build/26100.33158")
        assert page.locator("html").get_attribute("lang") == "en"
        page.goto(f"{address}calendar/2026")
        assert page.locator("h1").inner_text() == "2026\u00a0年のカレンダー"  # an address without a language is in that of the browser
        page.get_by_role("link", name="English").click()
        page.wait_for_url("**/en/calendar/2026")
        assert page.locator("h1").inner_text() == "Calendar 2026"
        page.get_by_role("link", name="日本語").click()
        assert page.locator("h1").inner_text() == "2026\u00a0年のカレンダー"


def test_ten_thousand_pasted_rows(chromium: Any, address: str) -> None:
    fleet = "host,product,build\n" + "".join(f"srv{number},ws2025,26100.{33158 if number % 4 else 32772}\n" for number in range(10_000))
    with looking(chromium, address, accept_downloads=True, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(f"{address}fleet")
        page.evaluate("(text) => navigator.clipboard.writeText(text)", fleet)
        page.focus("#fleet")
        page.keyboard.press("Control+V")
        assert page.evaluate("document.querySelector('#fleet').value.length") == len(fleet)
        page.get_by_role("button", name="Check").click()
        page.wait_for_selector("text=10000 machines")
        page.get_by_text("By product").click()
        rows = page.locator("table").first.locator("tbody tr").all_inner_texts()
        assert [row.split("\t") for row in rows] == [  # what needs something first
            ["Windows Server 2025", "restart due", "2500"],
            ["Windows Server 2025", "patched", "7500"],
        ]
        with page.expect_download() as download:
            page.get_by_role("button", name="As a CSV file").click()
        assert len(Path(download.value.path()).read_text(encoding="utf-8").splitlines()) == 10_001


def test_a_file_is_read_in_the_browser(chromium: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("host,build\nfrom-a-file,26100.33158\n", encoding="utf-8")
    with looking(chromium, address) as page:
        page.goto(f"{address}fleet")
        page.set_input_files("#file", tmp_path / "fleet.csv")
        page.wait_for_function("document.querySelector('#fleet').value !== ''")
        assert page.input_value("#fleet") == "host,build\nfrom-a-file,26100.33158\n"


def test_home_is_small_steady_and_readable_without_script(chromium: Any, address: str) -> None:
    with looking(chromium, address) as page:
        answers: list[Any] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 (Playwright takes no builtin)
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) window.shift += e.value; })"
            ".observe({type: 'layout-shift', buffered: true});"
        )
        page.goto(address, wait_until="networkidle")
        sizes = [answer.request.sizes()["responseBodySize"] for answer in answers]  # as transferred
        assert len(sizes) >= 3
        assert sum(sizes) < 20_000
        assert page.evaluate("window.shift") == 0
    with looking(chromium, address, java_script_enabled=False) as page:
        page.goto(address)
        assert page.get_by_role("heading", level=1).inner_text() == "Is this build patched?"
        page.get_by_label("A build, version, KB or CVE").fill("26100.33158")
        page.get_by_role("button", name="Look up").click()
        assert "Patched" in page.locator(".verdict strong").all_inner_texts()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe_core(request, tmp_path_factory)


# One sheet has the colours of all pages: an ordinary run looks at a third of them in the dark, the long run at all.
LOOKS = [
    (kind, scheme)
    for place, kind in enumerate(KINDS)
    for scheme in ("light", "dark")
    if scheme == "light" or place % 3 == 0 or "HOTPATCH_KB_LONG" in os.environ
]


@pytest.mark.parametrize(("kind", "scheme"), LOOKS)
def test_axe_finds_nothing(kind: str, scheme: Any, chromium: Any, address: str, axe: str) -> None:
    with looking(chromium, address, color_scheme=scheme, bypass_csp=True) as page:
        opened(page, address + kind)
        page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
        page.evaluate(axe)
        found = page.evaluate(
            "async () => (await axe.run()).violations.map(v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))])"
        )
        assert found == []


def test_axe_finds_nothing_in_the_editor_of_sql(chromium: Any, own_address: str, axe: str) -> None:
    with looking(chromium, own_address, bypass_csp=True) as page:
        page.goto(own_address + OWN["editor"])
        page.wait_for_selector(".CodeMirror")
        page.evaluate(axe)
        assert page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160))])") == []
