"""Sources that are tables in the package, ``db/seed/facts/*.tsv``: facts that no page states, or no page states any more.

One module each. They are read from the package, never from the network.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage


def records(page: Page, *columns: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a table (tab-separated, UTF-8) with their numbers, counted from 0.

    Raises:
        UnexpectedPage: a column is missing, or a row has more or fewer cells than the header has.
    """
    table = csv.DictReader(page.body.decode("utf-8").splitlines(), delimiter="\t")
    if missing := [name for name in columns if name not in (table.fieldnames or ())]:
        raise UnexpectedPage(f"expected the columns {', '.join(columns)} in {page.page_url}, got none called {' or '.join(missing)}")
    for row, record in enumerate(table):
        if None in record or None in record.values():
            raise UnexpectedPage(f"expected {len(table.fieldnames or ())} cells in row {row + 1} of {page.page_url}, got others")
        yield row, record
