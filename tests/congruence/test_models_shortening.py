"""The recordings hold a shorter vector to be the beginning of the longer one: the service's own, at 3072 and at 768."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fix_recordings import Exchange, embedding_exchanges
from gemini_embed.models import facts_for
from gemini_embed.models.shortening import shortened

Vectors = dict[int, list[np.ndarray[Any, Any]]]


def recorded() -> dict[tuple[str, str], Vectors]:
    """(model, content and task) -> size -> the vectors that were served."""
    found: dict[tuple[str, str], Vectors] = {}
    for exchange in embedding_exchanges():
        for asked, values in _pairs(exchange):
            sizes = found.setdefault((exchange.model, asked), {})
            sizes.setdefault(len(values), []).append(np.array(values, np.float32))
    return found


def _pairs(exchange: Exchange) -> Iterator[tuple[str, list[float]]]:
    if exchange.status != 200 or exchange.method == "predict":
        return
    items = exchange.request.get("requests", [exchange.request])
    replies = exchange.reply.get("embeddings") or [exchange.reply["embedding"]]
    for item, reply in zip(items, replies, strict=False):
        yield json.dumps([item.get("content"), item.get("taskType")], sort_keys=True), reply["values"]


PAIRS = [
    pytest.param(model, sizes, id=f"{model}: {asked[:50]}")
    for (model, asked), sizes in recorded().items()
    if {768, 3072} <= set(sizes)
] or [pytest.param("", {}, marks=pytest.mark.skip("GEMINI_EMBED_RECORDINGS names no folder of recordings"))]


@pytest.mark.parametrize(("model", "sizes"), PAIRS)
def test_the_shorter_vector_is_the_beginning_of_the_longer(model: str, sizes: Vectors) -> None:
    """Row for row as served: of unit length where the model's facts say so, short of it elsewhere."""
    facts = facts_for(model, "developer")
    assert facts.shortens_exactly
    for long in sizes[3072]:
        for short in sizes[768]:
            made = shortened(long, facts, 768)
            assert np.abs(made - short).max() < 1e-6
            assert float(np.linalg.norm(made)) == pytest.approx(float(np.linalg.norm(short)), abs=1e-6)


def test_models_of_which_it_was_seen() -> None:
    """Recordings of three models are there, where any are."""
    models = {model for (model, _), sizes in recorded().items() if {768, 3072} <= set(sizes)}
    if not models:
        pytest.skip("GEMINI_EMBED_RECORDINGS names no folder of recordings")
    assert models == {"gemini-embedding-2", "gemini-embedding-2-preview", "gemini-embedding-001"}
