"""The Japanese pages are Japanese: what is left in English says so (``lang="en"``), or is a name."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, NavigableString
from helpers.datasettes import Datasette, opened

from hotpatch_kb.db import site
from hotpatch_kb.db.model.products import KNOWN
from hotpatch_kb.db.site import i18n
from hotpatch_kb.db.store import schema

HIDDEN = {"subjects", "_sqlite_migrations"}
OWN = (
    "/", "/build/26100.32772", "/build/26100.6905", "/build/26100", "/build/26100.99999", "/kb/5087423", "/kb/5099536", "/kb/5070881", "/product/ws2025", "/product/ws2022",
    "/product/win10-22h2", "/calendar/2026", "/calendar/2027", "/calendar/2026-06", "/changes", "/changes?product=ws2025&month=2026-07&kind=restart", "/sources", "/about", "/eligible",
    "/eligible?q=Windows+Server+2025+Standard", "/eligible?q=Business+Premium", "/questions", "/prices", "/cost", "/cost?cores=400&from=2025-08&to=2026-04", "/cost?cores=x", "/fleet",
    "/subscribe", "/api", "/lookup?q=zzz", "/cve/CVE-2026-25172", "/nope", "/hotpatch", "/hotpatch/nope",
    "/hotpatch/releases?_facet=product&_facet=classification&kb__gt=1&_sort_desc=kb", "/hotpatch/releases?kb=1", "/hotpatch/what_is_this_build?build=26100.6905", "/hotpatch/products/ws2025", "/hotpatch/kbs/5087423", "/offline",
    "/hotpatch/conflicts?_sort=field", "/hotpatch/eligibility?kind=image", "/hotpatch/hotpatch_calendar/ws2025,2026-06", "/hotpatch/lifecycles/win11-24h2,home_pro,end_of_servicing",
)  # fmt: skip
TABLES = [f"/hotpatch/{name}" for name in sorted({*schema.comments(), *schema.view_files()} - HIDDEN)]
QUERIES = [f"/hotpatch/{name}" for name in site.config(public=False)["metadata"]["databases"]["hotpatch"]["queries"]]
# Names as their owners write them. All others are words of the languages, and products come from the facts.
NAMES = {
    "Defender for Servers",
    "Windows Server, version",
    "Windows Update for Business",
    "Windows, version",
    *(product.name for product in KNOWN.values()),
}
READ_ALOUD = ("title", "aria-label", "placeholder", "alt", "data-of", "data-done")
# Two words or more, one of them small: "Next page". A command is one, and so is a product: they are taken out before.
PHRASE = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[,:;]? [A-Za-z][A-Za-z'’-]*)+")
COMMAND = re.compile(r"hotpatch-kb(?: [a-z-]+)?")


def _texts(html: str) -> Iterator[str]:
    """What a reader sees or hears, but for what is marked as English, as code or as typed."""
    soup = BeautifulSoup(html, "lxml")
    for element in soup.select('script, style, code, pre, textarea, kbd, .mono, [lang="en"], [type="hidden"]'):
        element.decompose()
    yield from (str(text) for text in soup.find_all(string=True) if type(text) is NavigableString)
    for element in soup.find_all(True):
        yield from (str(element[name]) for name in READ_ALOUD if element.get(name))
    yield from (str(element["content"]) for element in soup.select('meta[name="description"]'))


def left(html: str) -> set[str]:
    """Return the English phrases of a page."""
    found = set()
    for text in _texts(html):
        plain = " ".join(text.split())
        for name in sorted(NAMES, key=len, reverse=True):
            plain = plain.replace(name, "。")
        for phrase in PHRASE.findall(COMMAND.sub("。", plain)):
            if re.search(r"(?<![\w-])[a-z][a-z'’-]+(?![\w.])", phrase):
                found.add(phrase)
    return found


@pytest.fixture(autouse=True)
def _day(at: Any) -> None:
    at("2026-10-20")  # sources are late, and a baseline is overdue: the pages say more than on a good day


@pytest.mark.parametrize("path", [*OWN, *TABLES, *QUERIES])
def test_no_english_is_left_on_a_japanese_page(public: Datasette, own: Datasette, path: str) -> None:
    for ds in (public, own) if path.startswith("/hotpatch") else (public,):
        answer = asyncio.run(ds.client.get(f"/ja{path}", follow_redirects=True))
        assert '<html lang="ja">' in answer.text
        assert left(answer.text) == set()


def test_english_that_is_left_is_found() -> None:
    page = '<html lang="ja"><h1>日本語</h1><p>KB5087423 は Windows Server 2025 の更新です</p><a title="Next page">次</a><p>This data as <code>a b</code></p><i lang="en">the words</i></html>'
    assert left(page) == {"Next page", "This data as"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/changes",
        "/build/26100.32772",
        "/product/win11-24h2",
        "/calendar/2026",
        "/build/26100.8893",
        "/kb/5089466",
        "/prices",
        "/hotpatch/releases",
        "/hotpatch/hotpatch_calendar",
        "/hotpatch/products/win11-24h2",
        "/hotpatch/lifecycles/win11-24h2,home_pro,end_of_servicing",
    ],
)
def test_products_and_sources_have_their_japanese_names(public: Datasette, path: str) -> None:
    answer = asyncio.run(public.client.get(f"/ja{path}"))
    text = " ".join(_texts(answer.text))
    assert answer.status_code == 200
    assert not re.search(r"[ぁ-んァ-ヶ一-龠)0-9], \S|[（）]", text)
    for english in (", version ", "preview of 2021", "release information", ", a day", "enabled server"):
        assert english not in text


def test_a_product_is_named_in_the_language_of_a_table(public: Datasette) -> None:
    for language, name in (("ja", "Windows 11 バージョン 24H2"), ("en", "Windows 11, version 24H2")):
        page = BeautifulSoup(asyncio.run(public.client.get(f"/{language}/hotpatch/releases?product=win11-24h2")).text, "lxml")
        assert page.select_one(f'td.col-product .cell[lang="{language}"] a').text == name  # type: ignore[union-attr]


def test_a_restart_says_once_which_day_it_is_in_japan(public: Datasette) -> None:
    """Microsoft's Tuesday is a Wednesday in Japan; the time stays the day that Microsoft states."""
    page = BeautifulSoup(asyncio.run(public.client.get("/ja/")).text, "lxml")
    answers = page.select(".answers > .answer")
    assert len(answers) == 4
    for answer in answers:
        # The planned day that passed unread, and the next one.
        days = [note.text.replace("\xa0", " ") for note in answer.select(".us")]
        assert days == ["米国時間、日本では 14 日(水)", "米国時間、日本では 13 日(水)"]
        assert answer.select_one(".when time")["datetime"] == "2026-10-13"  # type: ignore[index]
    assert "日本では" not in asyncio.run(public.client.get("/en/")).text


