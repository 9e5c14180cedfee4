"""What is not known is not shown as good news: restarts, plans, releases that are to come, days that are old."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from helpers.datasettes import Datasette, form, get, opened

from hotpatch_kb.db import site
from hotpatch_kb.db.answers import verdicts
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.site import cards
from hotpatch_kb.db.site.i18n import words
from hotpatch_kb.db.store.connections import SEED_DATABASE, open_for_reading

FRESH, STALE = "2026-07-24", "2026-11-27"
At = Callable[[str], None]


@pytest.fixture(scope="module")
def whole() -> Iterator[Any]:
    """The public site over all embedded facts."""
    with opened(Path(SEED_DATABASE), public=True) as ds:
        yield ds


@pytest.fixture(autouse=True)
def _day(at: At) -> None:
    at(FRESH)


def _main(ds: Datasette, path: str) -> Any:
    answer = get(ds, path)
    assert answer.status_code == 200, path
    (main,) = lxml.html.fromstring(answer.text).xpath("//main")
    return main


def _text(node: Any) -> str:
    return " ".join(" ".join(part for part in node.itertext()).split())


def _said(ds: Datasette, path: str) -> str:
    return _text(_main(ds, path))


# --- whether an update restarts -----------------------------------------------------------------------------------------


def test_a_component_has_a_mark_of_its_own_by_its_shape() -> None:
    css = (Path(site.__file__).parent / "static" / "site.css").read_text(encoding="utf-8")
    rules = dict(re.findall(r"(\.mark[^{}\n]*?) \{([^{}]*)\}", css))
    component, hotpatch = rules[".mark.component"], rules[".mark.hotpatch"]
    assert "border-radius: 50%" in hotpatch
    assert "--hotpatch" not in component
    assert "polygon(50% 0, 100% 50%, 50% 100%, 0 50%)" in component  # a diamond
    assert "component" not in "".join(name for name in rules if "hotpatch" in name)


def test_components_below_a_baseline_are_named_and_explained(whole: Datasette) -> None:
    table = _main(whole, "/product/ws2025").xpath(".//th[contains(., 'that need it')]/ancestor::table")[0]
    assert _text(table.xpath(".//th")[3]) == "Hotpatches and components that need it"
    (row,) = [row for row in table.xpath(".//tbody/tr") if "KB5066835" in _text(row)]
    marks = {
        _text(item.xpath("./a")[0]): (item.xpath("./i/@class")[0], _text(item.xpath("./span[@class='sr']")[0]))
        for item in row[3].xpath("./span")
    }
    assert marks["KB5070893"] == ("mark component", "component update")
    assert marks["KB5074204"] == ("mark component", "component update")
    assert marks["KB5068966"] == ("mark hotpatch", "hotpatch")
    (key,) = table.xpath("following-sibling::ul[1]")
    assert [_text(item) for item in key] == [
        "baseline: restart", "hotpatch: no restart", "component update: whether it restarts is not known",
    ]  # fmt: skip
    # Windows 11 26H1 has no hotpatches, and the preview of 2021 no component.
    table = _main(whole, "/product/ws-azure-preview").xpath(".//th[contains(., 'that need it')]/ancestor::table")[0]
    assert _text(table.xpath(".//th")[3]) == "Hotpatches that need it"


def test_legends_say_what_each_mark_says_of_a_restart(whole: Datasette) -> None:
    fixed_by_component = _main(whole, "/cve/CVE-2025-54100").xpath(".//ul[@class='legend']/li")
    assert [_text(item) for item in fixed_by_component] == [
        "component update: whether it restarts is not known", "cumulative update (LCU): restart",
    ]  # fmt: skip
    changed = _main(whole, "/changes").xpath(".//ul[@class='legend']/li")
    assert [_text(item) for item in changed] == [
        "baseline: restart", "hotpatch: no restart", "component update: whether it restarts is not known",
        "cumulative update (LCU), preview of an LCU, first build: restart",
    ]  # fmt: skip
    assert _text(_main(whole, "/changes?kind=restart").xpath(".//ul[@class='legend']")[0]) == "baseline: restart"
    assert _main(whole, "/changes?kind=price").xpath(".//ul[@class='legend']") == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/hotpatch/what_is_this_kb?kb=KB5070893", ".//td[contains(@class, 'col-restart_required')]"),
        ("/hotpatch/what_is_this_build?build=26100.6905&product=ws2025", ".//td[contains(@class, 'col-restart_required')]"),
        ("/hotpatch/releases?kb=5074204&product=ws2025&_col=restart_required", ".//td[contains(@class, 'col-restart_required')]"),
    ],
)
def test_tables_say_that_a_restart_is_not_known(whole: Datasette, path: str, found: str) -> None:
    said = [_text(cell) for cell in _main(whole, path).xpath(found)]
    assert said.count("not known") == 1
    assert "" not in said
    assert "不明" in [_text(cell) for cell in _main(whole, f"/ja{path}").xpath(found)]


def test_the_row_of_a_component_says_that_a_restart_is_not_known(whole: Datasette) -> None:
    rows = get(whole, "/hotpatch/releases.json", kb="5070893", _shape="objects").json()["rows"]
    fields = _main(whole, f"/hotpatch/releases/{rows[0]['release']}").xpath(".//dl[contains(@class, 'row')]")[0]
    said = dict(
        zip((_text(name) for name in fields.xpath("./dt")), (_text(value.xpath("./div")[0]) for value in fields.xpath("./dd")), strict=True)
    )
    assert said["restart_required"] == "not known"
    assert said["classification"] == "component"


def test_what_closes_a_cve_beside_a_hotpatch_may_restart(whole: Datasette) -> None:
    said = _said(whole, "/build/26100.7392?on=2025-12-20")
    assert "Install KB5074204 too, unless it is installed. Whether it restarts is not known." in said


def test_a_hotpatch_that_closes_a_cve_names_its_baseline(whole: Datasette) -> None:
    said = _said(whole, "/cve/CVE-2026-25172")
    assert (
        "Some hotpatches of March 2026 leave it open: install KB5084597 or anything later of the hotpatch line. "
        "It is a hotpatch: no restart, but only on a machine with its baseline KB5074109 of January 2026; later baselines restart."
    ) in said
    assert "(a hotpatch, no restart)" not in said


# --- what is to come ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-07-24", "Until then 2 hotpatches without a restart are planned."),  # August and September
        ("2026-09-01", "Until then one hotpatch without a restart is planned."),
    ],
)
def test_hotpatches_that_are_to_come_are_planned(whole: Datasette, at: At, day: str, said: str) -> None:
    at(day)
    for path in ("/", "/product/ws2025"):
        found = _said(whole, path)
        assert said in found
        assert not re.search(r"without a restart(?! (are|is) planned)\.", found)


def test_a_hotpatch_that_no_plan_has_is_expected(tmp_path: Path) -> None:
    path = Path(shutil.copy(SEED_DATABASE, tmp_path / "x.db"))
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("update hotpatch_calendar set planned_by = 'cadence' where product = 'ws2022' and month = '2026-09'")
    with opened(path, public=True) as ds:
        assert "Until then 2 hotpatches without a restart are expected." in _said(ds, "/product/ws2022")
        assert "Until then 2 hotpatches without a restart are planned." in _said(ds, "/product/ws2025")


def _below(ds: Datasette, path: str) -> dict[str, str]:
    table = _main(ds, path).xpath(".//th[contains(., 'that need it')]/ancestor::table")[0]
    return {_text(row[1]): _text(row[3]) for row in table.xpath(".//tbody/tr")}


def test_a_hotpatch_of_the_newest_baseline_may_be_to_come(whole: Datasette, at: At) -> None:
    now = _below(whole, "/product/ws2025")
    assert (now["KB5099536"], now["KB5094125"]) == ("none released yet", "no hotpatch needs it")  # of July; of June, followed by it
    then = _below(whole, "/product/ws2025?on=2026-06-20")
    assert (next(iter(then)), then["KB5094125"]) == ("KB5094125", "none released yet")
    at(STALE)  # months that nobody read may have had some
    assert _below(whole, "/product/ws2025")["KB5099536"] == "none that was read"


# --- a fleet ------------------------------------------------------------------------------------------------------------

CLEAR = "No machine is known to need an update that restarts."
HEADER = "host,product,build,line,kbs\n"


def _judged(ds: Datasette, machines: str) -> Any:
    (main,) = lxml.html.fromstring(form(ds, fleet=HEADER + machines).text).xpath("//main")
    return main


def _lede(main: Any) -> str:
    return _text(main.xpath(".//p[@class='lede']")[0])


@pytest.mark.parametrize(
    ("machines", "said"),
    [
        ("a,ws2025,26100.33158,hotpatch,\n", CLEAR),
        ("a,ws2025,26100.32704,hotpatch,\n", "1 need an update that restarts."),  # the baseline of July is newer
        ("a,ws2022,20348.5256,standard,\n", "1 need an update that restarts."),
        ("a,win11-25h2,26200.8875,hotpatch,\n", CLEAR),
        ("a,ws2025,noise,,\nb,ws2025,26100.40000,,\n", "Of 2 it is not known whether they need one that restarts."),
        ("a,ws2025,26100.33158,hotpatch,\nb,,26100.6905,,\n", "Of 1 it is not known whether they need one that restarts."),  # ambiguous
        ("a,ws2025,26100.33158,hotpatch,\nb,ws2025,noise,,\n", "Of 1 it is not known whether they need one that restarts."),
        ("a,ws-23h2,25398.2330,,\n", ""),  # its support has ended: nothing is to be installed, and nothing reassures
    ],
)
def test_a_fleet_says_nothing_reassuring_of_what_is_not_known(whole: Datasette, machines: str, said: str) -> None:
    assert _lede(_judged(whole, machines)) == said


def test_a_fleet_of_old_data_is_not_known(whole: Datasette, at: At) -> None:
    at(STALE)
    main = _judged(whole, "a,ws2025,26100.33158,hotpatch,\nb,win11-25h2,26200.8893,hotpatch,\n")
    assert _lede(main) == "Of 2 it is not known whether they need one that restarts."
    assert CLEAR not in _text(main)


def test_a_kb_that_may_be_missing_may_restart(whole: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hotpatch of today leaves a CVE open, so that of Windows 11 is made to."""
    still_open = Message(
        "{cves} is open unless its companion {kb} is installed, which the build does not show", cves="CVE-2026-20001", kb="KB5121768"
    )
    monkeypatch.setattr(verdicts, "left_open", lambda product, *_: [still_open] if product.id.startswith("win11") else [])
    main = _judged(whole, "a,ws2025,26100.33158,hotpatch,\nb,win11-25h2,26200.8893,hotpatch,\n")
    assert _lede(main) == "Of 1 a KB may be missing of which it is not known whether it restarts."


