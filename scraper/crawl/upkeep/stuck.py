"""End a process that cannot be ended otherwise: one that was told to end and does not, and one that hangs in a single call.

A single call of C code, such as a match of a regular expression, holds Python's interpreter until it returns. Meanwhile no other thread of the
process runs, no connection is answered, and SIGTERM and SIGINT wait, since Python handles signals between its own steps.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Final

# Seconds of the processor's time in one call. JSON of 64 MB, the largest that is read, takes two.
LONGEST_CALL: Final = 30.0
# Seconds that a crawl has to end when it is told to: it ends between two steps, and the database is whole whenever it ends.
PATIENCE: Final = 10.0


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes], patience: float = PATIENCE) -> None:
    """Tell a process to end, and kill it when it has not ended after its patience in seconds; return at once.

    A killed run leaves the database as it was before.
    """
    process.terminate()
    killing = threading.Timer(patience, process.kill)  # it does nothing to a process that has ended
    killing.daemon = True
    killing.start()


def end_myself_after(seconds: float, code: int) -> None:
    """End this process with an exit code after so many seconds, whatever its threads do; return at once.

    Python waits for its threads when it ends, and one that judges a fleet may go on for long.
    """

    def ended() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # closed, or nobody reads it
                stream.flush()
        os._exit(code)

    ending = threading.Timer(seconds, ended)
    ending.daemon = True
    ending.start()


def end_in_a_long_call(seconds: float = LONGEST_CALL) -> None:
    """End this process when a single call holds the interpreter for so many seconds of the processor's time; return at once.

    A thread winds up a timer of the system again and again, which it cannot do during such a call. The timer's signal then prints where each
    thread is, as names of functions and numbers of lines, and ends the process. Its clock is the processor's time of this process: a machine
    that sleeps, or a process that is stopped and goes on, does not run it down. Windows has no such timer.
    """
    if sys.platform == "win32":
        return
    with suppress(Exception):  # a standard error that is closed: then it ends without a word
        faulthandler.register(signal.SIGPROF, chain=True)
    signal.setitimer(signal.ITIMER_PROF, seconds)

    def wind_up() -> None:
        while True:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            time.sleep(seconds / 10)

    threading.Thread(target=wind_up, name="watch", daemon=True).start()
