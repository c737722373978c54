"""Cases that go wrong in llama-index-embeddings-google-genai 0.6.0 or in llama-index-core, and here do not.

Each test is named after what was seen on the wire or in process there, in the same case.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import ConnectionFailedError, EdgeStore, MultimodalIndex, QuotaError, ReplyError
from gemini_embed_emulator import Emulator, Fault
from google.genai import types
from llama_index.core.schema import QueryBundle
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

Make = Callable[..., GeminiEmbedding]


def sent(emulator: Emulator) -> list[dict[str, Any]]:
    """Every content that was sent to the Developer API, oldest first."""
    return [one for request in emulator.requests for one in request.json["requests"]]


@pytest.fixture
def on_vertex(make_llama_index: Make, fake_credentials: Any) -> Make:
    """Makes embeddings on the emulated Vertex AI, where it serves the model."""

    def make(model: str, **options: Any) -> GeminiEmbedding:
        location = "global" if model == "gemini-embedding-2" else "us-central1"
        where = {"project": "p", "location": location, "credentials": fake_credentials}
        return make_llama_index(model, vertexai_config=where, **options)

    return make


@pytest.mark.parametrize("n", [1, 2, 3, 101])
def test_02_several_texts_on_vertex(on_vertex: Make, emulator: Emulator, n: int) -> None:
    """There: ValueError before any request. Here: one call per content, one vector each, in order."""
    texts = [f"text number {i}" for i in range(n)]
    model = on_vertex("gemini-embedding-2", dimensions=64)
    vectors = model.get_text_embedding_batch(texts)

    assert len({tuple(vector) for vector in vectors}) == n
    assert [request.action for request in emulator.requests] == ["embedContent"] * n
    assert vectors == asyncio.run(model.aget_text_embedding_batch(texts))


def test_04_query_and_document_of_gemini_embedding_2(make_llama_index: Make, emulator: Emulator) -> None:
    """There: `taskType`, which the model ignores, and bare text: the two come out identical."""
    model = make_llama_index("gemini-embedding-2")
    assert model.get_query_embedding("what is a cat") != model.get_text_embedding("what is a cat")
    assert not any("taskType" in one for one in sent(emulator))


def test_05_a_task_type_of_the_user(make_llama_index: Make, emulator: Emulator) -> None:
    """There: overwritten on every call."""
    config = types.EmbedContentConfig(task_type="SEMANTIC_SIMILARITY")
    model = make_llama_index("gemini-embedding-001", embedding_config=config)
    model.get_query_embedding("x")
    model.get_text_embedding("x")
    assert [one["taskType"] for one in sent(emulator)] == ["SEMANTIC_SIMILARITY"] * 2


def test_05_a_timeout(make_llama_index: Make, emulator: Emulator) -> None:
    """There: stored and never used."""
    emulator.latency_s = 5
    with pytest.raises(ConnectionFailedError):
        make_llama_index("gemini-embedding-001", timeout=0.1, retries=1).get_text_embedding("x")


def test_05_100_texts_are_one_request(make_llama_index: Make, emulator: Emulator) -> None:
    """There: 10."""
    make_llama_index("gemini-embedding-001").get_text_embedding_batch([f"t{i}" for i in range(100)])
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_06_server_errors_are_retried(make_llama_index: Make, emulator: Emulator, code: int) -> None:
    """There: a 500 is not."""
    emulator.faults.push(Fault.status(code))
    assert make_llama_index("gemini-embedding-001").get_text_embedding("x")
    assert len(emulator.requests) == 2


def test_06_the_server_says_how_long_to_wait(make_llama_index: Make, emulator: Emulator) -> None:
    """There: RetryInfo is ignored, and the third try gives up before the quota is back."""
    emulator.faults.push(Fault.rate_limited(retry_delay_s=0.3), times=3)
    model = make_llama_index("gemini-embedding-001", retry={"first_wait_s": 0.0, "max_wait_s": 0.0})
    assert model.get_text_embedding("x")
    times = [request.time for request in emulator.requests]
    assert all(later - earlier >= 0.3 for earlier, later in pairwise(times))
    assert len(times) == 4


def test_06_what_was_finished_is_on_the_error(make_llama_index: Make, emulator: Emulator) -> None:
    """There: vectors that were paid for are lost."""
    emulator.faults.push(None, None, Fault.rate_limited(retry_delay_s=60))
    model = make_llama_index("gemini-embedding-001", concurrency=1, retries=1)
    with pytest.raises(QuotaError) as caught:
        model.get_text_embedding_batch([f"t{i}" for i in range(300)])
    assert caught.value.completed is not None
    assert list(caught.value.completed.positions) == list(range(200))


@pytest.mark.parametrize("dimensions", [768, 1536, 3072])
def test_07_shortened_vectors_of_001(make_llama_index: Make, dimensions: int) -> None:
    """There: as the service sends them, not unit length below 3072."""
    config = types.EmbedContentConfig(output_dimensionality=dimensions)
    model = make_llama_index("gemini-embedding-001", embedding_config=config)
    for vector in (model.get_query_embedding("x"), model.get_text_embedding("x")):
        assert len(vector) == dimensions
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_08_the_cache_of_two_sides_and_two_models(make_llama_index: Make, emulator: Emulator) -> None:
    """There: the query gets the document's vector, and another model at 768 the old 3072 values."""
    cache = SimpleKVStore()
    old = make_llama_index("gemini-embedding-001", embeddings_cache=cache)
    document, query = old.get_text_embedding("hello"), old.get_query_embedding("hello")
    assert document != query
    assert len(emulator.requests) == 2

    config = types.EmbedContentConfig(output_dimensionality=768)
    new = make_llama_index("gemini-embedding-2", embedding_config=config, embeddings_cache=cache)
    assert len(new.get_text_embedding("hello")) == 768
    assert (old.get_text_embedding("hello"), old.get_query_embedding("hello")) == (document, query)
    assert len(emulator.requests) == 3