def test_patched_says_of_what_and_as_of_when(whole: Datasette) -> None:
    main = _judged(
        whole, "a,ws2025,26100.33158,hotpatch,\nb,ws2025,26100.33158,standard,\nc,,26100.33158,,\nd,ws2025,26100.32772,hotpatch,\n"
    )
    said = {
        _text(row[0]): _text(row.xpath("./td[.//*[contains(@class, 'status')]]")[0])
        for row in main.xpath(".//table[@id='verdicts']/tbody/tr")
    }
    assert said == {
        "a": "patched Windows Server 2025, hotpatch line, data as of 23 July 2026",
        "b": "patched Windows Server 2025, standard line, data as of 22 July 2026",
        "c": "patched Windows Server 2025, line not stated, data as of 22 July 2026",  # the older day of its two lines
        "d": "restart due",
    }


def test_two_products_that_share_a_verdict_are_told_apart(whole: Datasette) -> None:
    """KB5121768 is the newest hotpatch of both: their lines of an answer end alike."""
    main = _judged(whole, "a,win11-25h2,26200.8893,hotpatch,\nb,win11-24h2,26100.8893,hotpatch,\n")
    said = [_text(small).split(", hotpatch line")[0] for small in main.xpath(".//small[@class='rests']")]
    assert said == ["Windows 11, version 25H2", "Windows 11, version 24H2"]


