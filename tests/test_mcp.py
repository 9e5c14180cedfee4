"""The site for assistants: the Model Context Protocol over the running server and over standard input, where the extra ``mcp`` is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
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


def _said(folder: Path, *lines: str, arguments: tuple[str, ...] = ()) -> tuple[list[Any], str]:
    """The answers of ``hotpatch-kb mcp`` to lines of standard input, and its standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "hotpatch_kb", "mcp", *arguments], input="".join(f"{line}\n" for line in lines), cwd=folder, capture_output=True,
        encoding="utf-8", env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONUTF8": "0"}, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_standard_input_has_the_tools_of_the_server(tmp_path: Path) -> None:
    """A message a line, an answer a line, nothing else on standard output; the folder stays empty."""
    pytest.importorskip("datasette_mcp", reason="needs the extra mcp: pip install 'hotpatch-kb[mcp]'")
    query = {"database": "hotpatch", "query": "what_is_this_build", "parameters": {"build": "26100.6905"}}
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    asked = [
        {"id": 1, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "execute_canned_query", "arguments": query}},
        {
            "id": 4,
            "method": "tools/call",
            "params": {"name": "execute_sql", "arguments": {"database": "hotpatch", "sql": "delete from kbs"}},
        },
    ]
    answers, err = _said(tmp_path, *(json.dumps({"jsonrpc": "2.0"} | message) for message in asked), "", "no message")
    assert [answer.get("id") for answer in answers] == [1, 2, 3, 4, None]
    assert {tool["name"] for tool in answers[1]["result"]["tools"]} >= {"list_canned_queries", "execute_canned_query", "execute_sql"}
    assert {row["kb"] for row in answers[2]["result"]["structuredContent"]["rows"]} >= {"KB5070881", "KB5070893"}
    assert answers[3]["result"]["isError"]
    assert "error" in answers[4]
    assert [line for line in err.splitlines() if not line.startswith("no database at hotpatch.db: answering from the embedded facts")] == []
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_standard_input_says_what_to_install(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasette_mcp", None)
    done = run("mcp")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        "hotpatch-kb: expected datasette-mcp for the Model Context Protocol, got no such package: pip install 'hotpatch-kb[mcp]'"
    )
