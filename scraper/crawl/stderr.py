"""Write to standard error without ever failing the run that writes."""

from __future__ import annotations

import os
import sys


def say(message: str) -> None:
    """Write a line to standard error."""
    write(f"{message}\n")


def write(text: str) -> None:
    """Write a text to standard error; a closed pipe or a full disk there loses this text and never ends the run."""
    if sys.stderr is None:  # a Windows program without a console
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        # Text that stays in the buffer would fail again with every later write, and with exit code 120 at the end: drop it.
        stderr, nowhere = os.dup(sys.stderr.fileno()), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        sys.stderr.flush()
        os.dup2(stderr, sys.stderr.fileno())
        os.close(stderr)
        os.close(nowhere)
