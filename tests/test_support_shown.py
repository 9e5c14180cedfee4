"""How long a product is supported, as the site says it: by edition, whose word it is, and of products that have ended."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from conftest import Command
from helpers.datasettes import Datasette, get

from hotpatch_kb.db.answers.coverage import last_day
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.restarts import missing_evidence
from hotpatch_kb.db.store.connections import open_for_reading

FRESH, STALE = "2026-07-24", "2026-11-27"


def _main(page: str) -> Any:
    (main,) = lxml.html.fromstring(page).xpath("//main")
    return main


def _text(node: Any) -> str:
    return " ".join(" ".join(part for part in node.itertext()).split())


def _row(page: str, name: str) -> list[str]:
    """The chips, and the days, of a product in the table of the home page."""
    (row,) = [row for row in _main(page).xpath(".//*[@id='all']//tr") if [link.text_content() for link in row[0].xpath("./a")] == [name]]
    return [" ".join(_text(chip) for chip in row[0].xpath(".//*[contains(@class, 'status')]")), _text(row[1])]


def test_support_is_that_of_general_editions_with_ltsc_apart(own: Datasette, at: Callable[[str], None]) -> None:
    ltsc = "Enterprise LTSC 9 October 2029 (in 3 years) IoT Enterprise LTSC 10 October 2034 (in 8 years)"
    on_home = "2029-10-09 in 3 years Enterprise LTSC 2034-10-10 in 8 years IoT Enterprise LTSC"
    at(FRESH)
    assert _row(get(own, "/").text, "Windows 11, version 24H2") == [
        "Home, Pro: ends soon",
        f"2026-10-13 in 12 weeks Home, Pro 2027-10-12 in 15 months Enterprise, Education, IoT Enterprise {on_home}",
    ]
    at(STALE)
    home, product = get(own, "/").text, _text(_main(get(own, "/product/win11-24h2").text))
    assert _row(home, "Windows 11, version 24H2") == [
        "supported Home, Pro: ended",
        f"2026-10-13 6 weeks ago Home, Pro 2027-10-12 in 10 months Enterprise, Education, IoT Enterprise {on_home}",
    ]
    assert (
        "supported Home, Pro: ended Support ends: Enterprise, Education, IoT Enterprise 12 October 2027 (in 10 months) "
        f"Support ended: Home, Pro 13 October 2026 (6 weeks ago) {ltsc}" in product
    )
    assert [_row(home, f"Windows 10, version {version}")[0] for version in ("21H2", "1809", "1607", "22H2")] == [
        "LTSC only", "LTSC only", "unsupported", "unsupported",
    ]  # fmt: skip
    assert _row(home, "Windows 11, version 23H2")[0] == "unsupported"
    assert _row(home, "Windows Server 2025") == ["supported", "2034-11-14 in 8 years"]
    assert _row(home, "Windows Server 2016") == ["ends soon", "2027-01-12 in 7 weeks"]
    assert _row(get(own, "/ja/").text, "Windows 11 バージョン 24H2")[0] == "サポート中 Home、Pro: 終了"


def test_a_day_that_others_alone_report_says_so(own: Datasette, at: Callable[[str], None], run: Command, seeded: Path) -> None:
    at(STALE)
    home = get(own, "/").text
    said = {name: _row(home, name)[1] for name in ("Windows Server, version 23H2", "Windows 10, version 22H2", "Windows Server 2022")}
    assert said == {
        "Windows Server, version 23H2": "2026-05-12 7 months ago reported by others",
        "Windows 10, version 22H2": "2025-10-14 13 months ago with ESU until 10 October 2028 reported by others",
        "Windows Server 2022": "2031-10-14 in 5 years",
    }
    assert "Support ended: 12 May 2026 (7 months ago) reported by others" in _text(_main(get(own, "/product/ws-23h2").text))
    assert "サポートは終了しました: 2026 年 5 月 12 日 (7 か\u2060月前) 第三者の報告" in _text(_main(get(own, "/ja/product/ws-23h2").text))
    (end,) = run("lookup", "Windows Server 23H2", "--db", seeded, "--json").json()[0]["products"][0]["support_ends"]
    assert end == {"edition_group": "annual_channel", "kind": "end_of_servicing", "end_date": "2026-05-12", "is_reported": True}
    assert "    until      2026-05-12  support, reported by others\n" in run("lookup", "Windows Server 23H2", "--db", seeded).out
    server_2022 = run("lookup", "Windows Server 2022", "--db", seeded).out
    assert "reported by others" not in server_2022
    assert "    until      2027-10     Datacenter: Azure Edition: hotpatches\n" in server_2022
    build = "not supported; support ended on 2026-05-12 (reported by others)"
    assert build in run("lookup", "25398.2330", "--db", seeded).out
    assert "2026 年 5 月 12 日 (第三者の報告)" in _text(_main(get(own, "/ja/build/25398.2330").text))
    about = _text(_main(get(own, "/about").text))
    assert "never believed" not in about
    assert "A day on which support ends that others alone report is used" in about


def test_a_preview_that_has_ended_has_no_future(own: Datasette, at: Callable[[str], None]) -> None:
    at(FRESH)
    main = _main(get(own, "/product/ws-azure-preview").text)
    text = _text(main)
    assert "ended the public preview of 2021 has ended; it became Windows Server 2022 Datacenter: Azure Edition" in text
    assert "Newer releases may exist" not in text
    assert "Support by edition" not in text
    months = [row[0].text_content() for row in main.xpath(".//details//table[1]//tr")[1:] if row[0].text_content()[:2] == "20"]
    assert [month for month in months if len(month) == 7] == ["2021-08", "2021-07", "2021-06", "2021-05", "2021-04", "2021-03"]
    (chart,) = main.xpath(".//*[local-name()='svg']")
    assert not chart.xpath(".//*[contains(@class, 'expected') or @class='now']")
    for page in ("/", "/subscribe", "/cost"):
        shown = _main(get(own, page).text)
        assert "ws-azure-preview" not in lxml.html.tostring(shown, encoding="unicode"), page
        assert "ws2022" in lxml.html.tostring(shown, encoding="unicode"), page
    assert "終了 2021 年のパブリック プレビューは終了し" in _text(_main(get(own, "/ja/product/ws-azure-preview").text))


def test_nothing_newer_is_expected_of_what_has_ended(own: Datasette, at: Callable[[str], None], seeded: Path, tmp_path: Path) -> None:
    at(FRESH)
    assert "Newer releases may exist" not in _text(_main(get(own, "/product/ws-23h2").text))
    db = Path(shutil.copy(seeded, tmp_path / "x.db"))
    with closing(open_for_reading(db)) as conn:
        facts = Facts(conn)
        ended = {
            name: last_day(facts.of(name), FRESH)
            for name in ("ws-23h2", "ws-azure-preview", "win10-22h2", "win10-21h1", "ws2022", "win11-26h2")
        }
        assert ended == {
            "ws-23h2": "2026-05-12", "ws-azure-preview": "2021-08-10", "win10-22h2": None, "win10-21h1": "2022-12-13", "ws2022": None, "win11-26h2": None,
        }  # fmt: skip
        assert last_day(facts.of("ws-azure-preview"), "2021-09-30") is None  # two months may only be late
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("delete from releases where product = 'ws-23h2' and release_date >= '2026-05-01'")
    with closing(open_for_reading(db)) as conn:  # of its last months something may be missing
        assert (
            str(missing_evidence(Facts(conn).of("ws-23h2"), "standard", FRESH))
            == "an article names KB5087541 of 2026-05-12, which no list of releases has"
        )


def test_the_end_of_hotpatching_is_near_the_status(own: Datasette, at: Callable[[str], None]) -> None:
    at(FRESH)
    main = _main(get(own, "/product/ws2022").text)
    assert _text(main).startswith(
        "Windows Server 2022 supported Support ends: 14 October 2031 (in 5 years) Hotpatches until October 2027 (in 15 months)"
    )
    (when,) = [row[3].text_content() for row in main.xpath(".//tr[th]") if len(row) == 5 and row[2].text_content() == "2027-10"]
    assert when == "in 15 months"
    assert "ホットパッチの提供は 2027 年 10 月まで (15 か\u2060月後)" in _text(_main(get(own, "/ja/product/ws2022").text))
    at("2027-10-31")
    assert "Hotpatches until October 2027 (today)" in _text(_main(get(own, "/product/ws2022").text))
    at("2027-11-01")
    assert "Hotpatches ended: October 2027" in _text(_main(get(own, "/product/ws2022").text))


def test_a_page_of_a_former_day_says_that_it_knows_what_came(own: Datasette, at: Callable[[str], None]) -> None:
    """Nobody knew on 20 May 2026 that the baseline of June would come."""
    at(FRESH)
    page = get(own, "/product/ws2025?on=2026-05-20").text
    (heading,) = _main(page).xpath(".//h1")
    assert _text(heading) == "Windows Server 2025 as of 20 May 2026"
    assert "released since then unplanned" in _text(_main(page))
    now = [text.text_content() for text in _main(page).xpath(".//*[local-name()='svg']//*[local-name()='text' and @class='strong']")]
    assert "20 May 2026" in now
    assert "today" not in now
    today = _main(get(own, "/product/ws2025").text)
    assert _text(today.xpath(".//h1")[0]) == "Windows Server 2025"
    assert "today" in [text.text_content() for text in today.xpath(".//*[local-name()='svg']//*[local-name()='text']")]
    ja = _main(get(own, "/ja/product/ws2025?on=2026-05-20").text)
    assert _text(ja.xpath(".//h1")[0]) == "Windows Server 2025 2026 年 5 月 20 日時点"


@pytest.mark.parametrize("path", ["/product/ws2025", "/product/win11-26h2", "/ja/product/win10-1507", "/product/ws2022?on=2022-05-01"])
def test_pages_of_products_are_whole(own: Datasette, at: Callable[[str], None], path: str) -> None:
    at(STALE)
    answer = get(own, path)
    assert answer.status_code == 200
    assert "None" not in _text(_main(answer.text))
