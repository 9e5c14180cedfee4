"""Fill a folder with everything: answers, tables, feeds, calendars and the database, then their hashes."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import product as pairs_of
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotpatch_kb.db import __version__
from hotpatch_kb.db.answers import icalendar_file
from hotpatch_kb.db.answers.calendar import calendar_rows, subscribed_rows
from hotpatch_kb.db.model.products import named
from hotpatch_kb.db.site.export import tables
from hotpatch_kb.db.site.export.answers import Answers, document, rows_of
from hotpatch_kb.db.site.export.files import INDEX, SCHEMA_VERSION, SUMS, Folder
from hotpatch_kb.db.site.export.links import feed_of
from hotpatch_kb.db.site.export.pages import plan_of
from hotpatch_kb.db.site.export.schemas import SCHEMAS, schema_file
from hotpatch_kb.db.site.export.shared import Making, Unwatched, few_collections, prepare
from hotpatch_kb.db.site.export.signing import SIGNATURE, private_key
from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES, words
from hotpatch_kb.db.site.plugins.feeds import FEEDS, atom
from hotpatch_kb.db.store.connections import copy_into
from hotpatch_kb.db.store.scratch import PREFIX

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DATABASE: Final = "hotpatch.db"
RECIPES: Final = Path(__file__).parent / "recipes"
_COUNTED: Final = ("products", "releases", "kbs", "kb_cves", "known_issues", "lifecycles", "prices", "claims", "pages")


class Written(NamedTuple):
    """What an export did: the time of its facts (UTC), how many files it has, how many of them were written or removed, and their bytes."""

    made_at: str
    valid_until: str
    files: int
    changed: int
    removed: int
    bytes: int


def write(
    facts: sqlite3.Connection,
    path: Path,
    day: str,
    key: Path | None = None,
    *,
    address: str | None = None,
    with_site: bool = True,
    begins: Callable[[str], None] = lambda _part: None,
) -> Written:
    """Fill a folder with an export of a database. The same facts and day give the same bytes.

    Args:
        facts: the database; it is copied first, so a crawl may go on.
        path: the folder: a new one, an empty one or that of an export before.
        day: ISO date on which verdicts and restarts are judged.
        key: the file of the Ed25519 private key that signs the index; None for no signature.
        address: where the folder will be on the web, for the sitemap and the addresses by which pages are known; None where that is not known.
        with_site: whether to write the pages of the site.
        begins: takes the name of each part before it is written.

    Raises:
        BadInput: the folder has other files, or cannot be written; the file is not a usable key.
    """
    signer = private_key(key) if key is not None else None
    folder = Folder(path)
    with few_collections(), closing(sqlite3.connect(":memory:", factory=Unwatched)) as conn:
        copy_into(conn, facts)
        prepare(conn, day)
        answers = Answers(conn, day)
        for left in folder.path.glob(f"{PREFIX}*/"):  # of an export that was killed: a copy of the database in a folder that is published
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder.path) as name:
            copy = Path(name) / DATABASE
            conn.execute("vacuum main into ?", (str(copy),))  # without a journal: it can be opened where nothing can be written
            plan = plan_of(conn, day, answers.valid_until, address) if with_site else None
            with closing(Making(copy, folder.path, answers, plan)) as making:
                begins("answers by build, KB, CVE, product and year")
                _write_answers(folder, answers)
                begins("tables")
                _write_tables(folder, conn, answers)
                begins("feeds and calendars")
                _write_feeds(folder, conn, day)
                if with_site:
                    begins("pages of the site")
                for put in making.done():
                    folder.take(put)
            begins("the database and the hashes")
            folder.put_file(DATABASE, copy)
        _write_index(folder, answers, signer)
    return Written(
        made_at(conn=facts), answers.valid_until, len(folder.files), len(folder.changed), len(folder.removed),
        sum(file.bytes for file in folder.files.values()),
    )  # fmt: skip


def made_at(conn: sqlite3.Connection) -> str:
    """Return the time of a database's facts: the end of its last run, UTC."""
    return str(conn.execute("select coalesce(max(ended_at), max(started_at), '') from runs").fetchone()[0])


def head(answers: Answers) -> dict[str, Any]:
    """Return what the large files begin with: when they were made, and the last day on which they are valid."""
    return {
        "schema_version": SCHEMA_VERSION,
        "made_at": made_at(answers.conn),
        "judged_on": answers.day,
        "valid_until": answers.valid_until,
    }


