"""Start the program as a process, with compiled bytecode as an installation has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """The words of a command, an empty folder to start it in, and its environment."""

    words: tuple[str, ...]
    folder: Path
    environment: dict[str, str]

    def hotpatch_kb(self, *arguments: str | Path) -> None:
        """Run the program."""
        self._run([*self.words, *map(str, arguments)])

    def python(self, *arguments: str) -> None:
        """Run the same interpreter without the program."""
        self._run([sys.executable, *arguments])

    def _run(self, words: list[str]) -> None:
        done = subprocess.run(words, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise SystemExit(
                f"expected {' '.join(words[:3])} to succeed, got {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}"
            )


def command(folder: Path) -> Command:
    """Return the console script beside this interpreter, else ``python -m hotpatch_kb``.

    An installation has compiled modules. A checkout compiles them when it first runs, unless PYTHONDONTWRITEBYTECODE is set, which would
    double the start-up time. So bytecode is kept in the benchmark's own folder.
    """
    script = shutil.which("hotpatch-kb", path=str(Path(sys.executable).parent))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HOTPATCH_KB_"))}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    empty = folder / "empty"
    empty.mkdir()
    return Command((script,) if script else (sys.executable, "-m", "hotpatch_kb"), empty, environment)
