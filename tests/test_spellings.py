"""Ways of writing a build and a product, over every build of the embedded facts: each says the same as the plain one. As of 2026-07-20."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotpatch_kb.db.fleet.inventory.columns import FIELDS
from hotpatch_kb.db.fleet.judge import Judge, Judged
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.store.connections import open_seed_database

DAY = "2026-07-20"

# 12 forms of the number, in 11 texts: 132 ways of a build.
NUMBERS = (
    "{n}.{r}", "10.0.{n}.{r}", "{n}.{r:05}", "10.0.{n}.{r:04}", " {n}.{r} ", "\t10.0.{n}.{r}", "{n}.{r}\xa0", "({n}.{r})", "[10.0.{n}.{r}]", "'{n}.{r}'", "<10.0.{n}.{r}>", "{n}.{r};",
)  # fmt: skip
TEXTS = (
    "{b}", "OS Build {b}", "Version 24H2 (OS Build {b})", "Microsoft Windows [Version {b}]", "Microsoft Windows [Versión {b}]", "バージョン 24H2 (OS ビルド {b})", "Сборка ОС {b}",
    "Betriebssystembuild: {b}", "{b} (ge_release)", "Microsoft Windows Server 2022 Standard 21H2 {b}", "build={b} arch=x64",
)  # fmt: skip
# In wide digits, as Japanese keyboards type them.
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")

SERVERS = (
    "Windows Server {y}", "Microsoft Windows Server {y}", "windows server {y}", "WINDOWS SERVER {y}", "Server {y}", "WindowsServer{y}", "Win{y}", "Windows {y}", "WS{y}", "ws{y}",
    "Windows Server® {y}", "Microsoft® Windows Server® {y}", "Windows(R) Server {y}", "Windows-Server-{y}", "windows_server_{y}", "Windows  Server   {y}", " Windows Server {y} ",
    "Wіndоws Sеrvеr {y}", "Ｗｉｎｄｏｗｓ Ｓｅｒｖｅｒ {y}", "Windows Server {y} x64", "Windows Server {y} (64-bit)", "Майкрософт Windows Server {y}", "Windows Server {y} 10.0",
)  # fmt: skip
CLIENTS = (
    "Windows {w} {v}", "Windows {w}, version {v}", "Microsoft Windows {w} {v}", "windows {w} {v}", "WINDOWS {w} VERSION {v}", "Windows{w} {v}", "Win{w} {v}", "win{w}-{v}",
    "Windows® {w} {v}", "Windows {w} Version {v} for x64-based Systems", "Windows {w} Version {v} for ARM64-based Systems", "Wіndоws {w} {v}", "Ｗｉｎｄｏｗｓ {w} {v}",
    "Windows {w} ({v})", "Windows_{w}_{v}", "  Windows {w}   {v} ", "Windows {w} {v} x64",
)  # fmt: skip
BY_VERSION = {"ws2022": "21H2", "ws-23h2": "23H2", "ws2025": "24H2"}
ODD = (
    "日本語", "???", "Betriebssystem", "12345", "x" * 5000, "=1+1", "\x00", "SQL Server 2019", "Windows 12", "Ubuntu 22.04 LTS", "null", "-", "true", "{}", "[1, 2]", "<b>bold</b>", "💻",
    "مايكروسوفت ويندوز", "Windows Server 2099", "Windows 10 and Windows Server 2019", "10.0", "26100", "C:\\Windows", "a,b;c\td", "macOS 15.1", "n/a", "Windows", "Ubuntu Pro", "Business", "Education", "Pro", "Datacenter", "24H2 and 25H2",
)  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with closing(open_seed_database()) as conn:
        yield Judge(conn, DAY)


@pytest.fixture(scope="module")
def builds() -> dict[str, list[str]]:
    """Return the products of each build that was released by the day."""
    products: dict[str, list[str]] = defaultdict(list)
    with closing(open_seed_database()) as conn:
        for build, product in conn.execute(
            "select distinct build, product from releases where build is not null and revision > 0 and release_date <= ?", (DAY,)
        ):
            products[build].append(product)
    return products


def _said(judged: Judged) -> tuple[Any, ...]:
    return judged.name, judged.product, judged.answer["verdict"], judged.answer["kb"], str(judged.answer["reason"])


def _names(product: str) -> list[str]:
    """Return ways of writing a product, without an edition, which would count for the end of support."""
    if product.startswith("win"):
        windows, _, version = product.removeprefix("win").partition("-")
        return [product, *(way.format(w=windows, v=version.upper()) for way in CLIENTS)]
    by_version = (
        [f"Microsoft Server operating system-{BY_VERSION[product]}", f"Microsoft Server operating system, version {BY_VERSION[product]}"]
        if product in BY_VERSION
        else []
    )
    year = product.removeprefix("ws")
    return [product, *by_version, *(way.format(y=year) for way in SERVERS if year.isdigit())]


def test_ways_of_writing_a_build(judge: Judge, builds: dict[str, list[str]]) -> None:
    """1,500 builds in 133 ways: as the plain one, and never invalid."""
    assert len(builds) > 1000
    for place, build in enumerate(sorted(builds)):
        number, revision = build.split(".")
        plain = _said(judge.judge({"build": build}))
        assert plain[2] != "invalid"
        assert _said(judge.judge({"build": build.translate(WIDE)})) == plain
        for way in range(place % 11, len(NUMBERS) * len(TEXTS), 11):  # each build in twelve of them, each way with a hundred builds
            form, text = NUMBERS[way % len(NUMBERS)], TEXTS[way // len(NUMBERS)]
            written = text.format(b=form.format(n=number, r=int(revision)))
            assert _said(judge.judge({"build": written})) == plain, written


def test_ways_of_writing_a_product(judge: Judge, builds: dict[str, list[str]]) -> None:
    ways = 0
    for build, products in builds.items():
        for product in products:
            plain = _said(judge.judge({"build": build, "product": product}))
            names = _names(product)
            ways = max(ways, len(names))
            for name in names:
                assert _said(judge.judge({"build": build, "product": name})) == plain, (build, name)
    assert ways > 20


def test_no_odd_product_changes_a_build_that_one_product_has(judge: Judge, builds: dict[str, list[str]]) -> None:
    for build, products in builds.items():
        plain = _said(judge.judge({"build": build}))
        for odd in ODD if len(products) == 1 else ():
            assert _said(judge.judge({"build": build, "product": odd})) == plain, (build, odd)


@given(st.text(max_size=60), st.sampled_from(["20348.5386", "26200.8390", "17763.8511", "26100.32772", "14393.187"]))
@settings(max_examples=400, deadline=None)
def test_no_text_as_a_product_makes_a_known_build_unknown(judge: Judge, name: str, build: str) -> None:
    if read_name(name.strip()).is_other:
        return
    judged = judge.judge({"build": build, "product": name})
    assert judged.answer["verdict"] not in {"unknown", "invalid"}, judged


@given(st.text(max_size=40), st.sampled_from([field for field in FIELDS if field not in {"build", "product", "edition", "line", "esu"}]))
@settings(max_examples=300, deadline=None)
@example("617", "revision")
def test_no_odd_value_of_another_column_makes_a_known_build_unknown(judge: Judge, text: str, field: str) -> None:
    plain = judge.judge({"build": "20348.5386"})
    judged = judge.judge({"build": "20348.5386", field: text})
    if field == "revision" and judged.answer["verdict"] == "invalid":  # that of another known build, such as 617, is not odd
        assert re.fullmatch(r"expected one build, got 20348\.5386, 20348\.\d+", str(judged.answer["reason"]))
        return
    assert (judged.answer["verdict"], judged.answer["kb"]) == (plain.answer["verdict"], plain.answer["kb"])


@given(
    st.text(alphabet=st.characters(exclude_categories=["Nd"]), max_size=40),
    st.text(alphabet=st.characters(exclude_categories=["Nd"]), max_size=40),
)
@settings(max_examples=400, deadline=None)
def test_no_text_with_one_known_build_is_invalid(judge: Judge, before: str, after: str) -> None:
    if after[:1] == ".":  # a longer number of another kind
        return
    judged = judge.judge({"build": f"{before}26100.33158{after}"})
    assert (judged.answer["verdict"], judged.answer["kb"]) != ("invalid", None), judged
