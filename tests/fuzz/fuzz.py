"""Fuzzing with coverage by atheris: ``python tests/fuzz/fuzz.py SECONDS [TARGET]...``, equal shares for each target.

Corpus: the small rendered pages and the titles of ``tests/facts``, and what was found worth keeping in earlier runs, in ``.long/fuzz/<target>``
(ignored by git). Needs atheris, which is for Linux and Python up to 3.13 and no dependency of the project. Prints how much was run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE), str(HERE.parent)]


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with."""
    import make_pages  # noqa: PLC0415
    from helpers import render  # noqa: PLC0415

    if name in {"titles", "cells", "names", "addresses", "queries"}:
        texts = [row["title"] for row in (*render.facts("odd-titles"), *render.facts("navigation-hotpatch"))]
        texts += [
            row[key]
            for row in render.facts("calendar-server")
            for key in ("update_type", "type", "build", "kb", "availability_date", "kb_url")
        ]
        return [text.encode() for text in dict.fromkeys(texts)]
    return [page.bytes() for path, page in make_pages.pages().items() if path.startswith(f"{name}/")]


def one(name: str, seconds: int) -> None:
    """Fuzzes one target in this process, which ends with the fuzzer."""
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=["hotpatch_kb"]):
        import targets  # noqa: PLC0415
    corpus = ROOT / ".long" / "fuzz" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    arguments = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={seconds}",
        "-max_len=16384",
        "-timeout=20",
        f"-artifact_prefix={corpus.parent}/found-{name}-",
        "-print_final_stats=1",
    ]
    atheris.Setup(arguments, lambda data: targets.timed(name, bytes(data)))
    atheris.Fuzz()


def main() -> int:
    seconds, names = int(sys.argv[1]), sys.argv[2:]
    if len(names) == 1 and os.environ.get("HOTPATCH_KB_FUZZ_ONE"):
        one(names[0], seconds)
        return 0
    from targets import TARGETS  # noqa: PLC0415

    failed = total = 0
    for name in names or list(TARGETS):
        command = [sys.executable, __file__, str(max(1, seconds // len(names or TARGETS))), name]
        done = subprocess.run(
            command, env=os.environ | {"HOTPATCH_KB_FUZZ_ONE": "1"}, capture_output=True, text=True, errors="replace", check=False
        )
        runs = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {runs[0] if runs else 'no'} inputs{'' if done.returncode == 0 else ', FOUND SOMETHING'}", flush=True)
        total += int(runs[0]) if runs else 0
        if done.returncode:
            failed = 1
            print("\n".join((done.stdout + done.stderr).splitlines()[-40:]), flush=True)
    print(f"{total:,} inputs, {'something was found' if failed else 'nothing found'}")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
