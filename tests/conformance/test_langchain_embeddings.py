"""LangChain's own suites for embeddings, not overridden; and what they do not look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fix_emulator import KEY
from gemini_embed_emulator import Emulator
from langchain_core.embeddings import Embeddings
from langchain_gemini_embed import GeminiEmbeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests


class TestUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return GeminiEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"api_key": KEY}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"GEMINI_API_KEY": KEY}, {"model": "gemini-embedding-2"}, {"google_api_key": KEY}


class TestIntegration(EmbeddingsIntegrationTests):
    @pytest.fixture(autouse=True)
    def _on_the_emulator(self, emulator: Emulator) -> None:
        self.base_url = emulator.base_url

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return GeminiEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": self.base_url}


class TestIntegrationVertex(TestIntegration):
    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {**super().embedding_model_params, "vertexai": True}


def ways() -> list[Any]:
    """Both doors of the class, each as (embed one query, embed one document)."""

    def sync(model: GeminiEmbeddings) -> tuple[list[float], list[float]]:
        return model.embed_query("yeast"), model.embed_documents(["yeast"])[0]

    def awaited(model: GeminiEmbeddings) -> tuple[list[float], list[float]]:
        async def both() -> tuple[list[float], list[float]]:
            return await model.aembed_query("yeast"), (await model.aembed_documents(["yeast"]))[0]

        return asyncio.run(both())

    return [pytest.param(sync, id="sync"), pytest.param(awaited, id="async")]


@pytest.mark.parametrize("embed_both", ways())
@pytest.mark.parametrize(
    ("model", "query", "document"),
    [
        pytest.param(
            "gemini-embedding-2",
            {"content": {"parts": [{"text": "task: search result | query: yeast"}]}},
            {"content": {"parts": [{"text": "title: none | text: yeast"}]}},
            id="prefixes",
        ),
        pytest.param(
            "gemini-embedding-001",
            {"content": {"parts": [{"text": "yeast"}]}, "taskType": "RETRIEVAL_QUERY"},
            {"content": {"parts": [{"text": "yeast"}]}, "taskType": "RETRIEVAL_DOCUMENT"},
            id="task types",
        ),
    ],
)
def test_queries_and_documents_are_conditioned_differently(
    emulator: Emulator,
    make_langchain: Callable[..., GeminiEmbeddings],
    embed_both: Callable[[GeminiEmbeddings], tuple[list[float], list[float]]],
    model: str,
    query: dict[str, Any],
    document: dict[str, Any],
) -> None:
    query_vector, document_vector = embed_both(make_langchain(model=model))

    sent = [request.json["requests"] for request in emulator.requests]
    assert sent == [[{"model": f"models/{model}", **side}] for side in (query, document)]
    assert query_vector != document_vector


async def test_async_doors_leave_the_loop_free(
    emulator: Emulator, make_langchain: Callable[..., GeminiEmbeddings]
) -> None:
    """While queries wait for slow answers, another task of the same loop goes on."""
    emulator.latency_s = 0.3
    model = make_langchain()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(model.aembed_query(f"query {i}") for i in range(8)))
    ticking.cancel()

    assert ticks > 5
    assert emulator.requests.max_in_flight > 1
