"""Queries of ``hotpatch-kb lookup`` whose answers are kept in ``tests/golden/lookup``, by the names of the files."""

from __future__ import annotations

# name: arguments of lookup. The day is 2026-07-20 unless the arguments say otherwise.
LOOKUPS = {
    "19-ambiguous-lcu-and-component": ["26100.6905", "--product", "ws2025"],
    "19-decided-by-kb": ["26100.6905", "--product", "ws2025", "--kb-installed", "KB5070893"],
    "19-not-decided-by-line": ["26100.6905", "--product", "ws2025", "--line", "hotpatch"],
    "19-ws2022": ["20348.4297"],
    "19-two-lcus": ["14393.187"],
    "19-hotpatch-and-lcu": ["20348.587"],
    "19-hotpatch-and-lcu-by-line": ["20348.587", "--line", "standard"],
    "19-before-2022-11-17": ["20348.1251", "--on", "2022-11-16"],
    "19-since-2022-11-17": ["20348.1251", "--on", "2022-11-17"],
    "20-higher-than-the-lcu": ["20348.770", "20348.768", "20348.4655", "20348.4651"],
    "21-companion": ["26100.7392"],
    "21-without-companion": ["KB5058497"],
    "22-baseline-of-october-2023": ["KB5031364", "KB5031858"],
    "23-derived-baselines": ["26100.2240", "26100.2528", "20348.344", "17784.1588"],
    "24-build": ["26200.8390", "10.0.26200.8390"],
    "24-kb": ["KB5089466", "5089466", " kb5089466 "],
    "24-of-one-product": ["26200.8390", "10.0.26200.8390", "KB5089466", "5089466", " kb5089466 ", "--product", "win11-25h2"],
    "25-article": ["KB5100456"],
    "26-between": ["26100.32773"],
    "26-unknown-number": ["12345.1"],
    "line-of-a-baseline": ["20348.5020", "--line", "standard"],
    "component-without-date": ["KB5066360"],
    "month": ["2026-06", "--product", "ws2025"],
    "44-facts-that-end-months-ago": ["26100.32772", "--product", "ws2025", "--on", "2026-11-22"],
}
