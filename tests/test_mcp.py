"""The site for assistants: the Model Context Protocol over the running server, where the extra ``mcp`` is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from helpers.serving import served_as_of_day

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Calls a tool in a session, as an assistant does."""
    pytest.importorskip("datasette_mcp", reason="needs the extra mcp: pip install 'hotpatch-kb[mcp]'")
    headers = {"accept": "application/json, text/event-stream"}
    with served_as_of_day(tmp_path_factory.mktemp("mcp"), "--public") as address, httpx.Client(headers=headers, timeout=30) as client:

        def send(method: str, **parameters: Any) -> Any:
            message = {"jsonrpc": "2.0", "method": method, "params": parameters}
            if not method.startswith("notifications/"):
                message["id"] = 1
            answer = client.post(f"{address}-/mcp", json=message)
            answer.raise_for_status()
            client.headers.update({name: value for name, value in answer.headers.items() if name == "mcp-session-id"})
            return answer.json().get("result") if answer.content else None

        send("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"})
        send("notifications/initialized")
        yield lambda tool, **arguments: send("tools/call", name=tool, arguments=arguments)


def test_the_ready_made_queries_answer(ask: Callable[..., Any]) -> None:
    listed = ask("list_canned_queries", database="hotpatch")
    assert "what_is_this_build" in str(listed)
    answer = ask("execute_canned_query", database="hotpatch", query="what_is_this_build", parameters={"build": "26100.6905"})
    assert not answer["isError"]
    assert {row["kb"] for row in answer["structuredContent"]["rows"]} >= {"KB5070881", "KB5070893"}
    assert {row["status"] for row in answer["structuredContent"]["rows"]} == {"ambiguous"}


def test_a_published_site_takes_no_sql_of_assistants_either(ask: Callable[..., Any]) -> None:
    answer = ask("execute_sql", database="hotpatch", sql="select 1")
    assert answer["isError"]
    assert "permission" in answer["content"][0]["text"]
