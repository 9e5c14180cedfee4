"""The site for assistants: the Model Context Protocol over the running server and over standard input, where the extra ``mcp`` is installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers.serving import served_as_of_day, serving

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


@pytest.mark.fault("a site that ends while an assistant has a session", of="site")
@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended without a signal there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_the_end_of_a_session_is_no_error(number: int, tmp_path: Path) -> None:
    """A session is begun, and the site gets a signal; exit code 0, and nothing after the address in the log."""
    pytest.importorskip("datasette_mcp", reason="needs the extra mcp: pip install 'hotpatch-kb[mcp]'")
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    with serving(tmp_path, "--no-crawl", "--public") as site:
        address = site.until(r"^serving (\S+)")[1]
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
        headers = {"accept": "application/json, text/event-stream"}
        assert httpx.post(f"{address}-/mcp", json=message, headers=headers, timeout=60).status_code == 200
        site.process.send_signal(number)
        assert site.process.wait(timeout=20) == 0
    assert site.said[-1].startswith("serving ")


# Messages with a text where the library knows none of that name, or reads another kind of value.
NAMED = [
    {"id": 1, "method": "prompts/get", "params": {"name": "visitor7f3a"}}, {"id": 1, "method": "resources/read", "params": {"uri": "x:visitor7f3a"}},
    {"id": 1, "method": "tools/call", "params": {"name": "visitor7f3a", "arguments": {}}}, {"id": 1, "method": "visitor7f3a"}, {"method": "visitor7f3a", "params": {"x": "visitor7f3a"}},
    {"id": 1, "method": "tools/call", "params": {"name": "execute_canned_query", "arguments": {"database": "hotpatch", "query": "visitor7f3a", "parameters": {}}}},
    {"method": "notifications/cancelled", "params": {"requestId": ["visitor7f3a"]}}, {"id": 1, "method": "completion/complete", "params": {"ref": {"type": "ref/prompt", "name": "visitor7f3a"}, "argument": {"name": "a", "value": "b"}}},
]  # fmt: skip


@pytest.mark.fault("names that the library for assistants does not know", of="site")
def test_nothing_of_an_assistant_is_in_the_log(tmp_path: Path) -> None:
    """Prompts, resources, tools, queries and notifications are asked for by unknown names, each three times; no 500, nothing of them in the log, which stays short."""
    pytest.importorskip("datasette_mcp", reason="needs the extra mcp: pip install 'hotpatch-kb[mcp]'")
    headers = {"accept": "application/json, text/event-stream"}
    with serving(tmp_path, "--no-crawl", "--public") as site, httpx.Client(headers=headers, timeout=60) as client:
        address = site.until(r"^serving (\S+)")[1]
        start = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "visitor7f3a", "version": "1"}}
        answer = client.post(f"{address}-/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start})
        client.headers["mcp-session-id"] = answer.headers["mcp-session-id"]
        for message in NAMED * 3:
            assert client.post(f"{address}-/mcp", json={"jsonrpc": "2.0"} | message).status_code in {200, 202, 400, 404}, message
        site.stop()
    said = "".join(site.said[1:]).replace(" ", "")
    assert "visitor7f3a" not in said
    assert len(said) < 20_000


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
