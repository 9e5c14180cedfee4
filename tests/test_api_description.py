"""The OpenAPI description against the running server, by schemathesis; feeds by a feed library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from helpers.serving import served_as_of_day

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis: pip install schemathesis")
feedparser = pytest.importorskip("feedparser", reason="needs feedparser: pip install feedparser")

OPERATIONS = ["eligible", "lookup", "next", "calendar", "verdicts", "products", "changes", "status", "cost", "assess"]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_as_of_day(tmp_path_factory.mktemp("api"), "--public") as url:
        yield url


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_described_is_what_is_answered(name: str, address: str, tries: int) -> None:
    """Whatever the parameters: no server error, a status and a body that are described."""
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415
    from hypothesis import seed as seeded  # noqa: PLC0415
    from schemathesis.checks import not_a_server_error  # noqa: PLC0415
    from schemathesis.specs.openapi.checks import (  # noqa: PLC0415
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    description = httpx.get(f"{address}api/openapi.json", timeout=60).json()
    assert description["servers"] == [{"url": f"{address}api"}]
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=f"{address}api")
    operation = schema[f"/{name}"]["POST" if name == "assess" else "GET"]
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

    @seeded(20260720)
    @settings(max_examples=10 * tries, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        case.call_and_validate(checks=checks, timeout=60)  # the default of 10 s was met on a busy machine

    answered()


def test_operations_are_all_that_are_described(address: str) -> None:
    assert sorted(path.removeprefix("/") for path in httpx.get(f"{address}api/openapi.json", timeout=60).json()["paths"]) == sorted(
        OPERATIONS
    )


@pytest.mark.parametrize("name", ["releases", "calendar", "prices", "issues"])
def test_a_feed_library_reads_the_feeds(name: str, address: str) -> None:
    read = feedparser.parse(httpx.get(f"{address}feeds/{name}.atom?product=ws2025").content)
    assert (bool(read.bozo), read.version) == (False, "atom10")
    assert read.feed.title.endswith("Windows Server 2025")
    assert len({entry.id for entry in read.entries}) == len(read.entries)
    if name == "releases":
        assert len(read.entries) > 20
        assert all(entry.link.startswith(address) and entry.updated_parsed for entry in read.entries)
