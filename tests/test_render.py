"""The rendered pages have the shape of Microsoft's: counted here, and compared with the recorded ones where these are at hand.

The readers below are the tests' own, written from the recorded pages; the project's parsers are not asked.
"""

import json
import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urljoin

import pytest
from helpers import render
from helpers.recorded import REASON, RECORDED
from lxml import html

HOTPATCH_H1 = "Release notes for Hotpatch on Windows 11 Enterprise version 25H2"
CLASSES = {"new": "learnRenderLeftNav", "old": "supLeftNav"}
RENDERERS = {"new": render.navigation_new, "old": render.navigation_old}
MONTHS = {"new": "2026-07", "old": "2026-05"}


def root(text):
    return (
        html.document_fromstring(text, parser=html.HTMLParser(encoding="utf-8"))
        if isinstance(text, bytes)
        else html.document_fromstring(text)
    )


def words(node):
    return " ".join(node.text_content().split())


def recorded(folder, url, suffix):
    """Return a recorded page as bytes."""
    path = RECORDED / folder / (re.sub(r"^https://|\?.*$", "", url) + suffix)
    if not path.exists():
        pytest.skip(f"{REASON}: {path.name}")
    return path.read_bytes()


def categories(text, layout):
    """Every category of a page in order, each with all that a parser can see of it; the old layout has all of them twice."""
    name = CLASSES[layout]
    found = []
    for category in root(text).xpath(f'//div[contains(concat(" ", @class, " "), " {name}Category ")]'):
        (title,) = category.xpath(f'./div[@class="{name}CategoryTitle"]/a')
        found.append(
            {
                "class": category.get("class"),
                "parent": category.getparent().get("class"),
                "title": (words(title), dict(title.attrib)),
                "list": [ul.get("class") for ul in category.xpath("./ul")],
                "entries": [(dict(li.attrib), words(li), [dict(a.attrib) for a in li.xpath("./a")]) for li in category.xpath("./ul/li")],
            }
        )
    return found


def entry_titles(category):
    return [text for _, text, _ in category["entries"]]


def tables(text):
    """The tables of ``main`` with an id, as rows of (text, link) per cell."""
    return {
        table.get("id"): [
            [(cell.text_content(), "".join(cell.xpath(".//a/@href"))) for cell in row.xpath("./td|./th")] for row in table.xpath(".//tr")
        ]
        for table in root(text).xpath("//main//table[@id]")
    }


def outline(text):
    """Headings, labels, tables of ``main`` in order, each with the tag it stands in. The site's own "In this article" is left out."""
    found = []
    for node in root(text).xpath("//main//*[self::h1 or self::h2 or self::h4 or self::strong or self::summary or self::table]"):
        if node.tag == "table":
            found.append(("table", node.get("id"), node.get("class"), node.getparent().tag))
        elif not (node.get("id") or "").startswith("ms--") and words(node):
            found.append((node.tag, node.get("id"), words(node), node.getparent().tag))
    return found


def lines(text):
    """A markdown page line by line, with sentences as "..." and without the blank the renderers leave at an end of line."""
    body = text.split("---\n", 2)[2]
    return [line if not line or line[0] in "#|*" else "..." for line in (line.rstrip() for line in body.split("\n"))]


def cells(line):
    return [cell.strip() for cell in line.strip()[1:-1].split("|")]


