"""Exit codes of the command ``hotpatch-kb``. Scripts rely on the numbers; a scheduled crawl is a process of its own and reports by them."""

from __future__ import annotations

from enum import IntEnum

from hotpatch_kb.light_typing import Final


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    SOURCE_FAILED = 3
    NO_ANSWER = 4
    LOCKED = 5
    STALE = 6
    INTERRUPTED = 130


MEANINGS: Final = {
    ExitCode.DONE: "done; an ambiguous answer is an answer",
    ExitCode.FAILED: "failed",
    ExitCode.BAD_INPUT: "bad input: one line says what was expected and what came",
    ExitCode.SOURCE_FAILED: "ran, but a source failed, was refused or could not be reached; its facts were kept",
    ExitCode.NO_ANSWER: "a query had no answer; the others were answered",
    ExitCode.LOCKED: "another run holds the lock of this database",
    ExitCode.STALE: "`status`: something needs a look (`hotpatch-kb status --help` lists what); `assess`: a machine has a verdict of `--fail-on`",
    ExitCode.INTERRUPTED: "interrupted",
}
