"""The service and the emulator, side by side: the requests of the congruence tests, and the replies compared."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fix_capture import CaptureServer, embeddings_for
from fix_recordings import embedding_exchanges
from google.oauth2.credentials import Credentials

from .asking import Answer, Service, UndecidedError
from .cases import RECORDED, SDK_CASES, our_client
from .facts import AUDIO_TOKENS_S, FRAME_TOKENS, IMAGE_TOKENS, Backend, usd
from .outlines import differences, like, outline

PROJECT = "PROJECT/"
"""Stands for "projects/p/locations/l/" in a path."""
MODEL = "/v1beta/models/gemini-embedding-2"


@dataclass(frozen=True)
class Case:
    """A request; `headers` in the place of those of whoever asks, and the project of whoever asks in its path."""

    name: str
    path: str
    body: Any
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] | None = None
    backend: Backend = "developer"

    @property
    def usd(self) -> float:
        """What it can cost at most: every byte of text as a token, 10 s of any media."""
        text = json.dumps(self.body)
        media = text.count('"mimeType"')
        seconds = 10 * media
        length = min(len(text), 8192) if not media else 500
        return usd(
            text=length, image=media * IMAGE_TOKENS, audio=seconds * AUDIO_TOKENS_S, video=seconds * FRAME_TOKENS
        )


def cases() -> list[Case]:
    """What our client sends, what others were recorded to send, and refusals."""
    return [*_refusals(), *_ours(), *_of_others(), *_of_recordings()]


def _refusals() -> Iterator[Case]:
    def item(text: str, model: str = "gemini-embedding-2") -> dict[str, Any]:
        return {"model": f"models/{model}", "content": {"parts": [{"text": text}]}}

    embed, batch = f"{MODEL}:embedContent", f"{MODEL}:batchEmbedContents"
    hello = {"content": {"parts": [{"text": "hello"}]}}
    yield Case("a bad key", embed, hello, headers={"x-goog-api-key": "invalid"})
    yield Case("no key", embed, hello, headers={})
    yield Case("no such model", "/v1beta/models/nonexistent-model:batchEmbedContents", {"requests": [item("a")]})
    yield Case("an empty text", batch, {"requests": [item("a"), item("")]})
    yield Case("no parts", embed, {"content": {"parts": []}})
    yield Case("no requests", batch, {"requests": []})
    yield Case("an item without its model", batch, {"requests": [{"content": hello["content"]}]})
    yield Case("an item of another model", batch, {"requests": [item("a", "gemini-embedding-001")]})
    yield Case("an unknown name", embed, {**hello, "outputDimension": 8})
    yield Case("too large a size", embed, {**hello, "outputDimensionality": 4096})
    yield Case("101 items", batch, {"requests": [item("a")] * 101})
    yield Case("countTokens", f"{MODEL}:countTokens", {"contents": [{"parts": [{"text": "Hello, world!"}]}]})


def _ours() -> Iterator[Case]:
    """What our client sends for the calls that google-genai is held to, but for files that are nowhere and for models
    that not every location has."""
    server = CaptureServer(embeddings_for)
    try:
        for case in SDK_CASES:
            values: Any = case.values
            model, backend, options, call = values[:4]
            if "gemini" not in model:
                continue
            token = Credentials("t")  # type: ignore[no-untyped-call]  # google-auth's
            with warnings.catch_warnings(), our_client(server, backend, token, model, **options) as embedder:
                warnings.simplefilter("ignore")
                call(embedder)
            sent = server.requests[-1]
            if b"fileUri" not in sent.body:
                path = sent.path.replace("projects/p/locations/global/", PROJECT)
                yield Case(f"ours: {case.id}", path, sent.json, sent.query, backend=backend)
    finally:
        server.stop()


def _of_others() -> Iterator[Case]:
    for case in RECORDED:
        path, body, _ = case.values
        url = urlsplit(str(path))
        query = {name: value for name, value in parse_qsl(url.query) if name != "key"}
        yield Case(f"{case.id}", url.path, body, query)


def _of_recordings() -> Iterator[Case]:
    """Where GEMINI_EMBED_RECORDINGS names a folder of them."""
    for one in embedding_exchanges():
        if "generativelanguage" in one.url:
            yield Case(f"recording {one.name}", one.path, one.request)


def compared(case: Case, service: Service, emulator: Service) -> list[str]:
    """Where the replies differ, [] where they do not.

    Raises:
        UndecidedError: the service gave no answer.
    """
    theirs, ours = (_asked(one, case) for one in (service, emulator))
    if theirs.status != ours.status:
        return [f"status: emulator {ours.words}, service {theirs.words}"]
    if theirs.json is None or ours.json is None:
        return [] if theirs.json is ours.json else [f"no JSON: emulator {ours.words}, service {theirs.words}"]
    return list(differences(outline(like(ours.json, theirs.json)), outline(theirs.json)))


def _asked(one: Service, case: Case) -> Answer:
    try:
        return one.ask(
            "POST", case.path.replace(PROJECT, one.project), case.body, query=case.query, headers=case.headers
        )
    except UndecidedError as error:
        raise UndecidedError(f"{one.called}: {error}") from error
