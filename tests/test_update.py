"""Newer facts from an export: as if read here, and a tampered, older or shrunken one is refused with the facts kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from helpers.changed_trees import calendar, small_world
from helpers.dumps import FACTS, dump, query
from helpers.exports import DAY, export
from helpers.folder_server import served

from hotpatch_kb.db.site.export import signing


@pytest.fixture(autouse=True)
def _today(at: Callable[[str], None]) -> None:
    at("2026-08-13")


CLAIMS = "select source, page_url, section, subject, field, value, value_text, first_seen_at, last_seen_at, gone_at from claims order by 1, 2, 3, 4, 5, 8"


def _facts(db: Path) -> object:
    return dump(db, FACTS)


def test_facts_come_as_if_read_here(reader: Path, feeds: Path, run: Command) -> None:
    assert query(reader, "select count(*) from releases where kb = 5120228") == [(0,)]
    with served(feeds / "august" / "public") as address:
        done = run("update", address, "--db", reader, "--json")
        assert (done.code, done.json()[0]["pages_read"], done.json()[0]["failures"]) == (0, 1, [])
        again = run("update", address, "--db", reader)
        assert (again.code, again.out) == (0, f"already up to date, data as of {DAY}\n")
        assert again.err.splitlines()[-1] == f"{address}: nothing newer"
    assert query(reader, CLAIMS) == query(feeds / "august" / "x.db", CLAIMS)
    assert _facts(reader) == _facts(feeds / "august" / "x.db")
    match = run("lookup", "26100.33222", "--db", reader, "--json").json()[0]["matches"][0]
    assert (match["kb"], match["data_until"]) == ("KB5120228", DAY)
    assert match["sources"] == [query(reader, "select page_url from pages order by fetched_at limit 1")[0][0]]


def test_a_replay_keeps_what_came_from_a_feed(reader: Path, feeds: Path, run: Command) -> None:
    assert run("update", feeds / "august" / "public", "--db", reader).code == 0
    before = (query(reader, CLAIMS), _facts(reader))
    assert run("replay", "--db", reader).code == 0
    assert (query(reader, CLAIMS), _facts(reader)) == before
    assert run("doctor", "--db", reader).out.splitlines() == ["all sound"]


def test_what_was_crawled_here_goes_on_counting(reader: Path, feeds: Path, run: Command, tmp_path: Path) -> None:
    """A page that the feed's crawler never read, and a crawl after the update."""
    calendar(tmp_path, "2026-07-02", None)
    tree = tmp_path / "calendar-2026-07-02"
    assert run("crawl", "--from", tree, "--db", reader, "--no-seed", "--source", "learn_release_info").code == 0
    own = query(reader, "select count(*) from claims where source = 'learn_release_info'")
    months = query(reader, "select count(*) from hotpatch_calendar")
    assert own > [(0,)]
    assert run("update", feeds / "august" / "public" / "index.json", "--db", reader).code == 0
    assert query(reader, "select count(*) from claims where source = 'learn_release_info'") == own
    assert query(reader, "select count(*) from hotpatch_calendar") >= months
    assert query(reader, "select count(*) from releases where kb = 5120228") == [(1,)]
    later = small_world(tmp_path, "2026-08-13", august=True)
    assert run("crawl", "--from", later, "--db", reader, "--no-seed", "--source", "support_navigation").code == 0
    assert query(reader, "select distinct last_seen_at from claims where source = 'support_navigation' and gone_at is null") == [
        ("2026-08-13T12:00:00Z",)
    ]


def test_a_machine_without_a_database_begins_with_the_embedded_facts(feeds: Path, run: Command, tmp_path: Path) -> None:
    """The feed here began with nothing, so it lacks what the program itself brings: refused, and the embedded facts are there."""
    done = run("update", feeds / "august" / "public", "--db", tmp_path / "new.db")
    assert (done.code, "expected every fact that its pages state, got " in done.err) == (3, True)
    assert query(tmp_path / "new.db", "select count(*) > 0 from releases") == [(1,)]