def test_what_restarts_looks_alike(whole: Datasette) -> None:
    main = _judged(whole, "a,ws2025,26100.32772,hotpatch,\nb,ws2022,20348.5256,standard,\nc,ws2025,26100.32704,hotpatch,\n")
    chips = main.xpath(".//table[@id='verdicts']//*[contains(@class, 'status')]/@class")
    assert sorted(set(chips)) == ["status behind restarts", "status restart_due"]
    (box,) = _main(whole, "/build/20348.5256").xpath(".//div[@class='verdict behind']//strong[contains(@class, 'status')]")
    assert box.get("class") == "status behind restarts"
    css = (Path(site.__file__).parent / "static" / "site.css").read_text(encoding="utf-8")
    for rule in (
        ".status:is(.behind, .restart_due) { --c: var(--bad); background: var(--bad-bg); }",
        '.status:is(.restart_due, .behind.restarts)::before { content: "\\25A0"; }',
        ".verdict:is(.behind, .restart_due, .unsupported) { border-left-color: var(--bad); background: var(--bad-bg); }",
    ):
        assert rule in css


def test_the_empty_form_has_an_example_that_can_be_judged(whole: Datasette) -> None:
    main = _main(whole, "/fleet")
    table = main.xpath(".//table")[0]
    assert [_text(name) for name in table.xpath(".//th")] == ["host", "product", "build", "kbs"]
    taken = main.xpath(".//button/@data-take")[0]
    cells = [",".join(_text(cell) for cell in row.xpath("./th | ./td")) for row in table.xpath(".//tr")]
    assert taken.splitlines() == cells
    assert _text(main.xpath(".//button[@type='submit']")[0]) == "Check"
    (judged,) = lxml.html.fromstring(form(whole, fleet=taken).text).xpath("//main")
    assert [_text(chip) for chip in judged.xpath(".//table[@id='verdicts']//*[contains(@class, 'status')]")] == [
        "restart due", "patched", "patched",
    ]  # fmt: skip
    assert judged.xpath(".//button[@data-take]") == []