@pytest.mark.parametrize(
    ("path", "titles"),
    [
        ("sources?_sort=source&_size=2", ["ベースラインについての記事", "ホットパッチの利用条件 (文書より)"]),
        ("prices?meter=Azure+Arc-enabled+server&currency=JPY", ["Azure Update Manager、Azure Arc 対応サーバー: 725.0 JPY (サーバー/月)"]),
        ("claims?subject=price/Hotpatch/ws2025/Azure+Arc-enabled+server/USD+core+per+month/-/2026-05-19&field=amount&_size=1",
            ["ホットパッチ、Windows Server 2025、Azure Arc 対応サーバー、USD (コア/月)、2026 年 5 月 19 日、金額: 0"]),
        ("eligibility?sku=2025-datacenter", ["イメージ: Azure Edition ではないため利用不可、WindowsServer、2025-datacenter"]),
        ("conflicts?subject=lifecycle/win11-26h2/home_pro/end_of_servicing&_size=1", ["Windows 11 バージョン 26H2、Home、Pro、サービス提供、終了日"]),
    ],
)  # fmt: skip
def test_a_row_is_called_in_japanese(public: Datasette, path: str, titles: list[str]) -> None:
    """What this project writes, titles of sources and units among them, is Japanese; the cells beside it stay as the data has them."""
    page = _page(public, f"/ja/hotpatch/{path}")
    found = page.select("tbody th[scope=row] > a")
    assert [_spoken(title) for title in found] == titles
    assert not page.select("tbody th[scope=row] > a [lang=en]")


def test_a_cell_names_its_source_in_japanese(public: Datasette) -> None:
    cell = _page(public, "/ja/hotpatch/claims?source=facts_prices&_size=1").select_one("td.col-source .cell")
    assert cell is not None
    assert (cell["lang"], _spoken(cell)) == ("ja", "価格 (発表と文書より) facts_prices")
    english = _page(public, "/en/hotpatch/claims?source=facts_prices&_size=1").select_one("td.col-source .cell")
    assert english is not None
    assert _spoken(english) == "Prices from announcements and documents facts_prices"


