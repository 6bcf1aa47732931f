"""The HTTP half of the spec, for tests: a request, and an answer, checked when it refuses."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from .shapes import CODES, Message

CANONICAL = {"unauthenticated": 401, "forbidden": 403, "not_found": 404, "conflict": 409}
"""Codes whose HTTP status has the same name."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    content_type: str

    @property
    def code(self) -> str:
        """The code of a refusal, whose body must be a problem document."""
        assert self.status >= 400, f"not refused: {self.status} {self.body!r}"
        assert self.content_type == "application/problem+json", self
        assert isinstance(self.body["type"], str), self
        assert isinstance(self.body["title"], str), self
        assert isinstance(self.body["detail"], str), self
        assert self.body["status"] == self.status, self
        code: str = self.body["code"]
        assert code in CODES, self
        assert CANONICAL.get(code, self.status) == self.status, self
        assert code != "internal", self
        return code


class Http:
    """Requests to one server. `do` expects success and gives the body; `ask` gives the answer."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self._session.request(
            method,
            self._url + path,
            json=body,
            data=raw,
            headers=sent,
            params=query,
        ) as response:
            is_json = "json" in response.content_type
            return Answer(
                response.status,
                await (response.json(content_type=None) if is_json else response.text()),
                response.content_type,
            )

    async def do(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> Message:
        answer = await self.ask(method, path, body, token=token, headers=headers, query=query)
        assert 200 <= answer.status < 300, f"{method} {path} {body}: {answer}"
        assert answer.content_type == "application/json", answer
        assert isinstance(answer.body, dict)
        return answer.body

    async def get(self, path: str, *, token: str | None = None, **query: str) -> Message:
        return await self.do("GET", path, token=token, query=query)

    async def post(self, path: str, body: object = None, *, token: str | None = None) -> Message:
        return await self.do("POST", path, body, token=token)
