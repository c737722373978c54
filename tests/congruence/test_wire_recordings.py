"""Our client, fed each recorded reply, returns the recorded vectors and usage; and sends the recorded request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer
from fix_recordings import Exchange, embedding_exchanges
from gemini_embed import Embedder, EmbeddingResult, NotFoundError

pytestmark = pytest.mark.filterwarnings("ignore::gemini_embed.GeminiEmbedWarning")

EXCHANGES = embedding_exchanges()
NONE = pytest.param(None, marks=pytest.mark.skip("GEMINI_EMBED_RECORDINGS names no folder of recordings"))
ANSWERED = [pytest.param(e, id=e.name) for e in EXCHANGES if e.status == 200] or [NONE]
REFUSED = [pytest.param(e, id=e.name) for e in EXCHANGES if e.status != 200] or [NONE]


def recorded_items(exchange: Exchange) -> list[dict[str, Any]]:
    """The contents of a request, each with its options."""
    request = exchange.request
    return list(request.get("requests") or request.get("instances") or [request])


def recorded_texts(item: dict[str, Any]) -> list[str]:
    """The parts of one content."""
    if isinstance(item["content"], str):
        return [item["content"]]
    return [part["text"] for part in item["content"]["parts"]]


def recorded_rows(exchange: Exchange) -> list[list[float]]:
    reply = exchange.reply
    if "embedding" in reply:
        return [reply["embedding"]["values"]]
    return [e["values"] for e in reply.get("embeddings", [p["embeddings"] for p in reply.get("predictions", ())])]


def recorded_tokens(exchange: Exchange) -> int | None:
    reply = exchange.reply
    if "predictions" in reply:
        return sum(int(p["embeddings"]["statistics"]["token_count"]) for p in reply["predictions"])
    total: int | None = reply.get("usageMetadata", {}).get("promptTokenCount")
    return total


def play(
    exchange: Exchange, make_server: Callable[..., CaptureServer], credentials: Any
) -> tuple[EmbeddingResult, Any]:
    """The result of our client for the recorded reply, and the request it sent."""
    server = make_server(lambda request: Answer(exchange.reply, exchange.status))
    first = recorded_items(exchange)[0]
    task_type = first.get("taskType") or first.get("task_type") or "task_type_unspecified"
    access: dict[str, Any] = {"api_key": "k"}
    if "/projects/" in exchange.path:
        access = {"project": "p", "credentials": credentials}
    elif "aiplatform" in exchange.url:
        access = {"api_key": "k", "vertexai": True}
    embedder = Embedder(
        exchange.model,
        base_url=server.base_url,
        verify=False,
        dimensions=first.get("outputDimensionality"),
        task=task_type if exchange.model.endswith("001") else "raw",
        **access,
    )
    with embedder:
        contents = [recorded_texts(item) for item in recorded_items(exchange)]
        result = embedder.embed(contents, side="query" if "QUERY" in task_type else "document")
    (request,) = server.requests
    return result, request


@pytest.mark.parametrize("exchange", ANSWERED)
def test_vectors_and_usage(
    exchange: Exchange, make_server: Callable[..., CaptureServer], fake_credentials: Any
) -> None:
    result, _ = play(exchange, make_server, fake_credentials)
    wanted = np.array(recorded_rows(exchange), dtype=np.float64)
    if exchange.model == "gemini-embedding-001" and wanted.shape[1] < 3072:
        assert np.linalg.norm(wanted, axis=1).max() < 0.6, "as the service sends it"
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
        assert result.values == pytest.approx(wanted, abs=1e-7)
    else:
        assert np.array_equal(result.values, wanted.astype(np.float32)), "to the last bit"
    assert np.linalg.norm(result.values, axis=1) == pytest.approx(np.ones(len(wanted)), abs=1e-5)
    assert result.usage.prompt_tokens == recorded_tokens(exchange)


@pytest.mark.parametrize("exchange", ANSWERED)
def test_requests(exchange: Exchange, make_server: Callable[..., CaptureServer], fake_credentials: Any) -> None:
    items = recorded_items(exchange)
    if not exchange.model.endswith("001") and any("taskType" in item for item in items):
        pytest.skip("a taskType that gemini-embedding-2 ignores: we never send it")
    _, request = play(exchange, make_server, fake_credentials)
    ours = request.json
    if "outputDimensionality" in exchange.request:  # the deprecated place on :embedContent
        pytest.skip("an option at the top level, which has moved to embedContentConfig")
    assert without_roles(ours) == without_roles(exchange.request)
    assert request.path.rpartition("models/")[2] == exchange.path.rpartition("models/")[2]


def without_roles(body: Any) -> Any:
    """A body without `role`, which some clients write and the embedding endpoints do not read."""
    if isinstance(body, dict):
        return {name: without_roles(value) for name, value in body.items() if name != "role"}
    return [without_roles(item) for item in body] if isinstance(body, list) else body


@pytest.mark.parametrize("exchange", REFUSED)
def test_refusals(exchange: Exchange, make_server: Callable[..., CaptureServer], fake_credentials: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        play(exchange, make_server, fake_credentials)
    error = exchange.reply["error"]
    assert (caught.value.code, caught.value.status) == (error["code"], error["status"])
    assert caught.value.message == error["message"]
    assert "nothing is known here of nonexistent-model" in caught.value.hint


def test_the_recordings_are_not_skipped_by_mistake(recordings: Any) -> None:
    """A reader that loses some must not pass."""
    assert len(EXCHANGES) >= 33
    assert {e.method for e in EXCHANGES} == {"batchEmbedContents", "predict", "embedContent"}
    assert {e.status for e in EXCHANGES} == {200, 404}
