"""A sample of the days that tests/simulating.py simulates: .ci/long has a thousand of them, and writes their cost."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import simulating
from helpers import whole

from hotpatch_kb.scraper.sources import registry


def test_what_a_day_leaves_is_what_changed_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry(), "support_article", whole.articles_since("2026-07"))
    days = list(simulating.live(7, tmp_path))
    assert [(day.changed, day.is_release) for day in days[:6]] == [(0, True), (1, False), (2, False), (3, False), (4, False), (0, False)]
    for before, day in pairwise(days):
        # A symptom that reads otherwise is a claim that ended and one that began, and an answer that the archive did not have.
        assert (day.claims, day.files - before.files) == (2 * day.changed, day.changed)
    quiet = [(day.database - before.database, day.archive - before.archive) for before, day in pairwise(days) if not day.changed]
    assert len(quiet) == 1
    assert all(0 < archive < 1000 * days[-1].answers for _, archive in quiet)
    assert all(database < 2500 * days[-1].answers for database, _ in quiet)


def test_an_expected_growth_is_that_of_its_changes() -> None:
    def day(number: int, database: int) -> simulating.Cost:
        return simulating.Cost(number, number % 5, number % 30 == 0, 10 + number % 7, 0, 1.0, 10**8, database, database, 0)

    costs, size = [], 0
    for number in range(301):
        size += 100 * (10 + number % 7) + 50 * (number % 5) + 7000 * (number % 30 == 0)
        costs.append(day(number, size))
    assert [round(share) for share in simulating.growth(costs, "database")] == [100, 50, 7000]
    assert "no tenth of the days grew by more than 0%" in simulating.written(costs)


def test_what_grows_faster_and_faster_is_not_called_linear() -> None:
    costs = [simulating.Cost(n, n % 5, n % 30 == 0, 50, 0, 1.0, 10**8, 1000 * n + n * n, 1000 * n, 0) for n in range(301)]
    with pytest.raises(AssertionError, match="beyond what its changes account for"):
        simulating.written(costs)