# --- how old the data is ------------------------------------------------------------------------------------------------


def _strip(ds: Datasette, path: str) -> str:
    found = lxml.html.fromstring(get(ds, path).text).xpath("//aside[contains(@class, 'strip')]")
    return f"{found[0].get('class')}: {_text(found[0].xpath('.//summary')[0]).removesuffix(' What to do')}" if found else ""


def test_a_strip_names_the_oldest_day_that_its_page_rests_on(whole: Datasette) -> None:
    late = "strip warn: Data as of {}. 4 sources are late."
    older, newer = late.format("22 July 2026"), late.format("23 July 2026")
    of_all = ("/", "/calendar/2026", "/calendar/2026-06", "/changes", "/sources", "/hotpatch/releases")
    # The standard line of the servers was read on the 22nd.
    assert [_strip(whole, path) for path in of_all] == [older] * 6
    assert [_strip(whole, path) for path in ("/product/ws2025", "/build/26100.33158", "/kb/5087423", "/changes?product=ws2025")] == [
        older
    ] * 4
    assert [_strip(whole, path) for path in ("/product/win11-25h2", "/build/26200.8893", "/changes?product=win11-25h2")] == [newer] * 3
    assert _strip(whole, "/build/26100") == older  # of both


def test_a_page_about_a_cve_rests_on_the_security_data(whole: Datasette) -> None:
    said = "strip bad: Data about CVEs as of 28 June 2026. A Patch Tuesday has passed since: nothing here is known to be current."
    assert _strip(whole, "/cve/CVE-2026-25172") == said
    assert _strip(whole, "/build/26100.33158?cve=CVE-2026-25172") == said
    missing = get(whole, "/cve/CVE-2026-99999")
    assert "The data ends on 28 June 2026; a newer CVE is not in it." in _text(lxml.html.fromstring(missing.text))


