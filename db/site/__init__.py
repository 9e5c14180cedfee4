"""The site: Datasette over the database. Datasette's arguments are made here, so that callers need not know the paths.

Without the command: ``datasette hotpatch.db -m db/site/metadata.yaml --plugins-dir db/site/plugins --template-dir db/site/templates
--static site:db/site/static``
(Datasette 0.65 names a database by its file, and metadata.yaml describes one that is named hotpatch).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datasette.app import Datasette

FOLDER: Final = Path(__file__).parent
DATABASE: Final = "hotpatch"  # in every address, whatever the file's name


def config(public: bool) -> dict[str, Any]:
    """Return keyword arguments of ``datasette.app.Datasette``, new ones on each call: Datasette writes into its metadata.

    Args:
        public: whether the site is published: no SQL of visitors, no download of the file, tighter limits.
    """
    from datasette.utils import parse_metadata  # noqa: PLC0415 (imports of 1 s; lookups need none of it)

    settings = json.loads((FOLDER / "settings.json").read_text(encoding="utf-8"))
    if public:
        settings |= json.loads((FOLDER / "settings-public.json").read_text(encoding="utf-8"))
    return {
        "metadata": parse_metadata((FOLDER / "metadata.yaml").read_text(encoding="utf-8")),
        "settings": settings,
        "plugins_dir": str(FOLDER / "plugins"),
        "template_dir": str(FOLDER / "templates"),
        "static_mounts": [("site", str(FOLDER / "static"))],
    }


def datasette(path: Path, public: bool) -> Datasette:
    """Return the site over a database, which it opens for reading; others may write to it at the same time.

    Args:
        path: the database file; its name does not matter.
        public: see ``config``.
    """
    from datasette.app import Datasette  # noqa: PLC0415
    from datasette.database import Database  # noqa: PLC0415

    class Quiet(Database):  # type: ignore[misc]
        """A database that does not print wrong statements: they hold what a visitor asked for. Errors of ours are logged without values."""

        async def execute(self, *args: Any, **kwargs: Any) -> Any:
            return await super().execute(*args, **kwargs | {"log_sql_errors": False})

        async def table_counts(self, limit: float = 0) -> Any:  # noqa: ARG002 (milliseconds, in which Datasette gives up)
            """Count all rows. What a page says must not depend on what else the machine does in these 5 ms: the page is kept for everybody."""
            return await super().table_counts(limit=0)

    site = Datasette(files=[], **config(public))
    # Without a file, Datasette opens an empty database in memory, on which visitors could run SQL.
    site.remove_database("_memory")
    site.add_database(Quiet(site, path=str(path), is_mutable=True), name=DATABASE)
    return site
