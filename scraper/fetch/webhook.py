"""Messages to an address that the operator chose: any host, no redirects, one try."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.chosen import client
from hotpatch_kb.scraper.fetch.errors import Unreachable


def post(address: str, body: bytes, *, seconds: float) -> None:
    """Post JSON. Nothing of the answer but its status is read.

    Raises:
        Unreachable: it was not taken. The message names the host alone: the rest of such an address is a secret.
    """
    host = urlsplit(address).hostname or "the webhook"
    headers = {"Content-Type": "application/json"}
    try:
        with (
            client(seconds) as asking,
            asking.stream("POST", address, content=body, headers=headers) as response,
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, BadInput) as error:
        raise Unreachable(host, f"expected {host} to take a message, got {type(error).__name__}") from None
    if not 200 <= status < 300:
        raise Unreachable(host, f"expected {host} to take a message, got status {status}")
