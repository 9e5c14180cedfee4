# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Headers that keep a browser from running foreign code, in case text of a crawled page ever reaches it unescaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from datasette import hookimpl

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Send], Awaitable[None]]

_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@cache
def _headers() -> tuple[tuple[bytes, bytes], ...]:
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *_hashes_of_inline_scripts()]),
        # Datasette writes style attributes, and style elements that name a page's columns: they cannot be listed in advance.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return (
        (b"content-security-policy", "; ".join(f"{name} {value}" for name, value in policy.items()).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
    )


def _hashes_of_inline_scripts() -> list[str]:
    """Return the hashes of Datasette's own inline scripts: 'unsafe-inline' would allow any other as well."""
    scripts = []
    for template in sorted(files("datasette").joinpath("templates").iterdir(), key=lambda entry: entry.name):
        for script in _INLINE_SCRIPT.findall(template.read_text(encoding="utf-8")):
            # table.html: DATASETTE_ALLOW_FACET = {{ datasette_allow_facet }};
            values = ("true", "false") if "{{ datasette_allow_facet }}" in script else ("",)
            scripts += [script.replace("{{ datasette_allow_facet }}", value) for value in values]
    return sorted({f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts})


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[App], App]:  # noqa: ARG001 (name of the hook)
    """Add the headers to every answer, errors and files included; one that a page sets itself stays."""

    def wrap(app: App) -> App:
        async def with_headers(scope: Any, receive: Any, send: Send) -> None:
            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    given = list(message.get("headers", ()))
                    names = {name.lower() for name, _ in given}
                    message = {**message, "headers": [*given, *(header for header in _headers() if header[0] not in names)]}
                await send(message)

            await app(scope, receive, send_with_headers)

        return with_headers

    return wrap
