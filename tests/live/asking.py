"""Requests to one service, kept for the report: never with its key."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

LONGEST_DELAY_S = 65.0
"""The longest wait after a 429: a minute's quota is there again by then."""
_SHOWN = 160


class UndecidedError(Exception):
    """The service was asked and gave no answer to the question; the message says what it gave."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body; None where it is no JSON."""
        try:
            return json.loads(self.body or b"null")
        except ValueError:
            return None

    @property
    def words(self) -> str:
        """Such as "400 INVALID_ARGUMENT: ...", or the beginning of the body."""
        error = self.json.get("error") if isinstance(self.json, dict) else None
        if isinstance(error, dict):
            return f"{self.status} {error.get('status', '')}: {str(error.get('message', '')).strip()}"
        return f"{self.status} {self.body[:_SHOWN].decode('utf-8', 'replace')}".strip()

    @property
    def rows(self) -> list[list[float]]:
        """The vectors, whatever the endpoint; [] for one without values."""
        told = self.json if isinstance(self.json, dict) else {}
        found = told.get("embeddings") or [one["embeddings"] for one in told.get("predictions", ())]
        return [row.get("values", []) for row in found or [told.get("embedding", {})]]

    @property
    def tokens(self) -> int | None:
        """What was counted, where it is told."""
        told = self.json.get("usageMetadata", {}).get("promptTokenCount")
        return None if told is None else int(told)


@dataclass(eq=False)
class Service:
    """One service that is asked. `sent` are its requests since `forget()`, `refusals` its 429s, `usage`
    the tokens by modality that its replies told of."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    called: str = "the service"
    project: str = ""
    """On Vertex AI: "projects/p/locations/l/"."""
    api_key: str = field(default="", repr=False)
    """On Vertex AI: the key of express mode, where there is one."""
    wait_s: float = 300.0
    """The longest that the probes wait for jobs and quotas, all together."""
    poll_s: float = 5.0

    def __post_init__(self) -> None:
        self.sent: list[str] = []
        self.refusals: list[Answer] = []
        self.usage: Counter[str] = Counter()
        encrypted = self.base_url.startswith("https://")  # a context of all CAs takes 0.1 s to make
        self._http = httpx.Client(base_url=self.base_url, timeout=httpx.Timeout(120, connect=20), verify=encrypted)
        self._begun = time.monotonic()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def forget(self) -> None:
        """Begin `sent` anew."""
        self.sent = []

    def left_s(self) -> float:
        """Of `wait_s`."""
        return self._begun + self.wait_s - time.monotonic()

    def pause(self, seconds: float) -> bool:
        """Wait; False, at once, where `wait_s` is over before."""
        if self.left_s() < seconds:
            return False
        time.sleep(seconds)
        return True

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer; a quota's refusal is waited out twice, where it is a matter of a minute.

        Raises:
            UndecidedError: no connection, a quota that is used up, an error of the service's own.
        """
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        for _ in range(3):
            answer = self._once(method, path, content, query or {}, headers)
            if answer.status != 429:
                break
            self.refusals.append(answer)
            delay = delay_s(answer)
            if delay is None or delay > LONGEST_DELAY_S or not self.pause(delay):
                break
        if answer.status == 429 or answer.status >= 500:
            raise UndecidedError(answer.words)
        return answer

    def embed(self, *parts: Any, model: str = "gemini-embedding-2", **fields: Any) -> Answer:
        """:embedContent of one content; a text stands for its part."""
        path = f"/v1beta/models/{model}:embedContent"
        if self.project:
            path = f"/v1/{self.project}publishers/google/models/{model}:embedContent"
        return self.ask("POST", path, {"content": content(*parts), **fields})

    def embed_all(self, *contents: Any, model: str = "gemini-embedding-2", **fields: Any) -> Answer:
        """:batchEmbedContents; a list stands for the parts of a content."""
        items = [{"model": f"models/{model}", "content": content(*one), **fields} for one in contents]
        return self.ask("POST", f"/v1beta/models/{model}:batchEmbedContents", {"requests": items})

    def _once(
        self,
        method: str,
        path: str,
        content: bytes | None,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None,
    ) -> Answer:
        shown = "".join(f"{'&' if i else '?'}{name}={value}" for i, (name, value) in enumerate(query.items()))
        size = f" ({len(content):,} bytes)" if content else ""
        self.sent.append(f"{method} {path}{shown}{size}")
        sent = self.headers if headers is None else headers
        if content is not None:
            sent = {"content-type": "application/json", **sent}
        try:
            reply = self._http.request(method, path, content=content, params=dict(query) or None, headers=dict(sent))
        except httpx.HTTPError as e:
            raise UndecidedError(f"no answer: {type(e).__name__}") from e
        answer = Answer(reply.status_code, reply.content, dict(reply.headers))
        if reply.status_code == 200:
            self._count(answer)
        return answer

    def _count(self, answer: Answer) -> None:
        usage = answer.json.get("usageMetadata") if isinstance(answer.json, dict) else None
        if isinstance(usage, dict):
            details = usage.get("promptTokenDetails") or usage.get("promptTokensDetails") or ()
            for one in details:
                self.usage[str(one.get("modality", "TEXT"))] += int(one.get("tokenCount", 0))
            if not details:
                self.usage["TEXT"] += int(usage.get("promptTokenCount", 0))


def content(*parts: Any) -> dict[str, Any]:
    """A content as the wire has it."""
    return {"parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def delay_s(answer: Answer) -> float | None:
    """What RetryInfo says; None where nothing does."""
    error = answer.json.get("error", {}) if isinstance(answer.json, dict) else {}
    for detail in error.get("details") or ():
        if str(detail.get("@type", "")).endswith("RetryInfo"):
            return float(str(detail.get("retryDelay", "0s")).removesuffix("s"))
    return None
