"""The table of faults lists what the tests make, and nothing else."""

from __future__ import annotations

import reliability


def test_the_table_of_faults_lists_every_marked_test() -> None:
    """Without running them: that is done where it is written, and in .ci/long."""
    assert reliability.FILE.read_text(encoding="utf-8") == reliability.written(reliability.faults()), "run python tests/reliability.py"
