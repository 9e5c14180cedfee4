"""A webhook, answered in memory."""

from __future__ import annotations

import json
from typing import Any

import httpx
import respx

SECRET = "T0PSECRET"


class Hook:
    """A webhook that takes what it is sent, unless it is said to answer otherwise."""

    url = f"https://hooks.example.org/services/{SECRET}"

    def __init__(self, router: respx.MockRouter) -> None:
        self.route = router.post(self.url, name="webhook")
        self.answer(200)

    def answer(self, *statuses: int) -> None:
        """One after the other and no more; a single one for ever. A redirect leads where nothing is routed, so following it fails the test."""
        answers = [httpx.Response(status, headers={"Location": "https://hooks.example.org/elsewhere"}) for status in statuses]
        self.route.mock(answers[0] if len(answers) == 1 else None, side_effect=answers if len(answers) > 1 else None)

    @property
    def taken(self) -> list[Any]:
        """The messages that it answered with 200."""
        return [json.loads(call.request.content) for call in self.route.calls if call.response.status_code == 200]

    def texts(self) -> list[str]:
        return [item["text"] for body in self.taken for item in body["items"]]
