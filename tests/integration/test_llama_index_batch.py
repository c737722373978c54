"""LlamaIndex: nodes embedded by jobs of the Batch API, found in the cache by pipelines and indexes afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import ConfigurationError, EdgeStore, InputError, MultimodalIndex
from gemini_embed_emulator import Emulator
from llama_index.core import VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

NODES = [TextNode(text=f"The {i}th node, of bread.", metadata={"title": f"Page {i}"}) for i in range(20)]
"""Their metadata are embedded too."""
Make = Callable[..., GeminiEmbedding]


@pytest.fixture
def model(emulator: Emulator, tmp_path: Path) -> Make:
    """Makes embedding models that share one cache."""

    def make(**options: Any) -> GeminiEmbedding:
        given: dict[str, Any] = {"base_url": emulator.base_url, "api_key": "k", "dimensions": 128}
        return GeminiEmbedding(**given | {"cache": tmp_path / "vectors.db"} | options)

    return make


@pytest.mark.parametrize("door", ["sync", "async"])
def test_a_pipeline_sends_nothing_afterwards(model: Make, emulator: Emulator, door: str) -> None:
    ours, nodes = model(), [node.model_copy() for node in NODES]
    pipeline = IngestionPipeline(transformations=[model()])

    async def submitted() -> None:
        run = await ours.asubmit_batch(nodes)
        await run.awaited()

    if door == "async":
        asyncio.run(submitted())
    else:
        ours.submit_batch(nodes).wait()
    sent = len(emulator.requests)
    embedded = asyncio.run(pipeline.arun(nodes=nodes)) if door == "async" else pipeline.run(nodes=nodes)
    assert len(emulator.requests) == sent
    assert emulator.bill.batch.items == len(nodes)
    assert all(node.embedding for node in embedded)


def test_an_index_sends_nothing_afterwards(model: Make, emulator: Emulator) -> None:
    run = model().submit_batch(iter(NODES), name="nodes")
    run.wait()
    sent = len(emulator.requests)
    VectorStoreIndex(NODES, embed_model=model())
    assert (run.name, len(emulator.requests)) == ("nodes", sent)


def test_the_retriever_inserts_by_jobs(model: Make, emulator: Emulator, tmp_path: Path) -> None:
    with MultimodalIndex(model().embedder, EdgeStore(tmp_path / "index")) as index:
        retriever = GeminiMultimodalRetriever(index, similarity_top_k=1)
        assert retriever.insert_nodes(NODES, price="batch").added == 20
        assert retriever.retrieve(NODES[7].text)[0].text == NODES[7].text
    assert emulator.bill.batch.items == 20


def test_texts_are_no_nodes(model: Make, emulator: Emulator) -> None:
    given: list[Any] = [NODES[0], "a text"]
    with pytest.raises(InputError, match=r"input 1: submit_batch takes nodes, not str: TextNode\(text=...\)"):
        model().submit_batch(given)
    assert len(emulator.requests) == 0


def test_a_cache_is_needed(model: Make, emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="batch jobs need cache="):
        model(cache=None).submit_batch(NODES)
    assert len(emulator.requests) == 0
