# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""``/metrics``: the health of the knowledge base for Prometheus, what ``status --metrics`` prints."""

from __future__ import annotations

from typing import Any

from datasette import Response, hookimpl

from hotpatch_kb.db.answers import metrics
from hotpatch_kb.db.site import web


async def show(datasette: Any) -> Response:
    """``/metrics``: never cached, since whether a source is stale depends on the time."""
    text = await web.read(datasette, metrics.metrics)
    return Response(text, headers={"cache-control": "no-store"}, content_type=metrics.CONTENT_TYPE)


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the address that Prometheus asks by default."""
    return [(r"^/metrics$", show)]