def test_security_data_without_the_last_month_is_late(whole: Datasette, at: At) -> None:
    def state() -> str:
        (row,) = [row for row in _main(whole, "/sources").xpath(".//tbody/tr") if _text(row[0]).startswith("CVEs per KB")]
        return _text(row[1])

    assert state() == "10 days late"  # 14 July
    first = _main(whole, "/sources").xpath(".//tbody/tr")[:4]
    assert all("late" in _text(row[1]) for row in first)
    at("2026-07-14")
    assert state() == "late since today"
    at("2026-07-13")
    assert state() == "in the package"


def test_a_line_that_lags_behind_the_others_is_said(tmp_path: Path) -> None:
    path = Path(shutil.copy(SEED_DATABASE, tmp_path / "x.db"))
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("update lines set data_until = '2026-07-01' where product = 'win11-23h2'")
        conn.execute(
            "update lines set data_until = '2025-01-01' where product in ('win10-1507', 'ws-azure-preview')"
        )  # have ended: read no more
    with opened(path, public=True) as ds:
        assert _strip(ds, "/") == "strip warn: Data as of 1 July 2026. For some of it a Patch Tuesday has passed since."
        assert _strip(ds, "/product/ws2025") == "strip warn: Data as of 22 July 2026. 4 sources are late."
        assert _strip(ds, "/product/win11-23h2").startswith("strip bad: Data as of 1 July 2026. A Patch Tuesday has passed since")


# --- restarts that nobody expected --------------------------------------------------------------------------------------


def test_what_became_a_baseline_is_as_strong_as_a_new_one_on_the_home_page(whole: Datasette) -> None:
    news = _main(whole, "/").xpath(".//ul[@class='news']/li")
    (row,) = [row for row in news if "KB5094125" in _text(row)]
    assert row.get("class") == "strong"
    assert row.xpath(".//i/@class") == ["mark baseline"]
    assert _text(row.xpath(".//a")[0]) == "Windows Server 2025: KB5094125 26100.32995 is a baseline now, not a cumulative update (LCU)"
    # The new baselines of July are there beside it.
    assert sum(": new baseline" in _text(row) for row in news) == 4


def test_other_corrections_stay_folded(tmp_path: Path) -> None:
    path = Path(shutil.copy(SEED_DATABASE, tmp_path / "x.db"))
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "update changes set old_value = 'baseline', new_value = 'cumulative' where field = 'classification' and subject like '%ws2022%'"
        )
    with opened(path, public=True) as ds:
        page = _main(ds, "/changes?month=2026-07")
        (folded,) = page.xpath(".//details[contains(summary, 'Corrections')]")
        assert _text(folded.xpath("./summary")[0]) == "Corrections of older releases: 2"
        assert "Windows Server 2022: KB5099540 20348.5386 is a cumulative update (LCU) now, not a baseline" in _text(folded)
        assert "is a cumulative update (LCU) now" not in _said(ds, "/")


# --- support ------------------------------------------------------------------------------------------------------------


def _chips(ds: Datasette, name: str) -> list[tuple[str, str]]:
    """The chips of a product in the table of the home page: their looks and words."""
    (row,) = [row for row in _main(ds, "/").xpath(".//*[@id='all']//tr") if [link.text_content() for link in row[0].xpath("./a")] == [name]]
    return [(chip.get("class"), _text(chip)) for chip in row[0].xpath(".//*[contains(@class, 'status')]")]


def test_support_that_others_alone_report_is_not_green(whole: Datasette) -> None:
    reported = [("status plain", "reported by others")]
    assert _chips(whole, "Windows 11, version 26H2") == reported
    top = _main(whole, "/product/win11-26h2").xpath(".//h1/following-sibling::p[1]")[0]
    assert [(chip.get("class"), _text(chip)) for chip in top.xpath(".//*[contains(@class, 'status')]")] == reported  # beside the day
    assert "supported" not in _text(top)
    assert _chips(whole, "Windows 11, version 26H1") == [("status supported", "supported")]