def test_09_one_query_one_embedding_one_ranking(
    make_llama_index: Make, emulator: Emulator, pictures: Callable[[str], Path], tmp_path: Path
) -> None:
    """There: two embeddings a query, hits joined lane by lane, top_k for each, a reused bundle that has changed, and
    pictures without words left out."""
    with MultimodalIndex(make_llama_index(dimensions=768).embedder, EdgeStore(tmp_path / "index")) as index:
        report = index.add(["a text about tea", "a text about rain", *map(pictures, ["red", "green", "blue"])])
        assert report.added == 5
        retriever, bundle = GeminiMultimodalRetriever(index, similarity_top_k=4), QueryBundle("a red picture")
        emulator.requests.clear()

        nodes = retriever.retrieve(bundle)
        assert len(emulator.requests) == 1
        assert len(nodes) == 4
        assert nodes[0].metadata["source"] == str(pictures("red"))
        assert [node.metadata["modality"] for node in nodes] == ["image", "text", "image", "text"]
        assert bundle == QueryBundle("a red picture")
        assert retriever.retrieve(bundle) == nodes


def test_10_async_is_bounded(make_llama_index: Make, emulator: Emulator) -> None:
    """There: 60 of 60 requests at once."""
    emulator.latency_s = 0.1
    model = make_llama_index("gemini-embedding-001", dimensions=8, embed_batch_size=10)
    assert len(asyncio.run(model.aget_text_embedding_batch([f"t{i}" for i in range(600)]))) == 600
    assert 1 < emulator.requests.max_in_flight <= 16


def test_10_a_short_answer(make_llama_index: Make, emulator: Emulator) -> None:
    """There: 2 vectors for 3 texts are returned, silently."""
    emulator.faults.rule = lambda request: Fault.short_rows()
    with pytest.raises(ReplyError, match="2"):
        make_llama_index().get_text_embedding_batch(["a", "b", "c"])


@pytest.mark.parametrize("name", ["{}", "models/{}", "publishers/google/models/{}"])
def test_13_names_of_001_on_vertex(on_vertex: Make, emulator: Emulator, name: str) -> None:
    """There: a qualified name goes to :embedContent, which refuses it."""
    on_vertex(name.format("gemini-embedding-001")).get_text_embedding("x")
    assert [request.path.rpartition("/")[2] for request in emulator.requests] == ["gemini-embedding-001:predict"]


def test_14_usage_can_be_had(make_llama_index: Make) -> None:
    """There: no way to it."""
    assert make_llama_index("gemini-embedding-2").embedder.embed_documents(["a cat"]).usage.prompt_tokens


def test_15_the_default_model_is_alive(make_llama_index: Make) -> None:
    """There: a preview that was shut down."""
    default = inspect.signature(GeminiEmbedding.__init__).parameters["model_name"].default
    assert default == "gemini-embedding-2"
    assert not make_llama_index(default).embedder.facts.is_retired()