def test_a_feed_that_began_with_the_embedded_facts(seeded: Path, feeds: Path, run: Command, tmp_path: Path) -> None:
    """The usual case: one machine crawls, another begins with the facts of the program and takes the rest."""
    there = tmp_path / "there" / "x.db"
    shutil.copytree(seeded.parent, there.parent, ignore=shutil.ignore_patterns("*.lock"))
    (there.parent / seeded.name).rename(there)
    tree = next(path for path in feeds.iterdir() if path.name == f"tree-{DAY}")
    assert run("crawl", "--from", tree, "--db", there).code == 0
    export(there, tmp_path / "public")
    done = run("update", tmp_path / "public", "--db", tmp_path / "new.db")
    assert done.code == 0, done.err
    assert _facts(tmp_path / "new.db") == _facts(there)
    assert query(tmp_path / "new.db", "select count(*) from releases where kb = 5120228") == [(1,)]


def _refused(run: Command, reader: Path, given: object, expected: str) -> None:
    before = (query(reader, CLAIMS), _facts(reader), query(reader, "select count(*) from runs"))
    done = run("update", given, "--db", reader)
    assert (done.code, done.out) == (3, "")
    assert done.err.count("\n") == 1
    assert expected in done.err
    assert done.err.endswith("; the facts were kept\n")
    assert (query(reader, CLAIMS), _facts(reader), query(reader, "select count(*) from runs")) == before


@pytest.mark.fault("an export whose database is another than its index says")
@pytest.mark.parametrize("is_served", [False, True])
def test_a_tampered_feed_is_refused(is_served: bool, reader: Path, august: Path, run: Command) -> None:
    """One byte differs, more bytes, fewer bytes; exit code 3."""
    body = (august / "hotpatch.db").read_bytes()
    place = body.index(b"KB5120228")
    for changed in (body[:place] + b"KB5120229" + body[place + 9 :], body + b"\0", body[:-1]):
        (august / "hotpatch.db").write_bytes(changed)
        if is_served:
            with served(august) as address:
                _refused(run, reader, address, "expected ")
        else:
            _refused(run, reader, august, "expected hotpatch.db with the SHA-256 ")


@pytest.mark.fault("an export that is older than the database")
def test_an_older_feed_is_refused(reader: Path, feeds: Path, run: Command) -> None:
    """The export of July after that of August; exit code 3."""
    assert run("update", feeds / "august" / "public", "--db", reader).code == 0
    _refused(run, reader, feeds / "july" / "public", "got an older export, of 2026-07-24")