def test_conditions_are_listed_as_japanese_lists_them(public: Datasette) -> None:
    text = _spoken(_page(public, "/ja/eligible?q=Business+Premium"))
    assert (
        "エディションが Education、Enterprise、または Enterprise LTSC であること。Intune または Windows Autopatch で管理していること"
        in text
    )
    assert "次のいずれかのライセンスがあること: Windows Enterprise E3、Windows Enterprise E5、Windows Education A3、" in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("cost?cores=4&from=2026-03&to=2026-01", "「終了」は「開始」以降にしてください (入力: 「開始」 2026 年 3 月、「終了」 2026 年 1 月)"),  # one month is a period
        ("cost?cores=x", "「全サーバーの合計コア数」には 1 から 1000000000 までの整数を入力してください (入力: 'x')"),
        ("changes?kind=zz", "種類は restart、hotpatch、calendar、price、issue、other のいずれかを指定してください (指定: 'zz')"),
        ("lookup?q=zzz", "ビルド (26100.32772)、バージョン (24H2)、KB (KB5087423)、CVE、月 (2026-06)、または製品を入力してください (入力: 'zzz')"),
    ],
)  # fmt: skip
def test_what_was_typed_wrong_is_asked_for_again(public: Datasette, path: str, said: str) -> None:
    assert said in _spoken(_page(public, f"/ja/{path}"))


@pytest.mark.parametrize(
    ("language", "never", "refused", "today"), [("ja", "未取得", "遅れ", "1 日未満の遅れ"), ("en", "never", "late", "late since today")]
)
def test_a_source_that_was_never_read_is_not_late_since_today(
    language: str, never: str, refused: str, today: str, seeded: Path, tmp_path: Path, at: Any
) -> None:
    """Case of a source that was refused before it was due again."""
    file = tmp_path / "hotpatch.db"
    shutil.copy(seeded, file)
    with closing(sqlite3.connect(file)) as conn:
        conn.execute(
            "insert into sources values ('graph_updates', 'Graph', 'https://a.test/', 'https://b.test/', 900, '6h', 'never_read', null)"
        )
        conn.execute("update sources set state = 'refused' where source = 'support_navigation'")
        conn.commit()

    def said(ds: Datasette, name: str) -> str:
        row = next(row for row in _page(ds, f"/{language}/sources").select("tbody tr") if name in _spoken(row))
        return _spoken(row.select("td")[0])

    names = ("Graph", "サポート: 更新履歴" if language == "ja" else "Support: navigation")
    with opened(file, public=True) as ds:
        at("2026-07-22")
        assert [said(ds, name) for name in names] == [never, refused]
    with opened(file, public=True) as ds:
        at("2026-07-23")
        assert [said(ds, name) for name in names] == [never, today]


def test_a_sentence_of_a_condition_ends_politely() -> None:
    """です and ます on one page with 「提供される」 read as two writers. A condition, "…こと", or a name ends without."""
    found = json.loads((i18n.FOLDER / "requirements.ja.json").read_text(encoding="utf-8")).values()
    sentences = [sentence for text in found for sentence in re.split("。", re.sub(r" \([^)]*\)$", "", text))]
    assert len(sentences) > 80
    plain = re.compile(r"(?<!ま)(?:する|した|れる|れた|ある|ない|である|だ|できる|かかる|なる|行う)$")
    assert [sentence for sentence in sentences if plain.search(sentence)] == []


@pytest.mark.parametrize("path", ["/calendar/2026", "/calendar/2026-08", "/product/ws2025", "/subscribe"])
def test_a_page_of_american_days_says_when_that_is_in_japan(public: Datasette, path: str) -> None:
    """10:00 in Seattle is 17:00 UTC in summer and 18:00 in winter, which is 02:00 or 03:00 of the next day in Tokyo."""
    said = "日付は Microsoft が示す米国のものです。月例の更新プログラムは太平洋時間の午前 10 時に公開されるため、日本では翌日の午前 2 時 (米国が冬時間の間は午前 3 時) です。"
    assert _spoken(_page(public, f"/ja{path}")).count(said) == 1
    assert "which is the next day in Japan" in _spoken(_page(public, f"/en{path}"))


