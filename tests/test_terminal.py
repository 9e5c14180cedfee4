"""What a person sees at a terminal: colours, widths, bars, completion. A pseudo-terminal stands for it; in a pipe nothing of this is there."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from conftest import Command

from hotpatch_kb.scraper.cli.text import colour, columns, table
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.run import PageLine, page_line

ROOT = Path(__file__).parent.parent
ANSI = re.compile(r"\x1b\[[0-9;]*m")
LOOKUP = ("lookup", "26100.32995", "--on", "2026-07-20")

needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty module")


def at_terminal(*arguments: str, cwd: Path, wide: int = 80, **environment: str) -> str:
    """Return what a command prints with a pseudo-terminal as its standard output and error."""
    import fcntl  # noqa: PLC0415
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, wide, 0, 0))
    kept = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"} and not name.startswith("HOTPATCH_KB_")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "hotpatch_kb", *arguments], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux, when the last writer is gone
            break
        if not part:
            break
        shown += part
    os.close(ours)
    process.wait()
    return shown.decode("utf-8")


@needs_pty
def test_verdicts_have_a_colour_and_a_mark(tmp_path: Path) -> None:
    shown = at_terminal(*LOOKUP, cwd=tmp_path)
    assert "\x1b[31m✗ not patched (restart due)\x1b[0m; the baseline" in shown
    assert "\x1b[31m✗ not patched on either line\x1b[0m" in shown
    late = at_terminal("lookup", "26100.33158", "--on", "2026-11-22", cwd=tmp_path)
    assert "\x1b[33m? not known whether it is patched\x1b[0m" in late
    assert "\x1b[32m✓ patched (current)\x1b[0m" in at_terminal("lookup", "KB5087539", "--on", "2026-05-20", cwd=tmp_path)
    rows = at_terminal("verdicts", "--product", "ws2022", "--on", "2026-05-20", cwd=tmp_path, wide=300)
    assert "\x1b[32m✓ current" in rows


@needs_pty
@pytest.mark.parametrize(("arguments", "environment"), [(("--no-color",), {}), ((), {"NO_COLOR": "1"})])
def test_colours_can_be_turned_off(arguments: tuple[str, ...], environment: dict[str, str], tmp_path: Path) -> None:
    shown = at_terminal(*LOOKUP, *arguments, cwd=tmp_path, **environment)
    assert "✗ not patched (restart due); the baseline" in shown
    assert not ANSI.search(shown)


@needs_pty
def test_a_dumb_terminal_and_a_pipe_get_plain_text(tmp_path: Path, run: Command) -> None:
    for shown in (at_terminal(*LOOKUP, cwd=tmp_path, TERM="dumb"), run(*LOOKUP).out, run(*LOOKUP, "--no-color").out):
        assert "  if hotpatch  not patched (restart due); the baseline" in shown
        assert "\x1b" not in shown


@needs_pty
@pytest.mark.parametrize("wide", [60, 80, 132])
@pytest.mark.parametrize("arguments", [("status",), ("verdicts", "--product", "ws2025", "--on", "2026-07-20"), ("lookup", "24H2")])
def test_tables_fit_the_terminal(arguments: tuple[str, ...], wide: int, tmp_path: Path) -> None:
    shown = at_terminal(*arguments, cwd=tmp_path, wide=wide, NO_COLOR="1").replace("\r\n", "\n").splitlines()
    narrowest = 8 * 10 + 2 * 7 if arguments[0] == "verdicts" else 0  # what eight columns take at least
    rows = [line for line in shown if not re.match(r"no database at|\d+ sources stale|data as of", line)]
    assert len(rows) > 5
    assert max(map(columns, rows)) <= max(wide, narrowest)


def test_wide_characters_take_two_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colour, "width", lambda: 40)
    rows = [("KB5087423", "2026 年 5 月の品質更新プログラム、ホットパッチ (OS ビルド 26100.32772)"), ("KB1", "short")]
    lines = list(table(rows, ("KB", "title")))
    assert [columns(line) <= 40 for line in lines] == [True] * len(lines)
    assert lines[:2] == ["KB         title", "KB5087423  2026 年 5"]
    assert "".join(line[11:] for line in lines[1:-1]).replace(" ", "") == rows[0][1].replace(" ", "")
    assert lines[-1] == "KB1        short"


@needs_pty
def test_long_work_draws_a_bar_with_total_and_time_left(worlds: dict[str, Path], tmp_path: Path) -> None:
    shown = at_terminal("crawl", "--from", str(worlds["new"]), cwd=tmp_path)
    assert re.search(r"\d+%\|.*\d+/\d+ \[\d\d:\d\d<", shown)
    assert re.search(r"\d+/\d+ \[\d\d:\d\d<", at_terminal("replay", cwd=tmp_path))
    inventory = tmp_path / "fleet.csv"
    inventory.write_text("host,build\n" + "".join(f"h{number},26100.{number % 9000}\n" for number in range(300_000)), encoding="utf-8")
    assert re.search(r"%\|.*[kM]/\d\.\d+M \[\d\d:\d\d<", at_terminal("assess", "fleet.csv", "-o", "judged.csv", cwd=tmp_path))


def test_in_a_pipe_the_bar_is_not_even_imported(worlds: dict[str, Path], tmp_path: Path) -> None:
    code = "import sys; from hotpatch_kb.scraper.cli.main import main; main(sys.argv[1:]); print('tqdm' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "crawl", "--from", str(worlds["new"])], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.endswith("False\n")
    assert "%|" not in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [("hotpatch-kb loo", {"lookup"}), ("hotpatch-kb lookup --li", {"--line"}), ("hotpatch-kb lookup --line ", {"hotpatch", "standard"})],
)
def test_shells_complete(words: str, expected: set[str], run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_HOTPATCH_KB_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    assert {line.partition(",")[2] for line in run().out.splitlines()} == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shells_get_their_script(shell: str, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_HOTPATCH_KB_COMPLETE", f"{shell}_source")
    assert "hotpatch-kb" in run().out


def test_a_bar_counts_what_is_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a line is of a page, and of a failure, is not read from its words: a note may have an address, a page "refused" in its text."""
    drawn: list[tuple[int, str]] = []
    written: list[str] = []
    monkeypatch.setattr(runs.stderr, "is_terminal", lambda: True)
    monkeypatch.setattr(runs.stderr, "write", written.append)
    monkeypatch.setattr(runs.stderr, "bar", lambda *_: nullcontext(lambda count, text: drawn.append((count, text))))
    with runs.progress() as say:
        say("support_navigation: found a hub: https://support.microsoft.com/x")
        say(page_line("msrc_cvrf", "https://api.msrc.microsoft.com/a: refused: b", "3 claims"))
        say(PageLine("msrc_cvrf: unreachable: https://api.msrc.microsoft.com/c: expected status 200, got 500"))
    assert drawn == [(1, "api.msrc.microsoft.com/a: refused: b: 3 claims"), (1, "")]
    assert [line.partition("\x1b[K")[2] for line in written] == [
        "support_navigation: found a hub: https://support.microsoft.com/x\n",
        "msrc_cvrf: unreachable: https://api.msrc.microsoft.com/c: expected status 200, got 500\n",
    ]