# --- navigations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["old", "new"])
def test_hotpatch_navigation(layout):
    text = RENDERERS[layout](render.hotpatch_categories(MONTHS[layout], layout), h1=HOTPATCH_H1)
    found = categories(text, layout)
    expected = {"new": [18, 26, 27, 60, 12, 4, 8], "old": [15, 23, 25, 58, 12, 4, 8] * 2}[layout]
    assert [len(category["entries"]) for category in found] == expected
    assert [category["class"].endswith("ActiveCategory") for category in found] == [True, *[False] * 6] * (len(found) // 7)
    assert [words(heading) for heading in root(text).xpath("//main/descendant::h1")] == [HOTPATCH_H1]
    assert root(text).xpath("string(//title)") == HOTPATCH_H1 + {"new": " | Microsoft Support", "old": " - Microsoft Support"}[layout]


def test_breadth_of_the_facts():
    assert sum(len(category.entries) for category in render.hotpatch_categories("2026-07", "new")) == 148
    assert sum(len(category.entries) for category in render.hotpatch_categories("2026-05", "old")) == 138
    server = [entry.title for category in render.server_categories() for entry in category.entries]
    assert len([title for title in server if title != "End of updates statement"]) == 157
    for day, rows in (("2026-05-13", 471), ("2026-07-02", 475)):
        info = render.server_release_info(day)
        assert sum(len(table.rows) for table in info.history) == rows
        assert [sum(map(len, calendar.years.values())) for calendar in info.calendars] == [26, 36]


def test_new_navigation_details():
    text = render.navigation_new(render.hotpatch_categories("2026-07", "new"), active=2, h1="x", flight="f-1")
    found = categories(text, "new")
    links = [link for category in found for link in [category["title"][1], *[a for _, _, anchors in category["entries"] for a in anchors]]]
    assert [int(link["data-bi-slot"]) for link in links] == list(range(1, 163)), "one count across all categories"
    assert [link["href"] for link in links if "aria-current" in link] == [found[2]["title"][1]["href"]]
    assert not [link["href"] for link in links if link["href"].startswith(("/", "http"))], "links are relative"
    assert '<a href="../2026/kb5121768-hotpatch-out-of-band" class="learnRenderLeftNavLink" data-bi-slot="3">' in text
    assert root(text).xpath('//meta[@name="awa-userFlightingId"]/@content') == ["f-1"]
    assert text.replace("f-1", "f-2") == render.navigation_new(render.hotpatch_categories("2026-07", "new"), active=2, h1="x", flight="f-2")


def test_old_navigation_details():
    pages = render.hotpatch_categories("2026-05", "old")
    text = render.navigation_old(pages, h1="x")
    found = categories(text, "old")
    assert [category["parent"] for category in found[::7]] == ["supLeftNavMobileViewContent grd", "col-1-5"]
    assert [{**category, "parent": ""} for category in found[:7]] == [{**category, "parent": ""} for category in found[7:]]
    assert root(text).xpath('count(//*[@id="supLeftNav"])') == 1
    assert [int(category["title"][1]["data-bi-slot"]) for category in found[:7]] == [1, 2, 3, 4, 5, 6, 7]
    assert found[3]["entries"][0][2][0]["data-bi-slot"] == "5", "the slots of a category begin with its own number"
    assert "May 12, 2026&#x2014;Hotpatch KB5089466" in text
    assert "—" not in text
    assert "May 12, 2026—Hotpatch KB5089466" in render.navigation_old(pages, h1="x", entities=False)


@pytest.mark.parametrize("layout", ["old", "new"])
def test_current_article_as_text(layout):
    pages = render.hotpatch_categories(MONTHS[layout], layout)
    found = categories(RENDERERS[layout](pages, h1="x", current=1, current_as_text=True), layout)
    attributes, title, anchors = found[0]["entries"][1]
    assert attributes["class"].endswith("CurrentArticle")
    assert (title, anchors) == (pages[0].entries[0].title, [])
    assert all(len(anchors) == 1 for category in found[1:7] for _, _, anchors in category["entries"])


@pytest.mark.parametrize("layout", ["old", "new"])
def test_line_ends(layout):
    pages = render.hotpatch_categories(MONTHS[layout], layout)
    text = RENDERERS[layout](pages, h1="x")
    assert RENDERERS[layout](pages, h1="x", crlf=False) == text.replace("\r\n", "\n")
    article = text[text.index("<h1") : text.index("</main>")]
    assert ("\r\n" in article) == (layout == "old"), "the new layout's articles end their lines LF within a CRLF page"


def test_links_are_relative_to_their_page():
    page = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2022/2022/x"
    for here, there in zip(
        (entry for category in render.hotpatch_categories("2026-07", "new") for entry in category.entries),
        (entry for category in render.hotpatch_categories("2026-07", "new", page=page) for entry in category.entries),
        strict=True,
    ):
        assert urljoin(render.HOTPATCH_HUB["new"], here.href) == urljoin(page, there.href)


def test_no_old_layout_after_it_ended():
    with pytest.raises(ValueError, match="KB5121768"):
        render.hotpatch_categories("2026-07", "old")


def test_new_entries_in_the_old_month():
    assert [len(category.entries) for category in render.hotpatch_categories("2026-05", "new")] == [14, 22, 24, 57, 11, 3, 7]
    assert [len(category.entries) for category in render.server_categories("2026-05", "old")] == [30, 37, 87]


@pytest.mark.parametrize(
    ("case", "title"),
    [
        (1, "February 11, 2025—Hotpatch KB5052106 (OS Build 20348.3148"),
        (3, "July 18, 2026—Hotpatch KB5121768 (OS Builds 26200.8893 and 26100.8893) Out-of-band"),
        (4, "March 11, 2025—Hotpatch public preview KB5053636 (OS Build 26100.3403)"),
        (5, "October 24, 2025—KB5070893 (OS Build 26100.6905) Security Update for Windows Server Update Services"),
        (5, "KB5066360—Security Update for Windows PowerShell (Hotpatch)"),
        (6, "January 13, 2026—Baseline"),
        (8, "July 7, 2021—Hotpatch KB5005007 (OS Build 17784.1769) Out-of-Band"),
        (41, "June 8, 2021—Hotpatch KB5003719 (OS Build 17784.1764)"),
    ],
)
def test_odd_titles_of_the_hotpatch_navigation(case, title):
    assert case
    assert title in {entry.title for category in render.hotpatch_categories("2026-07", "new") for entry in category.entries}


def test_odd_page():
    odd = render.odd_categories()
    found = categories(render.navigation_new(odd, h1="x"), "new")
    assert [entry_titles(category) for category in found] == [
        [" ".join(title.split()) for title in (category.hub, *(entry.title for entry in category.entries))] for category in odd
    ]
    titles = [entry.title for category in odd for entry in category.entries]
    assert len(titles) == 35
    for part in (
        "Hopatch",
        "basline",
        "Hotpatch\u00a0KB5035959",
        ")\u200b",
        "KB 3216755",
        "KB5087539(OS",
        "1296 )",
        ") - EXPIRED",
        " – ",
        " - Hotpatch",
    ):
        assert any(part in title for title in titles), part
    assert [len(re.findall(r"\d{5}\.\d+", title)) for title in titles if "Builds 19041" in title] == [4, 3]
    old = render.navigation_old(odd, h1="x")
    assert "Hotpatch&#xA0;KB5035959 (OS Build&#xA0;20348.2333)&#8203;<" in old


@pytest.mark.parametrize("layout", ["old", "new"])
def test_month_tables(layout):
    months = render.windows11_release_info("2026-07").calendars[0].years["2026"]
    text = RENDERERS[layout](render.hotpatch_categories(MONTHS[layout], layout), h1="x", months=months)
    (table,) = root(text).xpath("//main//table")
    rows = [[words(cell) for cell in row.xpath("./td|./th")] for row in table.xpath(".//tr")]
    assert rows[0] == ["Month", "Update Type", "Type", "KB article"]
    assert rows[6:9] == [
        ["June", "2026.06 B", "Baseline (Restart)", "KB5094126"],
        ["July", "2026.07 B", "Baseline (Restart)", "KB5101650"],
        ["August", "2026.08 B", "Hotpatch", ""],
    ]
    assert len(rows) == 13
    assert bool(table.xpath(".//th")) == (layout == "new")


@pytest.mark.parametrize(
    ("folder", "layout", "url", "made"),
    [
        ("pages", "new", render.HOTPATCH_HUB["new"], lambda: render.hotpatch_categories("2026-07", "new")),
        ("pages", "new", render.SERVER_HUB["new"], lambda: render.server_categories("2026-07", "new")),
        ("pages-2026-05", "old", render.HOTPATCH_HUB["old"], lambda: render.hotpatch_categories("2026-05", "old")),
        ("pages-2026-05", "old", render.SERVER_HUB["old"], lambda: render.server_categories("2026-05", "old")),
    ],
    ids=["hotpatch new", "server new", "hotpatch old", "server old"],
)
def test_navigation_as_recorded(folder, layout, url, made):
    page = recorded(folder, url, ".html")
    text = RENDERERS[layout](made(), h1="x")
    assert categories(text, layout) == categories(page, layout)
    # The navigation's very characters: white space, attribute order, line ends.
    pattern = rf'(?s)<div class="{CLASSES[layout]}Category[ "].*?</ul>\s*</div>'
    blocks = re.findall(pattern, text)
    assert len(blocks) == len(categories(text, layout))
    assert blocks == re.findall(pattern, page.decode())


@pytest.mark.parametrize(
    ("folder", "layout", "url"),
    [("pages", "new", render.HOTPATCH_HUB["new"]), ("pages-2026-05", "old", render.HOTPATCH_HUB["old"])],
)
def test_frame_as_recorded(folder, layout, url):
    """Title, ``main`` and what the navigation stands in."""

    def frame(text):
        page = root(text)
        name = CLASSES[layout]
        (main,) = page.xpath("//main")
        return (
            page.xpath("string(//title)"),
            dict(main.attrib),
            [dict(node.attrib) for node in page.xpath(f'//*[@id="{name}"]')],
            [
                dict(node.attrib)
                for node in page.xpath(f'//*[starts-with(@class, "{name}Content") or starts-with(@class, "{name}MobileViewContent")]')
            ],
            [(node.tag, node.get("class")) for node in page.xpath(f'//*[@id="{name}"]')[0].iterancestors()],
            sorted(set(page.xpath("//meta/@name")) & {"awa-userFlightingId", "awa-expid", "toc_rel", "updated_at"}),
            [words(node) for node in page.xpath("//main//h1")],
        )

    text = RENDERERS[layout](render.hotpatch_categories(MONTHS[layout], layout), h1=HOTPATCH_H1)
    assert frame(text) == frame(recorded(folder, url, ".html"))


# --- release information --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "rows"), [("2026-05-13", [30, 89, 165, 187]), ("2026-07-02", [31, 90, 166, 188])])
def test_markdown_tables(day, rows):
    text = render.release_info_markdown(render.server_release_info(day))
    found = lines(text)
    starts = [number for number, line in enumerate(found) if line.startswith("|") and not found[number - 1].startswith("|")]
    sizes = []
    for start in starts:
        end = next(number for number in range(start, len(found)) if not found[number].startswith("|"))
        head, rule, *body = [cells(line) for line in found[start:end]]
        assert set(rule) == {"---"}
        assert len(rule) == len(head)
        sizes.append((len(head), len(body), [len(row) for row in body if len(row) != len(head)]))
    years = [(6, 12, [7]), (6, 12, []), (6, 2, []), (6, 12, [7]), (6, 12, []), (6, 12, [])]
    assert sizes == [(9, 4, []), *[(5, count, []) for count in rows], *years]


def test_markdown_labels_without_blank_lines():
    found = lines(render.release_info_markdown(render.server_release_info("2026-05-13")))
    calendar = found[found.index("## Windows Server hotpatch calendar") :]
    pattern = [line for line in calendar if not line.startswith("|")]
    first, second = "**Windows Server 2025 (OS build 26100)**", "**Windows Server 2022 (OS build 20348)**"
    years = [f"**Calendar year {year}**" for year in (2026, 2025, 2024)]
    assert pattern == [
        "## Windows Server hotpatch calendar", "", "...", first, "...", years[0], "", "", years[1], "", "", years[2], "", "",
        second, "", "...", years[0], "", "", years[1], "", "", years[2], "", "", "...", "",
    ]  # fmt: skip


def test_markdown_rows():
    text = render.release_info_markdown(render.server_release_info("2026-05-13"))
    assert text.startswith("---\ntitle: Windows Server release information | Microsoft Learn\n")
    assert "\nms.date: 2026-05-12T00:00:00.0000000Z\nupdated_at: 2026-05-13T02:11:00.0000000Z\n" in text
    assert "\n| LTSC | 2024-10 A | 2024-11-01 | 26100.1742 |  |\n" in text
    assert text.count("\n| LTSB | 2026-04 OOB | 2026-04-19 | 14393.9062 | [KB5091572](https://support.microsoft.com/help/5091572) |\n") == 1
    assert text.count("| LTSB | 2026-04 OOB | 2026-04-19 | 14393.9062 |") == 2, "the same row twice in a row"
    assert "\n| August | 2024.08 B^\\*^ | Baseline (Restart) | 2024-08-13 | 20348.2655 |" in text
    assert text.count("\n| June | 2026.06 B | Hotpatch |  |  |  |\n") == 2


def test_june_turned_into_a_baseline():
    text = render.release_info_markdown(render.server_release_info("2026-07-02"))
    help_ = "https://support.microsoft.com/help"
    assert "| June | 2026.06 B | Hotpatch |" not in text
    for build, kb in (("26100.32995", "5094125"), ("20348.5256", "5094128")):
        assert f"\n| June | 2026.06 B | Baseline (Restart) | 2026-06-09 | {build} | [KB{kb}]({help_}/{kb}) |\n" in text
        assert f"\n| LTSC | 2026-06 B | 2026-06-09 | {build} | [KB{kb}]({help_}/{kb}) |\n" in text
    assert "\nms.date: 2026-06-09T00:00:00.0000000Z\nupdated_at: 2026-06-11T14:12:00.0000000Z\n" in text


def test_markdown_crlf():
    info = render.server_release_info("2026-05-13")
    text = render.release_info_markdown(info, crlf=True)
    assert text.replace("\r\n", "\n") == render.release_info_markdown(info)
    assert text.count("\r\n") == text.count("\n")


@pytest.mark.parametrize(
    ("month", "rows"), [("2026-05", [20, 8, 49, 61, 74, 63]), ("2026-07", [25, 12, 54, 63, 74, 63])], ids=["May", "July"]
)
def test_windows11_html_tables(month, rows):
    text = render.release_info_html(render.windows11_release_info(month))
    found = tables(text)
    years = {"Version25H2_2026": 12, "Version25H2_2025": 3, "Version24H2_2026": 12, "Version24H2_2025": 12, "Version24H2_2024": 2}
    assert {name: len(table) - 1 for name, table in found.items()} == {
        **{f"historyTable_{number}": count for number, count in enumerate(rows)},
        **{f"HotpatchCalendar_{name}": count for name, count in years.items()},
    }
    assert {len(row) for name, table in found.items() for row in table if name.startswith("history")} == {5}
    assert {len(row) for name, table in found.items() for row in table if name.startswith("Hotpatch")} == {6}
    june = {
        "2026-05": ["June", "2026.06 B", "Hotpatch", "", "", ""],
        "2026-07": ["June", "2026.06 B", "Baseline (Restart)", "2026-06-09", "26200.8655", "KB5094126"],
    }
    assert [text for text, _ in found["HotpatchCalendar_Version25H2_2026"][6]] == june[month]
    assert found["historyTable_0"][-1] == [("General Availability Channel", ""), ("", ""), ("2025-09-30", ""), ("26200.6584", ""), ("", "")]


def test_html_traps():
    info = render.windows11_release_info("2026-07")
    text = render.release_info_html(info, strong_cells=True, noise=True)
    page = root(text)
    assert page.xpath("count(//table[not(ancestor::main)])") == 1
    assert page.xpath("count(//strong[not(ancestor::main)])") == 2
    (banner,) = page.xpath("//main//table[not(@id)][not(preceding::h1)]")
    assert words(banner.xpath("./preceding::strong")[-1]) == "Version 3 (OS build 3)"
    assert [words(node) for node in page.xpath("//main//td/strong")] == [
        "2026-07 OOB", "2026-07 B", "2026-07 OOB", "2026-07 B", "2025-10 B", "2024-10 B",
        "2026.01 B", "2025.10 B", "2026.01 B", "2025.01 B", "2024.11 B",
    ]  # fmt: skip
    assert tables(text) == tables(render.release_info_html(info)), "the cells are the same"
    assert [words(node) for node in page.xpath('//main//p[contains(., "22H2")]/following::table[1]/preceding::summary[1]')] == [
        "Version 23H2 (OS build 22631)"
    ]
    assert [words(node) for node in page.xpath("//summary") if "End of updates" in words(node)] == [
        "Version 22H2 (OS build 22621) - End of updates",
        "Version 21H2 (OS build 22000) - End of updates",
    ]
    assert page.xpath('count(//h2[contains(., "hotpatch calendar")]/following::p[contains(., "26H1")])') == 1
    assert page.xpath('string(//meta[@name="updated_at"]/@content)') == "2026-07-19T03:21:00Z"


def test_other_products_as_html():
    server = render.server_release_info("2026-07-02")
    found = tables(render.release_info_html(server))
    assert list(found) == [
        "historyTable_0", "historyTable_1", "historyTable_2", "historyTable_3",
        "HotpatchCalendar_WindowsServer2025_2026", "HotpatchCalendar_WindowsServer2025_2025", "HotpatchCalendar_WindowsServer2025_2024",
        "HotpatchCalendar_WindowsServer2022_2026", "HotpatchCalendar_WindowsServer2022_2025", "HotpatchCalendar_WindowsServer2022_2024",
    ]  # fmt: skip
    assert [len(row) for row in found["HotpatchCalendar_WindowsServer2025_2026"]] == [6, 6, 7, *[6] * 10]
    assert found["HotpatchCalendar_WindowsServer2022_2024"][8][1] == ("2024.08 B *", "")
    windows10 = outline(render.release_info_html(render.windows10_release_info("2026-07")))
    assert [text for tag, _, text, _ in windows10 if tag == "strong"] == [
        "Version 22H2 (OS build 19045)",
        "Version 1809 (OS build 17763)",
        "Version 1607 (OS build 14393)",
    ]
    assert [len(rows) - 1 for rows in tables(render.release_info_html(render.windows10_release_info("2026-07"))).values()] == [8, 9, 8]


def test_one_table_alone():
    info = render.windows11_release_info("2026-07")
    alone = replace(info, history=info.history[3:4], calendars=[])
    assert list(tables(render.release_info_html(alone))) == ["historyTable_0"]
    assert "hotpatch calendar" not in render.release_info_html(alone) + render.release_info_markdown(alone)


def test_markdown_as_recorded():
    """Every line but the sentences, blank lines included."""
    page = recorded("pages-2026-05", render.SERVER_INFO, ".md").decode()
    text = render.release_info_markdown(render.server_release_info("2026-05-13"))
    assert lines(text) == lines(page)
    assert text.split("---\n", 2)[1] == page.split("---\n", 2)[1]


@pytest.mark.parametrize(("folder", "month"), [("pages-2026-05", "2026-05"), ("pages", "2026-07")])
def test_html_as_recorded(folder, month):
    page = recorded(folder, render.WINDOWS11_INFO, ".html")
    text = render.release_info_html(render.windows11_release_info(month))
    assert tables(text) == tables(page)
    assert outline(text) == outline(page)
    for query in ("//main//table[not(@id)]//td", "//main//table[@id]//a"):
        assert [(node.text_content(), dict(node.attrib)) for node in root(text).xpath(query)] == [
            (node.text_content(), dict(node.attrib)) for node in root(page).xpath(query)
        ]
    for name in ("ms.date", "updated_at", "toc_rel", "markdown_url"):
        assert root(text).xpath(f'//meta[@name="{name}"]/@content') == root(page).xpath(f'//meta[@name="{name}"]/@content')


@pytest.mark.parametrize("name", ["server-release-history", "hotpatch-calendar"])
def test_facts_as_collected(name):
    path = RECORDED / "facts" / f"{name}-2026-05-25.tsv"
    if not path.exists():
        pytest.skip(f"no collected facts ({path})")
    header, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    own = {"server-release-history": "history-server", "hotpatch-calendar": "calendar-server"}[name]
    assert [[row[column] for column in header] for row in render.facts(own) if not row["from"]] == rows


# --- saved trees ----------------------------------------------------------------------------------------------------


def test_save_tree(tmp_path):
    url = "https://learn.microsoft.com/en-us/windows/x?accept=text/markdown"
    file = render.save_tree(tmp_path, url, "a — b\r\n", fetched_at="2026-05-25T12:00:00Z", suffix=".md")
    assert file == tmp_path / "learn.microsoft.com/en-us/windows/x.md"
    assert file.read_bytes() == b"a \xe2\x80\x94 b\r\n"
    meta = file.with_name("x.md.meta.json").read_text(encoding="utf-8")
    assert json.loads(meta) == {
        "fetched_at": "2026-05-25T12:00:00Z",
        "status": 200,
        "final_url": url,
        "headers": {"content-type": "text/markdown; charset=utf-8"},
    }
    moved = render.save_tree(
        tmp_path, "https://a.b/c", "", fetched_at="2026-05-25T12:00:00Z", suffix=".html", final_url="https://a.b/d", status=403, headers={}
    )
    assert json.loads(moved.with_name("c.html.meta.json").read_bytes()) == {
        "fetched_at": "2026-05-25T12:00:00Z", "status": 403, "final_url": "https://a.b/d", "headers": {},
    }  # fmt: skip


@pytest.mark.parametrize(("generation", "folder"), [("old", "pages-2026-05"), ("new", "pages")])
def test_world_lies_as_recorded(generation, folder, tmp_path):
    files = {path.relative_to(tmp_path) for path in render.write_world(tmp_path, generation)}
    if not (RECORDED / folder).exists():
        pytest.skip(f"{REASON}: {folder}")
    kept = {path.relative_to(RECORDED / folder) for path in (RECORDED / folder).rglob("*") if path.suffix in {".html", ".md"}}
    assert kept - files == set()
    for file in kept:
        meta = file.with_name(file.name + ".meta.json")
        theirs, ours = [json.loads((place / meta).read_bytes()) for place in (RECORDED / folder, tmp_path)]
        for name in ("fetched_at", "note"):  # recorded on several days
            theirs.pop(name, None)
            ours.pop(name, None)
        assert ours == theirs


@pytest.mark.parametrize("generation", ["old", "new"])
def test_worlds(generation, tmp_path):
    files = render.write_world(tmp_path / "1", generation, "2026-07-23T12:00:00Z")
    assert len(files) == 8
    assert {path.suffix for path in files} == {".html", ".md"}
    assert {path for path in (tmp_path / "1").rglob("*") if path.is_file()} == {
        path.with_name(path.name + end) for path in files for end in ("", ".meta.json")
    }
    # Only the flight differs between two answers to the same question (case 15).
    later = render.write_world(tmp_path / "2", generation, "2026-07-24T12:00:00Z")
    for first, second in zip(files, later, strict=True):
        ours, theirs = first.read_bytes(), second.read_bytes()
        flighted = first.parts[-1] in {path.name for path in files[:5]}
        assert (ours != theirs) == flighted
        assert [
            line for line, other in zip(ours.split(b"\n"), theirs.split(b"\n"), strict=True) if line != other and b"awa-" not in line
        ] == []


def test_files_of_facts():
    sizes = {path.name: path.stat().st_size for path in render.FACTS.iterdir()}
    assert len([name for name in sizes if name.endswith(".tsv")]) == 11
    assert max(sizes.values()) < 200_000
    # Newest first, as in every navigation: a file in another order would hide a mistake of its making.
    for name in ("history-server", "history-windows11", "history-windows10"):
        for row, older in pairwise(render.facts(name)):
            assert row["product"] != older["product"] or row["availability_date"] >= older["availability_date"]