def test_the_words_are_those_of_microsoft_and_one_for_each_thing() -> None:
    """A machine is コンピューター (仮想マシン is a virtual one, [マシン] a button of a portal), and a count is not parted from its counter."""
    found = [text for file in sorted(i18n.FOLDER.glob("*ja.json")) for text in json.loads(file.read_text(encoding="utf-8")).values()]
    assert len(found) > 1000
    unwanted = re.compile(
        r"(?<!仮想)(?<!\[)マシン|予定表|読み込|配布元|自由ソフトウェア|フリート|月例更新の日|ホットパッチの系列の場合|標準の系列|系列から外れ|対象から外れ|帯域外|写し|不足している|計画(?!外)|Update カタログ(?<!Microsoft Update カタログ)|[（）]|、 |[ぁ-ん一-龠ァ-ヶ], "
    )
    assert [text for text in found if unwanted.search(text)] == []
    assert [text for text in i18n.texts("ja").values() if re.search(r"\{count(?::,)?\} [^\s!-~]", text)] == []
    t = i18n.words("ja")
    assert [t(f"status {verdict}") for verdict in ("current", "behind")] == ["最新", "最新ではない"]
    assert [t(f"verdict {verdict}").partition(":")[0] for verdict in ("current", "behind", "restart_due")] == [
        "最新です",
        *["最新ではありません"] * 2,
    ]
    assert [t(name) for name in ("Eligibility", "Questions", "Changes")] == ["ホットパッチの利用条件", "よくある質問", "変更履歴"]


def _page(ds: Datasette, path: str) -> BeautifulSoup:
    answer = asyncio.run(ds.client.get(path, follow_redirects=True))
    return BeautifulSoup(answer.text.replace("\xa0", " ").replace("\u2060", ""), "lxml")


def _spoken(element: Any) -> str:
    return " ".join(element.get_text(" ").split())


def test_the_newest_of_a_build_number_says_of_which_machines_and_what_it_is(public: Datasette, at: Any) -> None:
    """ "最新 (ホットパッチ)" beside a baseline would say that the newest update is a hotpatch."""
    at("2026-07-24")
    page = _page(public, "/ja/build/26100")
    names = [_spoken(name) for name in page.select("article")[0].select("dl.newest dt")]
    kinds = [[_spoken(kind) for kind in box.select("dl.newest .kind")] for box in page.select("article")]
    assert names == ["最新 (ホットパッチ登録済み)", "最新 (ホットパッチなし)"]
    assert kinds == [["ベースライン", "ベースライン"], ["ホットパッチ", "累積更新プログラム (LCU)"]]


def test_what_is_not_known_is_not_said_to_be_none(public: Datasette, at: Any) -> None:
    at("2026-07-24")
    t = i18n.words("ja")
    assert t("not known for {months}", months="2026-07").replace("\xa0", " ") == "2026 年 7 月分の件数は不明"
    # Nobody read of hotpatches of it: that does not say that the product is not covered here.
    for product in ("win10-22h2", "win11-26h2"):
        assert "ホットパッチ このバージョンでのホットパッチの提供は確認されていません" in _spoken(_page(public, f"/ja/product/{product}"))
    assert "リリースは確認されていません。提供される更新プログラムと、再起動の有無は不明です。" in _spoken(
        _page(public, "/ja/product/win11-26h2")
    )
    assert "2026 年 5 月 20 日までのリリースは確認されていません。" in _spoken(_page(public, "/ja/product/win11-26h2?on=2026-05-20"))
    assert "記事をまだ読み取っていない場合も空になるため、問題がないとは限りません。" in _spoken(_page(public, "/ja/hotpatch/known_issues"))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_conditions_of_an_answer_are_open(public: Datasette, language: str) -> None:
    box = _page(public, f"/{language}/eligible?q=Windows+Server+2025+Standard").select_one(".box")
    assert box is not None
    details = box.select_one("details")
    assert details is not None
    assert details.has_attr("open")
    assert len(details.select("li")) == 8


def test_not_covered_is_said_of_what_this_site_does_not_have_alone() -> None:
    """What Microsoft does not offer to an edition is 利用不可, what a page does not say 記載なし."""
    found = {
        english: text
        for file in sorted(i18n.FOLDER.glob("*ja.json"))
        for english, text in json.loads(file.read_text(encoding="utf-8")).items()
        if "対象外" in text
    }
    assert [english for english in found if "not covered" not in english and english != "status not_covered"] == []
    unstated = {english for english, text in i18n.texts("ja").items() if "記載なし" in text}
    assert unstated == {"gone on {day}", "on a day no page states", "not stated", "no plan is stated", "day not stated"}


def test_a_number_stays_with_its_counter_and_a_bracket_with_its_particle() -> None:
    assert i18n.unbroken("Hyper-V では第 2 世代の仮想マシン") == "Hyper-V では第\u00a02\u00a0世代の仮想マシン"
    assert i18n.unbroken("米国時間の第 2 火曜日") == "米国時間の第\u00a02\u00a0火曜日"
    assert i18n.unbroken("ベースライン (再起動あり) が提供されます") == "ベースライン (再起動あり)\u00a0が提供されます"
    assert i18n.unbroken("拡張セキュリティ更新プログラム 2 か月") == "拡張セキュリティ\u200b更新プログラム 2\u00a0か\u2060月"
