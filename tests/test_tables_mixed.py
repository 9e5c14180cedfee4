"""Tables of which a few rows are odd are read as the ``csv`` module reads them, row by row, wherever a chunk ends."""

from __future__ import annotations

import csv
import io
import random
from itertools import chain

import pytest

from hotpatch_kb.db.fleet.inventory.tables import delimited
from hotpatch_kb.db.fleet.rows import csv_line

ODD = (
    '"a, b; c"', '"say ""so"""', '"two\nlines"', '"a\rb"', '"a\r\nb"', "{j}", '"{""a"": 1}"', " s ", "", '""', "\u2028", '"\u0085"',
)  # fmt: skip


def table(chosen: random.Random) -> tuple[str, str]:
    """Return a text, and its delimiter. A row in eight is odd: quotes, blank lines, too few or too many cells."""
    delimiter, end, lines = chosen.choice(",;\t|"), chosen.choice(("\n", "\r\n")), []
    for number in range(chosen.randrange(10, 80)):
        cells = [f"srv{number}", "26100.32772", f"team {number}"]
        match chosen.randrange(32):
            case 0 | 1:
                cells = [chosen.choice(ODD) for _ in cells]
            case 2:
                cells = [*cells[:2], '"' + "x\n" * chosen.randrange(20) + '"']
            case 3:
                cells = chosen.choice(([], ["", "", ""], cells[:2], [*cells, "more"], [*cells, ""]))
        lines.append(delimiter.join(cells))
    return end.join([delimiter.join(("host", "build", "owner")), *lines]) + chosen.choice(("", end)), delimiter


def expected(text: str, delimiter: str) -> list[tuple[list[str], bool]]:
    """Return the rows as the ``csv`` module reads them, three cells each, and whether a row had another number of them."""
    found = []
    for cells in list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))[1:]:
        if cells:
            is_ragged = len(cells) < 3 or any(cells[3:])
            found.append(([*cells[:2], " ".join(cells[2:]) if is_ragged else cells[2]] if len(cells) > 2 else [*cells, ""], is_ragged))
    return found


@pytest.mark.parametrize("size", [200, 700, 2**18])
def test_few_odd_rows_are_read_as_by_csv(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "CHUNK", size)
    mixed, ways = delimited.mixed, []

    def counted(*arguments: object) -> object:
        found = mixed(*arguments)  # type: ignore[arg-type]
        ways.append(found is not None)
        return found

    monkeypatch.setattr(delimited, "mixed", counted)
    for seed in range(300):
        text, delimiter = table(random.Random(seed))
        stream = io.StringIO(text, newline="")
        parts = list(delimited.Delimited(stream.read(size) + stream.readline(), stream).parts())
        wanted = expected(text, delimiter)
        assert [row for part in parts for row in part.rows] == [cells for cells, _ in wanted], (seed, text)
        problems = list(chain.from_iterable(part.problems or [None] * len(part.rows) for part in parts))
        assert [str(problem).startswith("expected 3 cells") for problem in problems] == [is_ragged for _, is_ragged in wanted], (seed, text)
        lines = [line for part in parts for line in part.lines or map(csv_line, part.rows)]
        assert [next(csv.reader(io.StringIO(line, newline=""))) for line in lines] == [cells or [""] for cells, _ in wanted], (seed, text)
        assert all(part.has_json for part in parts if any("{" in cell for row in part.rows for cell in row))
    assert 50 < sum(ways) < len(ways)


def test_a_row_that_is_no_csv_is_refused_with_its_line() -> None:
    """A quote that is never closed would make one machine of all that follow."""
    rows = "".join(f"srv{number},26100.32772,team\n" for number in range(40))
    for broken, problem in (('srv40,26100.32772,"team\n', "unexpected end of data in line"), ('srv40,"26100"x,team\n', "line 42")):
        stream = io.StringIO(f"host,build,owner\n{rows}{broken}{rows}", newline="")
        with pytest.raises(delimited.BadInput, match=problem):
            list(delimited.Delimited(stream.read(), stream).parts())
