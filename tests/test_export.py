"""The export: everything as files, hashes that hold, the answers of the command, and nothing touched that did not change."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
from conftest import Command, MadeOnce
from helpers.changed_trees import HOTPATCH, small_world
from helpers.folder_server import served

from hotpatch_kb.db.site.export import folder as exporting
from hotpatch_kb.db.site.export.answers import Answers, document, valid_until
from hotpatch_kb.db.site.export.schemas import SCHEMAS
from hotpatch_kb.db.store.connections import open_for_reading, open_seed_database

DAY = "2026-07-24"


@pytest.fixture(scope="module")
def exported(made_once: MadeOnce, seeded: Path) -> Path:
    def make(folder: Path) -> None:
        with closing(open_for_reading(seeded)) as conn:
            exporting.write(conn, folder / "public", DAY, with_site=False)

    return made_once("exported", make) / "public"


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_is_listed_with_its_hash(exported: Path) -> None:
    index, files = _json(exported, "index.json"), _files(exported)
    listed = {file["path"]: (file["sha256"], file["bytes"]) for file in index["files"]}
    assert set(files) - set(listed) == {"index.json", ".hotpatch-kb-export"}
    assert listed == {name: (hashlib.sha256(files[name]).hexdigest(), len(files[name])) for name in listed}
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: digest for name, (digest, _) in listed.items() if name != "SHA256SUMS"}
    assert index["judged_on"] == DAY
    for name in ("v1/all.json", "v1/timestamp.json", "v1/products.json", "v1/products/ws2025.json", "v1/calendar/2026.json",
                 "feeds/releases.atom", "ja/feeds/releases-ws2025.atom", "calendars/ws2025.ics", "recipes/duckdb.sql", "tables/verdicts.csv", "hotpatch.db", "datapackage.json"):  # fmt: skip
        assert name in listed


def test_every_json_follows_its_schema(exported: Path) -> None:
    index = _json(exported, "index.json")
    followed = {file["path"]: file["schema"] for file in index["files"] if "schema" in file} | {"index.json": "schemas/index.schema.json"}
    unlisted = {name for name in _files(exported) if name.endswith(".json")} - set(followed)
    assert {name for name in unlisted if not name.startswith("schemas/")} == set()
    validators = {}
    for name, schema in followed.items():
        if schema not in validators:
            described = _json(exported, schema)
            jsonschema.Draft202012Validator.check_schema(described)
            validators[schema] = jsonschema.Draft202012Validator(described)
        validators[schema].validate(_json(exported, name))
    written = {f"schemas/{path.name}" for path in (exported / "schemas").iterdir()}
    assert written - set(validators) <= {"schemas/cve.schema.json"}  # the small seed has no CVE


def test_a_cve_says_what_fixes_it_and_what_leaves_it_open() -> None:
    described = jsonschema.Draft202012Validator(SCHEMAS["cve"])
    with closing(open_seed_database()) as conn:
        answers = Answers(conn, DAY)
        found = {cve: answer for cve, answer in answers.cves() if cve in {"CVE-2025-54100", "CVE-2025-59287", "CVE-2026-20805"}}
        for cve, made in found.items():
            answer = json.loads(document(made))
            described.validate(answer)
            looked_up = json.loads(document(answers.looked_up(cve)))
            assert {(row["product"], row["kb"]) for row in looked_up["matches"]} <= {
                (row["product"], row["kb"]) for row in answer["fixed_by"]
            }
            assert answer["left_open"] == looked_up["left_open"]
    assert "CVE-2025-54100" in found
    assert found["CVE-2025-54100"]["left_open"]


@pytest.mark.parametrize("query", ["26100.32772", "20348.587", "26100.6905", "KB5087423", "KB5100456"])
def test_a_file_has_the_answer_of_the_command(query: str, exported: Path, db: Path, run: Command, at: Callable[[str], None]) -> None:
    at(DAY)
    answer = run("lookup", query, "--json", "--db", db).json()[0]
    name = f"kbs/{query}" if query.startswith("KB") else f"builds/{query}"
    path = exported / "v1" / f"{name}.json"
    if answer["status"] == "not_found" and not path.is_file():
        pytest.skip(f"the small seed has no {query}")
    assert _json(exported, f"v1/{name}.json") == answer | {"valid_until": "2026-07-31"}


def test_a_product_names_the_baseline_that_nobody_read() -> None:
    """October's baseline of 2026 was expected on the 13th; the embedded facts end in July. A machine without it restarts before January."""
    with closing(open_seed_database()) as conn:
        products = {product["name"]: product for product in Answers(conn, "2026-11-26").products()}
    restarts = products["ws2025"]["nextRestart"]
    assert restarts["hotpatch"]["unseen_baseline"] == {"month": "2026-10", "date": "2026-10-13"}
    assert (restarts["hotpatch"]["month"], restarts["hotpatch"]["certainty"]) == ("2027-01", "cadence")
    assert (restarts["standard"]["date"], restarts["standard"]["certainty"], restarts["standard"]["unseen_baseline"]) == (
        "2026-12-08",
        "cadence",
        None,
    )


