"""The pages of the site as files, in every language, made by the site's own routes and templates in this process, without a server or a socket."""

from __future__ import annotations

import functools
import json
import re
import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm
from datasette.utils.asgi import Request

from hotpatch_kb.db.model import clock
from hotpatch_kb.db.site import DATABASE, FOLDER, config, discovery, page_data, questions, web
from hotpatch_kb.db.site.export.answers import Answers
from hotpatch_kb.db.site.export.links import LOOKUP, SERVER, Links, file_of
from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES, SCOPE, words
from hotpatch_kb.db.site.rendering import Renderer, renderer

T = TypeVar("T")

OWN: Final = Path(__file__).parent / "site"
_SCRIPTS: Final = ("copy.js", "lookup.js")
# Pages of the site that only a server can answer. An export has no API: its files answer in its place.
NEED_A_SERVER: Final = frozenset({"fleet", "cost", "api"})
_CONTENT: Final = '<section class="content" id="content" tabindex="-1">'
_NOTE: Final = f"""{_CONTENT}
<p class="note" role="note" data-valid-until="{{until}}" data-unknown="{{unknown}}">{{text}}</p>
<script src="/site/copy.js" defer></script>"""


def at_once(waiting: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that waits for nothing, so that it needs no event loop."""
    try:
        waiting.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("a page of an export waits for something")


class _Given(Database):  # type: ignore[misc]
    """A connection that is there already, asked in this thread."""

    def __init__(self, site: Datasette, conn: sqlite3.Connection) -> None:
        super().__init__(site, is_memory=True)
        self._conn = conn

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        return fn(self._conn)


class _Site(Datasette):  # type: ignore[misc]
    """The site over a connection, whose pages wait for nothing."""

    def __init__(self, conn: sqlite3.Connection, address: str | None) -> None:
        given = config(public=True)
        super().__init__(files=[], **given | {"settings": given["settings"] | {"num_sql_threads": 0}})
        self.remove_database("_memory")
        self.add_database(_Given(self, conn), name=DATABASE)
        self.metadata: Any = functools.cache(super().metadata)  # asked a dozen times for each page
        at_once(self.invoke_startup())
        self._hotpatch_kb_cache = web.AnswerCache(most=0)  # each page is asked for once
        self._hotpatch_kb_renderer = _Renderer(self, address)

    def absolute_url(self, request: Any, path: str) -> str:
        """Return a path as it is: ``_Renderer.known_as`` says what the export knows of its address."""
        del request
        return path


class _Renderer(Renderer):
    """Fills the templates with the addresses that the pages will have."""

    def __init__(self, site: Datasette, address: str | None) -> None:
        super().__init__(site, are_all_made=True)
        self._address = address

    async def page(self, name: str, context: Mapping[str, Any], request: Request) -> str:
        """Return the text of a page of the site, or of one that only an export has."""
        if name in {SERVER, LOOKUP}:
            own = self.environment(request).from_string((OWN / f"{name}.html").read_text(encoding="utf-8"))
            return await self.filled(own, context, request)
        text = await super().page(name, context, request)
        if "csv/releases.csv" not in text:
            return text
        # The description of the data set names the CSV of the site, below the address of its page.
        return re.sub(rf'"{re.escape(self._address or "/")}[^"]*csv/releases\.csv"', f'"{self._address}tables/releases.csv"', text)

    def known_as(self, request: Request) -> Mapping[str, Any]:
        """Return the absolute addresses of a page, none where the export does not know its own."""
        if self._address is None:
            return {"canonical": {}}
        path = request.path.removeprefix("/")
        files = {code: "" if code == DEFAULT and not path else file_of(path, code) for code in LANGUAGES}
        return {"canonical": {code: self._address + name for code, name in files.items()}, "card": f"{self._address}site/card.png"}


class Plan(NamedTuple):
    """What of the site is made.

    Attributes:
        day: ISO date on which it is judged.
        valid_until: the last day on which its verdicts hold.
        address: where the files will be, with a slash at the end; None where that is not known.
        paths: of the pages, in a fixed order.
        others: the page or file that answers in the place of another path.
    """

    day: str
    valid_until: str
    address: str | None
    paths: tuple[str, ...]
    others: dict[str, str]


def plan_of(conn: sqlite3.Connection, day: str, valid_until: str, address: str | None) -> Plan:
    """Return what of the site can be made without a server: every page with a permanent address.

    Of the CVEs, those that a hotpatch leaves open: an administrator of the hotpatch line reads these. 3,700 others have their answer as JSON
    alone, to which the pages of their KBs link; their pages in two languages would double the export.
    """
    cves = {f"cve/{row[0]}": f"v1/cves/{row[0]}.json" for row in conn.execute("select distinct cve from kb_cves")}
    left_open = {f"cve/{row[0]}" for row in conn.execute("select distinct cve from cve_gaps")}
    paths = [path for path in discovery.paths(conn, day) if path not in NEED_A_SERVER and (path not in cves or path in left_open)]
    paths = [path for path in paths if path not in {"questions", "offline"} or questions.document(path, DEFAULT)[1]]
    numbers = conn.execute("select distinct build_number from releases where build_number is not null order by 1").fetchall()
    paths += [f"build/{number}" for (number,) in numbers]
    paths += [f"calendar/{month}" for month in sorted(discovery.months(conn, day) - {path.removeprefix("calendar/") for path in paths})]
    others = cves | {f"csv/{name}.csv": f"tables/{name}.csv" for name in ("releases", "products", "prices", "known_issues", "kb_cves")}
    others["csv/hotpatch_calendar.csv"] = "tables/calendar.csv"
    if years := page_data.years(conn, day):
        others["calendar"] = f"calendar/{min(max(int(day[:4]), years[0]), years[-1])}"
    known = dict.fromkeys(paths)
    return Plan(day, valid_until, address, (*known, SERVER, LOOKUP), {path: other for path, other in others.items() if path not in known})


class Pages:
    """The pages of one state of the facts and one day."""

    def __init__(self, answers: Answers, plan: Plan) -> None:
        """Take the answers of the day, from which the pages have what they share with them, and what is to be made."""
        conn = answers.conn
        self._site = _Site(conn, plan.address)
        self._routes = [(re.compile(form), view) for found in pm.hook.register_routes(datasette=self._site) for form, view in found]
        self._plan = plan
        self._links = Links(plan.paths, plan.others)
        web.keep_judging(conn, plan.day, web.Judging(answers.verdicts, web.Kept(answers.found, {}, {}, {})))

    def beside(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files beside the pages: scripts and styles, and with an address the map of the site."""
        for path in (*(FOLDER / "static").iterdir(), *(OWN / name for name in _SCRIPTS)):
            yield f"site/{path.name}", path.read_bytes()
        yield "site/known.js", self._known_paths()
        if self._plan.address is not None:
            yield "sitemap.xml", self._map()

    def of(self, path: str) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a page, one in each language."""
        with clock.as_of(self._plan.day):
            for language in LANGUAGES:
                yield file_of(path, language), self._page(path, language)

    def _page(self, path: str, language: str) -> bytes:
        place = file_of(path, language)
        if path in {SERVER, LOOKUP}:
            request = self._request(path, language)
            text = at_once(renderer(self._site).page(path, {}, request))
        else:
            answer = self._answer(path, language)
            assert answer.status == 200, path
            text = answer.body.decode()
        return self._links.rewritten(text.replace(_CONTENT, self._note(language), 1), place).encode()

    def _answer(self, path: str, language: str) -> Any:
        """Return the answer of the site to a path."""
        request = self._request(path, language)
        match, view = next((found, view) for form, view in self._routes if (found := form.match(f"/{path}")))
        request.scope["url_route"] = {"kwargs": match.groupdict()}
        return at_once(view(self._site, request))

    def _request(self, path: str, language: str) -> Request:
        scope = {
            "type": "http", "method": "GET", "scheme": "http", "path": f"/{path}", "raw_path": f"/{path}".encode(), "root_path": "", "query_string": b"",
            "headers": [(b"host", b"localhost")], "csrftoken": str, SCOPE: language,
        }  # fmt: skip
        return Request(scope, None)

    def _note(self, language: str) -> str:
        t = words(language)
        return _NOTE.format(
            until=self._plan.valid_until,
            unknown=t("verdict unknown"),
            text=t(
                "A copy made of files: its verdicts hold until {day}. After that day nothing here is known to be current.",
                day=self._plan.valid_until,
            ),
        )

    def _known_paths(self) -> bytes:
        """Return the script that tells the page of the lookup what has a page or, of a CVE without one, a file."""
        files = [path for path in self._links.others if path.startswith("cve/")]
        names = [path for path in self._links.pages if "/" in path]
        return "".join(
            f"const {name} = new Set({json.dumps(paths, separators=(',', ':'))});\n" for name, paths in (("PAGES", names), ("FILES", files))
        ).encode()

    def _map(self) -> bytes:
        """Return the sitemap of the pages, in each language."""
        paths = [path for path in self._plan.paths if path not in {SERVER, LOOKUP}][: discovery.MAX_ADDRESSES // len(LANGUAGES)]
        return discovery.sitemap_of(f"{self._plan.address}{file_of(path, code)}" for path in paths for code in LANGUAGES)