def test_what_has_ended_has_one_look(whole: Datasette, at: At) -> None:
    ended = ("status unsupported", "Home, Pro: ended")
    assert _chips(whole, "Windows 11, version 23H2") == [("status ends_soon", "ends soon"), ended]
    at("2026-10-20")
    assert _chips(whole, "Windows 11, version 24H2") == [("status supported", "supported"), ended]
    table = _main(whole, "/product/win11-24h2").xpath(".//h2[.='Support by edition']/following-sibling::table[1]")[0]
    assert {(chip.get("class"), _text(chip)) for chip in table.xpath(".//td[3]//*[contains(@class, 'status')]")} == {
        ("status unsupported", "ended")
    }


def test_an_update_for_esu_alone_says_so_where_it_is_named(whole: Datasette) -> None:
    said = (
        "KB5099539 19045.7548 copy 14 July 2026 only with ESU Support of all editions has ended: "
        "only machines with Extended Security Updates (ESU) get it, until 10 October 2028. reported by others"
    )
    assert said in _said(whole, "/product/win10-22h2")
    (row,) = [row for row in _main(whole, "/").xpath(".//*[@id='all']//tr") if "Windows 10, version 22H2" in _text(row)]
    assert _text(row[2]).startswith("KB5099539 19045.7548 only with ESU")
    assert "Newest, standard line cumulative update (LCU) KB5099539 19045.7548 copy only with ESU" in _said(whole, "/build/19045")
    assert "KB5099539 19045.7548 , 14 July 2026 only with ESU" in _said(whole, "/build/19045.5247")
    # The LTSC editions of 21H2 get the same KB, and the newest one of 22H2 on the day of its last support was for all.
    assert "only with ESU" not in _said(whole, "/product/win10-21h2")
    assert "only with ESU" not in _said(whole, "/product/win10-22h2?on=2025-10-14")
    assert "ESU のみ" in _said(whole, "/ja/product/win10-22h2")


def test_the_picture_of_a_product_says_that_its_update_is_for_esu_alone(at: At) -> None:
    at(FRESH)
    with closing(open_for_reading(Path(SEED_DATABASE))) as conn:
        card = cards._product(conn, "win10-22h2", words("en"))
        other = cards._product(conn, "win10-21h2", words("en"))
    assert card is not None
    assert other is not None
    assert card.lines == ["Newest: KB5099539 19045.7548", "only with ESU"]
    assert other.lines == ["Newest: KB5099539 19044.7548"]


# --- what a build needs -------------------------------------------------------------------------------------------------


def _boxes(ds: Datasette, path: str) -> list[list[str]]:
    return [[_text(line) for line in box.xpath("./h3 | ./p")] for box in _main(ds, path).xpath(".//div[starts-with(@class, 'verdict')]")]


def test_each_line_has_its_newest_and_its_next_restart(whole: Datasette) -> None:
    hotpatch, standard, *_ = _boxes(whole, "/kb/5100456")  # the article of the baseline of June 2026, of two versions
    assert hotpatch == [
        "On the hotpatch line", "Not patched: a restart is due", "the baseline KB5101650 of 14 July 2026 is newer; 1 month behind",
        "Install KB5101650 . It restarts.",
        "Also newer, out of band or for a component: KB5121768 (whether it is required was not read)",
        "Newest of the line: KB5121768 26200.8893 , 18 July 2026",
        "Next restart: due now, for a newer baseline ; after that Tue 13 Oct 2026 (planned)", "Data of this line as of 23 July 2026",
    ]  # fmt: skip
    assert standard[-3:] == [
        "Newest of the line: KB5121767 26200.8894 , 18 July 2026",
        "Next restart: due now, to install KB5101650 ; after that Tue 11 Aug 2026 (expected)", "Data of this line as of 23 July 2026",
    ]  # fmt: skip
    assert len(_boxes(whole, "/kb/5100456")) == 4
    facts = [_text(name) for name in _main(whole, "/kb/5100456").xpath(".//dl[@class='facts']/dt")]
    assert "Next restart" not in facts
    assert "Newest of the line" not in facts


