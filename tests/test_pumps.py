"""Inventories that are small and made to take long: time and memory that grow with the square of what is sent would stop a site for everybody."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hotpatch_kb.db.fleet.inventory import inventory
from hotpatch_kb.db.fleet.inventory.columns import MAX_NAME
from hotpatch_kb.db.model.errors import BadInput

SIZE = 250_000  # characters; with the square of that a match takes minutes
# What a pattern with two repetitions of the same characters tries in every way.
PUMPS = ("-", "\n", "=> ", "- \n", " ", "\t", "=", ":", "0:", "a", "a ", "a  ", "- ", "--", "\\", "(", "[", '"', "a=", 'a="', "26100.", "KB5087423 ", "windows ", "|", "+-", "#", "\xa0", "1/", "2026-07-")  # fmt: skip
# Where it stands, as {0}; what follows it is no part of it.
PLACES = {
    "a text": "{0}\x01",
    "lines below a rule": "-----\n{0}x\n",
    "what follows the tag of a document": "<?xml {0}x\n",
    "the line below a header of blanks": "host build\n{0}x\nsrv1 26100.32772\n",
    "the line below a header of bars": "| host | build |\n{0}x\n| srv1 | 26100.32772 |\n",
    "a line of blanks": "host build\nsrv1{0}26100.32772\n",
    "a cell": "host,build,kbs,note\nsrv1,26100.32772,KB5087423,{0}x\n",
    "a list of KBs": "host,build,kbs\nsrv1,26100.32772,KB5087423 {0}x\n",
    "a build": "host,build\nsrv1,{0}x\n",
    "a host": "host,build,kbs\n{0}x,26100.32772,\n",
    "a value of systeminfo": "Host Name: srv1\nOS Version: {0}x\nLocale: en\n",
    "a line of systeminfo": "Host Name: srv1\n{0}x\nOS Version: 10.0.26100 N/A Build 26100\n",
    "a value of the registry": "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\n    {0}  REG_SZ  b\n    {0}x\n",
    "a line between versions": "srv1\nMicrosoft Windows [Version 10.0.26100.8875]\n{0}!\nsrv2\n",
    "a value of YAML": "- name: {0}x\n  build: 26100.32772\n",
    "a cell of HTML": "<table><tr><td>host<td>build<tr><td>{0}x<td>26100.32772</table>",
}  # fmt: skip


def rows_of(body: bytes) -> None:
    """Read an inventory to its end; that it cannot be read is an answer, too."""
    try:
        with inventory(io.BytesIO(body)) as machines:
            for _ in machines.rows():
                pass
    except BadInput:
        pass


@pytest.mark.fault("a run of one sign where a pattern tries every way", of="site")
@pytest.mark.parametrize("place", PLACES)
def test_no_pattern_takes_time_by_the_square(place: str) -> None:
    """250 kB of a sign stand in each place of an inventory; it is read, or refused in one line, within seconds."""
    for pump in PUMPS:
        began = time.monotonic()
        rows_of(PLACES[place].replace("{0}", pump * (SIZE // len(pump))).encode())
        assert time.monotonic() - began < 60, (place, pump)  # a busy machine has taken 9; by the square it is minutes


@pytest.mark.fault("a header of thousands of equal names", of="site")
def test_equal_names_are_numbered_one_after_the_other() -> None:
    """A header has 5,000 cells with the same name; each has a name of its own within seconds."""
    began = time.monotonic()
    with inventory(io.BytesIO(b"build" + b",build" * 4_999 + b"\n26100.32772" + b",x" * 4_999)) as machines:
        assert machines.find_columns()[:2] + machines.find_columns()[-1:] == ["build", "build_2", "build_5000"]
    assert time.monotonic() - began < 120


@pytest.mark.fault("a header of 300,000 columns", of="site")
@pytest.mark.parametrize("cell", [b"5087423", b"", b"26100.1", b"build", b"a.b"])
def test_a_header_of_too_many_columns_is_not_looked_at(cell: bytes) -> None:
    """A line has 300,000 cells; one line says how many there may be, before one of them is looked at."""
    began = time.monotonic()
    with (
        pytest.raises(BadInput, match="expected at most 20,000 columns, got 300,001"),
        inventory(io.BytesIO(cell + (b"," + cell) * 300_000)),
    ):
        pass
    assert time.monotonic() - began < 120


# Each would take gigabytes: the ends of a name at each of its dots, and the path of each member of an object.
LONG_NAMES = {
    "a name with a million dots": b"host,build," + b"a." * 1_000_000 + b"\nsrv1,26100.32772,x\n",
    "a long name around a thousand members": b'[{"' + b"a" * 3_000_000 + b'": {' + b",".join(b'"m%d": 1' % place for place in range(900)) + b', "build": "26100.32772"}}]',
    "a long name in a cell of JSON": b'host,build,more\nsrv1,26100.32772,"{""' + b"a" * 3_000_000 + b'"": {' + b",".join(b'""m%d"": 1' % place for place in range(900)) + b'}}"\n',
    "a long name of an item": json.dumps([{"build": "26100.32772", "more": [{"name": "a" * 3_000_000, **{f"m{place}": 1 for place in range(900)}}]}]).encode(),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a name with a million dots", marks=pytest.mark.fault("a column's name with a million dots", of="site")),
        pytest.param(
            "a long name around a thousand members", marks=pytest.mark.fault("a name of 3 MB around a thousand members", of="site")
        ),
        pytest.param("a long name in a cell of JSON", marks=pytest.mark.fault("a name of 3 MB in a cell of JSON", of="site")),
        pytest.param("a long name of an item", marks=pytest.mark.fault("a name of 3 MB of an item of a list", of="site")),
    ],
)
def test_a_name_beyond_all_measure_is_refused(name: str, tmp_path: Path) -> None:
    """3 MB are given as an inventory to a process of one gigabyte; one line says how long a name may be."""
    if sys.platform == "win32":
        pytest.skip("needs limits of POSIX")
    (tmp_path / "fleet").write_bytes(LONG_NAMES[name])
    limited = ["sh", "-c", 'ulimit -v 1000000; exec "$0" "$@"', sys.executable, "-m", "hotpatch_kb", "assess", "fleet"]
    done = subprocess.run(limited, cwd=tmp_path, capture_output=True, timeout=300, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert f"expected names of columns of at most {MAX_NAME:,} characters, got " in done.stderr
    assert "Traceback" not in done.stderr
