"""End a crawl with the process that started it, however that one ended."""

from __future__ import annotations

import os
import threading

from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.upkeep import stuck

OPTION = "--ends-with-stdin"


def end_with_stdin() -> None:
    """End this process when its standard input ends. The parent holds that open, and no signal can keep the system from closing it.

    ``serve`` that got SIGHUP, SIGQUIT or SIGKILL would leave its crawl behind, with the lock. A crawl that ends so leaves the database whole.
    """
    threading.Thread(target=_wait, name="stdin", daemon=True).start()
    stuck.end_in_a_long_call()  # during which that thread would not see the end either


def _wait() -> None:
    # Not sys.stdin: a thread inside of its buffer is a fatal error when Python ends.
    while True:
        try:
            if not os.read(0, 1024):
                break
        except OSError:
            break
    os._exit(ExitCode.INTERRUPTED)