def test_a_product_says_which_ends_of_support_others_alone_report() -> None:
    described = jsonschema.Draft202012Validator(SCHEMAS["product"])
    with closing(open_seed_database()) as conn:
        products = {name: json.loads(document(made)) for name, made in Answers(conn, DAY).each_product()}
    for product in products.values():
        described.validate(product)
    ends = {
        name: [(row["edition_group"], row["kind"], row["end_date"], row["is_reported"]) for row in products[name]["lifecycle"]]
        for name in ("ws-23h2", "win11-26h2", "ws2025")
    }
    assert ends == {
        "ws-23h2": [("annual_channel", "end_of_servicing", "2026-05-12", True)],
        "win11-26h2": [("home_pro", "end_of_servicing", "2028-10-10", True)],
        "ws2025": [("server", "mainstream", "2029-11-13", False), ("server", "extended", "2034-11-14", False)],
    }


def test_products_say_what_comes_next(exported: Path, db: Path, run: Command, at: Callable[[str], None]) -> None:
    at(DAY)
    product = _json(exported, "v1/products/ws2025.json")
    restart = run("next", "--product", "ws2025", "--json", "--db", db).json()[0]
    told = ("month", "date", "is_expected", "is_unplanned", "certainty", "unseen_baseline", "newest_baseline")
    assert product["nextRestart"]["hotpatch"] == {name: restart[name] for name in told}
    answer = _json(exported, f"v1/builds/{product['latest']['hotpatch']['name']}.json")
    assert answer["matches"][0]["latest"]["build"] == product["latest"]["hotpatch"]["name"]
    assert (product["label"], product["eolFrom"], product["isEol"]) == ("Windows Server 2025", "2034-11-14", False)
    assert {row["name"] for row in _json(exported, "v1/products.json")} == {path.stem for path in (exported / "v1" / "products").iterdir()}
    months = run("calendar", "--json", "--db", db).json()
    written = [row for path in sorted((exported / "v1" / "calendar").iterdir()) for row in _json(path.parent, path.name)]
    assert sorted(written, key=lambda row: (row["product"], row["month"])) == months


@pytest.mark.parametrize("table", ["releases", "calendar", "products", "lifecycles", "prices", "kb_cves"])
def test_tables_are_those_of_the_database(table: str, exported: Path) -> None:
    name = {"calendar": "hotpatch_calendar"}.get(table, table)
    with closing(sqlite3.connect(exported / "hotpatch.db")) as conn:
        cursor = conn.execute(f"select * from {name}")
        columns = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    with (exported / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    assert found[0] == columns
    assert sorted(found[1:]) == sorted([["" if cell is None else str(cell) for cell in row] for row in rows])
    with duckdb.connect() as duck:
        read = duck.execute(f"select * from '{exported / 'tables' / f'{table}.parquet'}'").fetchall()
    assert sorted(read, key=repr) == sorted(rows, key=repr)
    package = next(resource for resource in _json(exported, "datapackage.json")["resources"] if resource["path"] == f"tables/{table}.csv")
    assert [field["name"] for field in package["schema"]["fields"]] == columns
    assert all(field["description"] for field in package["schema"]["fields"])


def test_a_second_export_touches_nothing_and_another_folder_gets_the_same_bytes(exported: Path, seeded: Path, tmp_path: Path) -> None:
    target = tmp_path / "public"
    shutil.copytree(exported, target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()}
    with closing(open_for_reading(seeded)) as conn:
        again = exporting.write(conn, target, DAY, with_site=False)
        other = exporting.write(conn, tmp_path / "other", DAY, with_site=False)
    assert (again.changed, again.removed) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()} == before
    assert other.changed == other.files
    assert _files(tmp_path / "other") == _files(exported)


def test_a_crawl_that_adds_one_release_rewrites_what_shows_it(run: Command, tmp_path: Path, at: Callable[[str], None]) -> None:
    at("2026-08-12")
    before = small_world(tmp_path / "before", "2026-08-12")
    after = small_world(tmp_path / "after", "2026-08-12", august=True)
    (after / f"{HOTPATCH}.meta.json").write_text('{"fetched_at": "2026-08-12T13:00:00Z"}', encoding="utf-8")
    assert run("crawl", "--from", before, "--no-seed", "--source", "support_navigation").code in {0, 3}
    assert run("export", "public", "--db", "hotpatch.db").code == 0
    first = _files(tmp_path / "public")
    assert run("crawl", "--from", after, "--no-seed", "--source", "support_navigation").code in {0, 3}
    done = run("export", "public", "--json", "--db", "hotpatch.db").json()[0]
    second = _files(tmp_path / "public")
    changed = {name for name in second if second[name] != first.get(name)}
    assert done["changed"] == len(changed)
    assert {"v1/builds/26100.33222.json", "v1/kbs/KB5120228.json"} <= changed - set(first)
    of_others = {"index.json", "SHA256SUMS", "hotpatch.db", "datapackage.json", "v1/timestamp.json", "v1/all.json", "v1/products.json"}
    answers = {name for name in changed - of_others if name.startswith("v1/")}
    assert {name for name in answers if b"ws2025" not in second[name]} == set()
    shown = {name for name in changed if re.match(r"(?:ja/)?(?:build|kb)/", name)}  # a page of a product also says when it was read
    assert {"build/26100.33222.html", "ja/kb/5120228.html"} <= shown
    assert {name for name in shown if b"product/ws2025" not in second[name]} == set()
    unchanged = [name for name in second if re.match(r"(?:v1/builds|build|ja/build)/26200\.", name)]
    assert unchanged
    assert not changed.intersection(unchanged)