def test_a_box_of_both_lines_names_each(whole: Datasette, at: At) -> None:
    at("2032-01-01")  # after the support of Windows Server 2022
    (both,) = _boxes(whole, "/build/20348.5386")
    assert both[:2] == ["On both lines", "Not supported"]
    assert [line for line in both if "Newest" in line] == [
        "Newest of the line (hotpatch line): KB5099540 20348.5386 , 14 July 2026",
        "Newest of the line (standard line): KB5099540 20348.5386 , 14 July 2026",
    ]
    at(STALE)
    # What is newer differs by line: two boxes, though nothing of either is known.
    hotpatch, standard = _boxes(whole, "/build/26100.8875")
    assert [box[1] for box in (hotpatch, standard)] == ["Not known", "Not known"]
    assert ["KB5121768 (" in " ".join(hotpatch), "KB5121767 (" in " ".join(standard)] == [True, True]


def test_candidates_of_an_ambiguous_build_are_a_table(whole: Datasette) -> None:
    main = _main(whole, "/build/26100.6905")
    (table,) = main.xpath(".//table[contains(@class, 'candidates')]")
    assert [_text(name) for name in table.xpath(".//th[not(@scope)]")] == ["Product", "KB", "Line", "Date", "Verdict", "What to do"]
    server, client = "Install KB5099536 . It restarts.", "Install KB5101650 . It restarts."
    assert [[_text(cell) for cell in row] for row in table.xpath("./tbody/tr")] == [
        ["Windows Server 2025", "KB5070881", "hotpatch line", "2025-10-23", "restart due", server],
        ["Windows Server 2025", "KB5070881", "standard line", "2025-10-23", "behind", server],
        ["Windows Server 2025", "KB5070893", "hotpatch line", "2025-10-24", "restart due", server],
        ["Windows 11, version 24H2", "KB5070881", "hotpatch line", "2025-10-23", "restart due", client],
        ["Windows 11, version 24H2", "KB5070881", "standard line", "2025-10-23", "behind", client],
    ]
    assert [main.xpath(f".//h2[@id='{link.removeprefix('#')}']") != [] for link in table.xpath(".//th/a/@href")] == [True] * 5
    assert main.xpath(".//strong[.='Not patched, whichever it is.']/@class") == ["status behind restarts"]


def test_a_newer_update_is_optional_only_by_security_data_that_was_read_after_it(whole: Datasette, tmp_path: Path) -> None:
    """The data about CVEs is of 28 June: of KB5121768 of 18 July nobody knows whether it fixes one."""
    unread = "Only KB5121768 is newer; it is out of band or for a component, and whether it is required was not read"
    assert unread in _boxes(whole, "/build/26100.8875")[0]
    (said,) = [line for line in _boxes(whole, "/build/26100.6905")[-2] if line.startswith("Also newer")]
    assert said == (
        "Also newer, out of band or for a component: KB5121768 (whether it is required was not read); "
        "KB5074204 , KB5078167 , KB5084897 , KB5085518 (optional by what was read)"
    )
    path = Path(shutil.copy(SEED_DATABASE, tmp_path / "x.db"))
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("update pages set fetched_at = '2026-07-22T00:00:00Z' where source = 'facts_kb_cves'")
    with opened(path, public=True) as ds:
        assert unread.replace("whether it is required was not read", "not required by what was read") in _boxes(ds, "/build/26100.8875")[0]


def test_the_api_calls_a_late_copy_late_as_the_site_does(whole: Datasette, at: At) -> None:
    """The copy of MSRC's data was read on 28 June: a Patch Tuesday later it lacks a month."""
    for day, is_late in (("2026-07-10", False), (FRESH, True)):
        at(day)
        row = next(row for row in get(whole, "/api/status").json() if row["source"] == "facts_kb_cves")
        assert (row["last_good_at"][:10], bool(row["is_stale"]), row["due_at"]) == (
            "2026-06-28",
            is_late,
            "2026-07-14T00:00:00Z" if is_late else None,
        )
        (shown,) = _main(whole, "/sources").xpath(".//tbody/tr[contains(th, 'MSRC')]/td[1]")
        assert _text(shown) == ("10 days late" if is_late else "in the package")
