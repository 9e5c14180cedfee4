"""KBs that Microsoft's security data names for a product of which no list has them: said everywhere as that, and never a fix."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from conftest import Command
from helpers.datasettes import get, get_all, opened

from hotpatch_kb.db.answers.exposure.unlisted import unlisted_fixes
from hotpatch_kb.db.site.export.answers import Answers
from hotpatch_kb.db.store.connections import SEED_DATABASE, open_for_reading

SAID = "Microsoft's security data names KB5094126 for Windows Server 2025, but KB5094126 is no update of Windows Server 2025: not known"
IN_JAPANESE = (
    "Microsoft のセキュリティ情報は Windows Server 2025 について KB5094126 を挙げていますが、"
    "KB5094126 は Windows Server 2025 の更新プログラムではないため、この製品で修正されるかどうかは不明です"
)


@pytest.fixture(scope="module")
def whole() -> Iterator[Any]:
    """The public site over all embedded facts."""
    with opened(Path(SEED_DATABASE), public=True) as ds:
        yield ds


@pytest.fixture(autouse=True)
def _day(at: Callable[[str], None]) -> None:
    at("2026-07-24")


def _text(page: str) -> str:
    (main,) = lxml.html.fromstring(page).xpath("//main")
    return " ".join(main.text_content().split())


def test_a_kb_of_another_product_fixes_nothing_on_this_one(whole: Any) -> None:
    pages = get_all(whole, ["/cve/CVE-2026-50507", "/build/26100.33158?cve=CVE-2026-50507", "/kb/5100456", "/kb/5094126"])
    cve, build, article, kb = (_text(page.text) for page in pages)
    assert "Fixed on 11 products, first on 9 June 2026." in cve
    assert all(SAID in text for text in (cve, build, article, kb))
    assert "26100.8655" not in " ".join(row.text_content() for row in _rows(pages[0].text) if "Server 2025" in row.text_content())
    assert not any("Server 2025" in row.text_content() for row in _rows(pages[0].text))
    assert "Windows Server 2025: 1" not in article
    assert "Windows 11, version 25H2: " in article
    assert all(IN_JAPANESE in _text(page.text) for page in get_all(whole, ["/ja/cve/CVE-2026-50507", "/ja/kb/5100456"]))


def _rows(page: str) -> list[Any]:
    rows: list[Any] = lxml.html.fromstring(page).xpath("//main//table//tr")
    return rows


def test_the_command_the_api_and_an_export_say_the_same(run: Command, whole: Any, tmp_path: Path) -> None:
    db = ("--db", SEED_DATABASE)
    assert f"  asked        CVE-2026-50507 (Important): {SAID}" in run("lookup", "26100.33158 CVE-2026-50507", *db).out
    out = run("lookup", "CVE-2026-50507", *db).out
    assert f"  not known    {SAID}" in out
    assert not [line for line in out.splitlines() if line.startswith("  ws2025")]
    asked = get(whole, "/api/lookup?q=26100.33158+CVE-2026-50507").json()["asked_cve"][0]
    assert (asked["is_open"], asked["fixed_by"], asked["unlisted_note"]) == (None, None, SAID)
    assert get(whole, "/api/lookup?q=20348.5256+CVE-2026-50507").json()["asked_cve"][0]["unlisted_note"] is None
    row = {
        "product": "ws2025", "kb": "KB5094126", "cve": "CVE-2026-50507", "severity": "Important", "build": "26100.8655", "source_month": "2026-06",
        "kind": "other_product", "note": SAID,
    }  # fmt: skip
    assert get(whole, "/api/lookup?q=CVE-2026-50507").json()["unlisted"] == [row]
    shutil.copy(SEED_DATABASE, tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as conn, conn:
        conn.execute("delete from kb_cves where cve <> 'CVE-2026-50507'")  # an export of all takes a minute
    with closing(open_for_reading(tmp_path / "x.db")) as conn:
        exported = dict(Answers(conn, "2026-07-24").cves())["CVE-2026-50507"]
    assert [entry | {"note": str(entry["note"])} for entry in exported["unlisted"]] == [row]
    assert "ws2025" not in {fix["product"] for fix in exported["fixed_by"]}
    assert {fix["kb"] for fix in exported["fixed_by"] if fix["product"] == "win11-24h2"} == {5094126}


def test_a_cve_that_only_such_kbs_fix_is_not_called_fixed(run: Command, tmp_path: Path) -> None:
    """In August 2022 the data names KB5012170, an update of Secure Boot, which no list of releases has."""
    shutil.copy(SEED_DATABASE, tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as conn, conn:
        (cve,) = conn.execute(
            """select cve from kb_cves where kb = 5012170 and cve not in (select c.cve from kb_cves as c join releases as r on r.kb = c.kb
            and r.product = c.product) order by cve limit 1"""
        ).fetchone()
    done = run("lookup", cve, "--db", "x.db")
    assert done.code == 4
    assert f"{cve}: not found; security data names it only for KBs that are no release of their product" in done.out
    assert (
        "Microsoft's security data names KB5012170 for Windows Server 2019, and no list of its releases has KB5012170: not known"
        in done.out
    )
    with opened(tmp_path / "x.db", public=True) as ds:
        page = get(ds, f"/cve/{cve}")
    assert page.status_code == 200
    assert "No release that was read is known to fix it." in _text(page.text)
    assert "has the fix" not in _text(page.text)


def test_a_kb_that_came_after_the_lists_is_told_apart(tmp_path: Path) -> None:
    shutil.copy(SEED_DATABASE, tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as conn, conn:
        conn.execute("update lines set data_until = '2026-06-01' where product = 'ws2025' and line = 'standard'")
        (row,) = unlisted_fixes(conn, cve="CVE-2026-50507")
        assert row["kind"] == "unread"
        assert str(row["note"]) == (
            "Microsoft's security data names KB5094126 for Windows Server 2025, whose releases were last read before it came: not known"
        )
        assert {(row["product"], row["kind"]) for row in unlisted_fixes(conn, kb=5012170) if row["product"].startswith("ws")} == {
            ("ws2016", "unlisted"), ("ws2019", "unlisted"),
        }  # fmt: skip


def test_what_closes_a_cve_on_the_hotpatch_line_is_named_first(whole: Any) -> None:
    march, december, may = get_all(whole, ["/cve/CVE-2026-25172", "/cve/CVE-2025-54100", "/ja/cve/CVE-2026-25172"])
    text = _text(march.text)
    left = "The cumulative update of that month fixes it too, but a machine that installs it leaves the hotpatch line."
    assert (
        "Some hotpatches of March 2026 leave it open: install KB5084597 or anything later of the hotpatch line. It is a hotpatch: no restart, but only on a machine with its baseline KB5074109 of January 2026; "
        f"later baselines restart. {left}" in text
    )
    assert f"Some hotpatches leave it open. {left}" in _text(december.text)  # by two component updates
    assert (
        "2026 年 3 月の一部のホットパッチでは修正されません。KB5084597、またはそれ以降のホットパッチかベースラインをインストールしてください。これはホットパッチで、2026 年 1 月のベースライン KB5074109 を適用済みのコンピューターにだけインストールでき"
        in _text(may.text)
    )
    # The kind is beside each KB, in the column of its line.
    (row,) = [row for row in _rows(march.text) if row[0].text_content() == "Windows 11, version 25H2"]
    assert [" ".join(cell.text_content().split()) for cell in row[1:]] == [
        "hotpatch KB5084597 26200.7982 2026-03-13", "cumulative update (LCU) KB5079473 26200.8037 2026-03-10",
    ]  # fmt: skip


def test_without_a_later_hotpatch_the_next_baseline_closes_it(whole: Any) -> None:
    """KB5014677 of June 2022 left one open on Windows Server 2022; the baseline of July is KB5015827."""
    with closing(open_for_reading(Path(SEED_DATABASE))) as conn:
        (cve,) = conn.execute("select cve from cve_gaps where product = 'ws2022' and month = '2022-06'").fetchone()
    text = _text(get(whole, f"/cve/{cve}").text)
    assert (
        "Some hotpatches of June 2022 leave it open: install the baseline KB5015827 (it restarts) or anything later of the hotpatch line."
        in text
    )
    assert "the hotpatch KB5014677 leaves it open; the next baseline KB5015827 closes it" in text