@pytest.mark.skipif("HOTPATCH_KB_LONG" not in os.environ, reason="three exports of all facts, two minutes: HOTPATCH_KB_LONG=1")
def test_of_all_facts_a_second_export_rewrites_nothing_and_a_changed_kb_what_shows_it(tmp_path: Path) -> None:
    """With the site in both languages: 14,000 files, of which fewer than 40 say something of one KB."""
    target = tmp_path / "public"

    def written() -> dict[str, int]:
        return {path.relative_to(target).as_posix(): path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()}

    with closing(sqlite3.connect(":memory:")) as conn, closing(open_seed_database()) as facts:
        facts.backup(conn)
        first = exporting.write(conn, target, DAY)
        before = written()
        assert first.changed == len(before) - 1 > 10_000  # all but the mark of the folder
        second = exporting.write(conn, target, DAY)
        assert (second.changed, second.removed, written()) == (0, 0, before)
        conn.execute("update releases set article_url = 'https://support.microsoft.com/help/5087423' where kb = 5087423")
        conn.commit()
        third = exporting.write(conn, target, DAY)
    after = written()
    changed = {name for name in after if after[name] != before.get(name)}
    assert after.keys() == before.keys()
    assert third.changed == len(changed) < 40
    of_all = {"index.json", "SHA256SUMS", "hotpatch.db", "v1/timestamp.json", "tables/releases.parquet"}
    assert {name for name in changed - of_all if b"5087423" not in (target / name).read_bytes()} == set()
    assert {"v1/kbs/KB5087423.json", "v1/builds/26100.32772.json", "kb/5087423.html", "ja/build/26100.32772.html"} <= changed


def test_a_file_that_is_no_more_goes_and_others_stay(exported: Path, seeded: Path, tmp_path: Path) -> None:
    target = tmp_path / "public"
    shutil.copytree(exported, target)
    (target / "v1" / "builds" / "1.2.json").write_text("{}", encoding="utf-8")
    (target / "CNAME").write_text("example.com", encoding="utf-8")
    index = _json(target, "index.json")
    index["files"] += [{"path": name, "sha256": "0" * 64, "bytes": 2} for name in ("v1/builds/1.2.json", "../outside", "/etc/x")]
    (target / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (tmp_path / "outside").write_text("mine", encoding="utf-8")
    with closing(open_for_reading(seeded)) as conn:
        again = exporting.write(conn, target, DAY, with_site=False)
    assert (again.changed, again.removed) == (1, 1)
    assert not (target / "v1" / "builds" / "1.2.json").exists()
    assert (target / "CNAME").exists()
    assert (tmp_path / "outside").exists()


def test_a_folder_with_other_files_is_left_alone(run: Command, tmp_path: Path, db: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine", encoding="utf-8")
    done = run("export", "home", "--db", db)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == "hotpatch-kb: expected an empty folder, or one that export filled, got home with other files"
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("day", "until"),
    [("2026-07-24", "2026-07-31"), ("2026-08-05", "2026-08-10"), ("2026-08-11", "2026-08-11"), ("2026-08-12", "2026-08-13")],
)
def test_answers_hold_until_something_is_due(day: str, until: str, seeded: Path) -> None:
    """The second Tuesday of August 2026 is the 11th; until the 13th a release may still come."""
    with closing(open_for_reading(seeded)) as conn:
        assert valid_until(conn, day) == until


def test_any_web_server_answers_with_it(exported: Path) -> None:
    with served(exported) as address:

        def get(name: str) -> bytes:
            with urllib.request.urlopen(address + name) as answer:
                return bytes(answer.read())

        index = json.loads(get("index.json"))
        for file in index["files"][:: max(1, len(index["files"]) // 60)]:
            assert hashlib.sha256(get(file["path"])).hexdigest() == file["sha256"]
        assert json.loads(get("v1/builds/26100.32772.json"))["matches"][0]["kb"] == "KB5087423"
        feed = get("feeds/releases.atom").decode()
    links = {part.partition('"')[0] for part in feed.split('href="../')[1:]}
    assert links
    assert {link for link in links if not (exported / link).is_file()} == set()
    japanese = [
        part.partition('"')[0]
        for part in (exported / "ja" / "feeds" / "releases.atom")
        .read_text(encoding="utf-8")
        .split('rel="alternate" type="text/html" href="')[1:]
    ]
    assert len(japanese) > len(links) / 2
    assert [link for link in japanese if not (exported / "ja" / "feeds" / link).resolve().is_file()] == []