def data_until(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return how far the data of each product and line reaches."""
    return rows_of(conn, "select product, line, data_until from lines order by product, line")


def _write_answers(folder: Folder, answers: Answers) -> None:
    calendar: list[dict[str, Any]] = []
    for year, months in answers.years():
        folder.put(f"v1/calendar/{year}.json", document(months), "calendar")
        calendar += months
    products = []
    for name, product in answers.each_product():
        folder.put(f"v1/products/{name}.json", document(product), "product")
        products.append(product)
    folder.put("v1/products.json", document(answers.products()), "products")
    everything = head(answers) | {"data_until": data_until(answers.conn), "products": products, "calendar": calendar}
    folder.put("v1/all.json", document(everything), "all")
    for cve, answer in answers.cves():
        folder.put(f"v1/cves/{cve}.json", document(answer), "cve")


def _write_tables(folder: Folder, conn: sqlite3.Connection, answers: Answers) -> None:
    found = [*tables.fact_tables(conn), *tables.judged_tables(conn, answers.day, answers.verdicts)]
    texts = [(table, tables.as_csv(table)) for table in found]
    for table, text in texts:
        folder.put(f"tables/{table.name}.csv", text)
    if tables.has_parquet():
        for name, body in tables.as_parquet(texts).items():
            folder.put(f"tables/{name}.parquet", body)
    for recipe in sorted(path for path in RECIPES.iterdir() if path.suffix in {".sql", ".kql", ".py"}):
        folder.put(f"recipes/{recipe.name}", recipe.read_bytes())
    folder.put("datapackage.json", document(tables.data_package(found, made_at(answers.conn))), "datapackage")


def _write_feeds(folder: Folder, conn: sqlite3.Connection, day: str) -> None:
    """Write feeds, in each language, and calendars. A static file does not know its address, so the links of a feed lead to its neighbours, relative to it."""
    products = [product for (product,) in conn.execute("select product from products order by product")]
    for language, name in pairs_of(LANGUAGES, FEEDS):
        below, t = "" if language == DEFAULT else f"{language}/", words(language)
        for product in (None, *products):
            place = feed_of(name, product) if product else f"feeds/{name}.atom"
            up = "../" * (1 + bool(below))
            folder.put(below + place, atom(conn, name, product, t, partial(_neighbour, up=up), place.removeprefix("feeds/")))
    changes = icalendar_file.revisions(conn, calendar_rows(conn))
    for (product,) in conn.execute("select distinct product from hotpatch_calendar order by product").fetchall():
        title, rows = f"Windows hotpatching: {named(product).name}", subscribed_rows(conn, product)
        folder.put(f"calendars/{product}.ics", icalendar_file.calendar_file(conn, rows, title, today=day, changes=changes))


def _neighbour(page: str, up: str) -> str:
    """Return the file of an export for a page of the site, as an address relative to a feed: ``up`` leads to the folder of the export."""
    kind, _, name = page.partition("/")
    files = {
        "build": f"v1/builds/{name}.json", "kb": f"v1/kbs/KB{name}.json", "product": f"v1/products/{name}.json",
        "calendar": f"v1/calendar/{name[:4]}.json", "prices": "tables/prices.csv",
    }  # fmt: skip
    return f"{up}{files.get(kind, 'v1/all.json')}"


def _write_index(folder: Folder, answers: Answers, signer: Ed25519PrivateKey | None) -> None:
    """Write the hashes of all files; the index comes last: who reads an export begins with it."""
    conn = answers.conn
    for name in SCHEMAS:
        folder.put(f"schemas/{name}.schema.json", document(schema_file(name)))
    facts_files = {f"tables/{name}.csv" for name in tables.FACTS}  # not the verdicts, which change with the day
    facts = "".join(f"{file.sha256}  {name}\n" for name, file in sorted(folder.files.items()) if name in facts_files)
    stamp = {
        "last_check": made_at(conn),
        "last_change": conn.execute("select max(changed_at) from changes").fetchone()[0],
        "update_hash": hashlib.sha256(facts.encode()).hexdigest(),
    }
    folder.put("v1/timestamp.json", document(stamp), "timestamp")
    folder.put(SUMS, "".join(f"{file.sha256}  {name}\n" for name, file in sorted(folder.files.items())).encode())
    listed = [file._asdict() for _, file in sorted(folder.files.items())]
    index = head(answers) | {
        "program": f"hotpatch-kb {__version__}",
        "data_until": data_until(conn),
        "counts": {table: conn.execute(f"select count(*) from {table}").fetchone()[0] for table in _COUNTED},
        "database": {"path": DATABASE, "schema": str(conn.execute("select max(name) from _sqlite_migrations").fetchone()[0])},
        "files": [
            file | {"schema": f"schemas/{file['schema']}.schema.json"}
            if file["schema"]
            else {name: file[name] for name in ("path", "sha256", "bytes")}
            for file in listed
        ],
    }
    folder.drop_former()
    body = document(index)
    if signer is None:
        (folder.path / SIGNATURE).unlink(missing_ok=True)  # that of an index before
    else:
        folder.put(SIGNATURE, signer.sign(body))
    folder.put(INDEX, body, "index")