def _rewritten(folder: Path, *statements: str) -> Path:
    """Change the database of an export, and the hash in its index: whoever runs the crawler can do both."""
    with closing(sqlite3.connect(folder / "hotpatch.db")) as conn:
        for statement in ("pragma foreign_keys = off", *statements):
            conn.execute(statement)
            conn.commit()
    body = (folder / "hotpatch.db").read_bytes()
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    for file in index["files"]:
        if file["path"] == "hotpatch.db":
            file |= {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


@pytest.mark.fault("an export that has lost facts")
def test_a_shrunken_feed_is_refused(reader: Path, august: Path, run: Command) -> None:
    """A crawler elsewhere has lost twenty releases, and its hashes are right; exit code 3."""
    some = "select subject from claims where subject like 'release/ws2025/%' group by subject order by subject limit 20"
    deleted = [f"create table some as {some}"]
    deleted += [f"delete from {table} where subject in (select subject from some)" for table in ("claims", "releases")]
    other = _rewritten(august, *deleted, "drop table some")
    _refused(run, reader, other, "expected every fact that its pages state, got 20 less, such as release/ws2025/")


@pytest.mark.fault("an export that has lost pages since the last update")
def test_a_feed_with_fewer_pages_than_before_is_refused(reader: Path, run: Command, august: Path) -> None:
    """Its crawler began again with an empty database; exit code 3."""
    assert run("update", august, "--db", reader).code == 0
    index = json.loads((august / "index.json").read_text(encoding="utf-8"))
    counts = index["counts"]
    (august / "index.json").write_text(json.dumps(index | {"counts": counts | {"pages": counts["pages"] - 1}}), encoding="utf-8")
    _refused(run, reader, august, f"expected at least {counts['pages']} pages as before, got {counts['pages'] - 1}")


@pytest.mark.fault("an export whose page lists less than the page before")
def test_a_page_of_a_feed_that_lost_its_rows_is_refused(reader: Path, august: Path, run: Command) -> None:
    """The facts are there and the page's claims ended; the page is refused as a crawled one is, exit code 3."""
    gone = f"update claims set gone_at = '{DAY}T12:00:00Z', last_seen_at = '2026-07-24T12:00:00Z' where subject like 'release/ws2025/%' and first_seen_at < '2026-08-01'"
    other = _rewritten(
        august,
        gone,
        "update sections set row_count = 1, release_count = 1 where content_sha256 in (select content_sha256 from pages where fetched_at > '2026-08-01')",
    )
    before = query(reader, "select subject from releases order by 1")
    done = run("update", other, "--db", reader, "--json")
    assert (done.code, [failure["state"] for failure in done.json()[0]["failures"]]) == (3, ["refused"])
    assert query(reader, "select subject from releases order by 1") == before


@pytest.mark.fault("an export with pages of hosts that nobody reads")
def test_a_page_of_a_foreign_host_is_refused(reader: Path, august: Path, run: Command) -> None:
    """A link of the site would lead there; exit code 3."""
    other = _rewritten(august, f"update pages set final_url = 'https://example.com/x' where fetched_at like '{DAY}%'")
    _refused(run, reader, other, "expected a page of a host that we read")


@pytest.mark.parametrize("text", ["http://example.com/", "ftp://127.0.0.1/", "nowhere", "https:///x"])
def test_what_is_no_export_is_bad_input(text: str, run: Command, reader: Path) -> None:
    done = run("update", text, "--db", reader)
    assert (done.code, done.out, "expected" in done.err) == (2, "", True)


@pytest.mark.fault("an address of an export that answers something else")
def test_an_address_without_an_export_is_said(reader: Path, run: Command, tmp_path: Path) -> None:
    """A server without the file, another JSON, a version that is not known, no server; exit code 3."""
    folder = tmp_path / "other"
    folder.mkdir()
    with served(folder) as address:
        _refused(run, reader, address, "expected status 200, got 404")
        for text in ("<html>", "[]", "{}", json.dumps({"schema_version": 1, "made_at": "x", "database": {"path": "../x"}, "files": []})):
            (folder / "index.json").write_text(text, encoding="utf-8")
            _refused(run, reader, address, "expected the index.json of an export, got something else")
        newer = {"schema_version": 2, "made_at": "x", "database": {"path": "a"}, "files": [{"path": "a", "sha256": "", "bytes": 1}]}
        (folder / "index.json").write_text(json.dumps(newer), encoding="utf-8")
        _refused(run, reader, address, "expected an export of version 1, got 2: update hotpatch-kb")
    _refused(run, reader, address, "expected the file, got ConnectError")


def test_the_variable_names_the_feed(reader: Path, feeds: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTPATCH_KB_FEED", str(feeds / "august" / "public"))
    assert run("update", "--db", reader).code == 0
    assert query(reader, "select count(*) from releases where kb = 5120228") == [(1,)]


# --- signatures ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Keys as openssl and as ssh-keygen write them, by name, and other people's."""
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for name, private_form, public_form, encoding in (
        ("openssl", "PKCS8", "SubjectPublicKeyInfo", "PEM"),
        ("ssh", "OpenSSH", "OpenSSH", "OpenSSH"),
        ("other", "PKCS8", "SubjectPublicKeyInfo", "PEM"),
    ):
        key = ed25519.Ed25519PrivateKey.generate()
        private = key.private_bytes(
            serialization.Encoding.PEM, getattr(serialization.PrivateFormat, private_form), serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(getattr(serialization.Encoding, encoding), getattr(serialization.PublicFormat, public_form))
        for suffix, body in (("key", private), ("pub", public)):
            found[f"{name}.{suffix}"] = folder / f"{name}.{suffix}"
            found[f"{name}.{suffix}"].write_bytes(body)
    return found


@pytest.mark.parametrize("form", ["openssl", "ssh"])
def test_a_signed_export_is_taken(form: str, reader: Path, feeds: Path, run: Command, tmp_path: Path, keys: dict[str, Path]) -> None:
    """Also over HTTP; a second export with the key rewrites nothing, and openssl agrees."""
    arguments = (
        "export",
        tmp_path / "signed",
        "--db",
        feeds / "august" / "x.db",
        "--key",
        keys[f"{form}.key"],
        "--on",
        "2026-08-13",
        "--json",
    )
    assert run(*arguments).code == 0
    assert run(*arguments).json()[0]["changed"] == 0
    if form == "openssl" and shutil.which("openssl"):
        index = tmp_path / "signed" / "index.json"
        asked = [
            "openssl",
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            keys["openssl.pub"],
            "-rawin",
            "-in",
            index,
            "-sigfile",
            f"{index}.sig",
        ]
        assert subprocess.run(asked, check=False, capture_output=True).returncode == 0
    with served(tmp_path / "signed") as address:
        assert run("update", address, "--db", reader, "--key", keys[f"{form}.pub"]).code == 0
        assert run("update", address, "--db", reader, "--key", keys[f"{form}.pub"]).err.endswith(": nothing newer\n")
    assert query(reader, "select count(*) from releases where kb = 5120228") == [(1,)]


@pytest.mark.fault("an export that is signed by somebody else, or not signed")
def test_an_export_without_the_signature_is_refused(
    reader: Path, august: Path, run: Command, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another key, an index that was changed after it was signed, no signature, an empty one; exit code 3."""
    monkeypatch.setenv("HOTPATCH_KB_FEED_KEY", str(keys["openssl.pub"]))
    signature, index = august / "index.json.sig", (august / "index.json").read_bytes()
    _refused(run, reader, august, "expected its index.json.sig, got No such file")
    for signer, body in (("other.key", index), ("openssl.key", index + b" ")):
        signature.write_bytes(signing.private_key(keys[signer]).sign(body))
        _refused(run, reader, august, "expected index.json to be signed with the key given, got another signature in index.json.sig")
    signature.write_bytes(b"")
    with served(august) as address:
        _refused(run, reader, address, "expected index.json to be signed with the key given")
    signature.write_bytes(signing.private_key(keys["openssl.key"]).sign(index))
    assert run("update", august, "--db", reader).code == 0


def test_an_export_without_a_key_leaves_no_signature_of_another_index(
    feeds: Path, run: Command, tmp_path: Path, keys: dict[str, Path]
) -> None:
    arguments = ("export", tmp_path / "out", "--db", feeds / "july" / "x.db", "--on", "2026-08-13")
    assert run(*arguments, "--key", keys["openssl.key"]).code == 0
    assert (tmp_path / "out" / "index.json.sig").stat().st_size == 64
    assert run(*arguments).code == 0
    assert not (tmp_path / "out" / "index.json.sig").exists()


def test_what_is_no_key_is_bad_input(reader: Path, august: Path, run: Command, keys: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "text").write_text("ssh-ed25519 x", encoding="utf-8")
    for key in ("openssl.key", "ssh.key", "text", "nothing"):
        file = keys.get(key, tmp_path / key)
        done = run("update", august, "--db", reader, "--key", file)
        assert (done.code, done.out, done.err.count("\n"), "key in " in done.err) == (2, "", 1, True), key
        assert run("serve", "--feed", august, "--db", reader, "--key", file).code == 2
    for key in ("openssl.pub", "ssh.pub", "text", "nothing"):
        done = run("export", tmp_path / "out", "--db", reader, "--key", keys.get(key, tmp_path / key))
        assert (done.code, "key" in done.err, (tmp_path / "out").exists()) == (2, True, False), key
