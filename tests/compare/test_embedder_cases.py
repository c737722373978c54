"""The cases of the side-by-side comparison that concern the core: ours is right where the peers were not.

One test per script, named by its number; what the peer did is in the docstring.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gemini_embed import Embedder, GeminiEmbeddingFunction, RetryPolicy
from gemini_embed.models import MODELS
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]


def sent_texts(emulator: Emulator) -> list[str]:
    return [p["text"] for r in emulator.requests for q in r.json["requests"] for p in q["content"]["parts"]]


def test_01_milvus_one_vector(emulator: Emulator) -> None:
    """pymilvus: one vector for N documents, query and document alike, no .dim, no batching."""
    function = GeminiEmbeddingFunction("gemini-embedding-2", "k", base_url=emulator.base_url, verify=False)
    assert len(function.encode_documents(["a cat", "a dog", "a fish"])) == 3
    assert not np.array_equal(function.encode_queries(["a cat"])[0], function.encode_documents(["a cat"])[0])
    assert function.dim == 3072
    older = GeminiEmbeddingFunction("gemini-embedding-001", "k", base_url=emulator.base_url, verify=False)
    assert len(older.encode_documents([f"doc {i}" for i in range(150)])) == 150
    function.embedder.close()
    older.embedder.close()


def test_02_vertex_n_texts(make_embedder: MakeEmbedder, fake_credentials: Any) -> None:
    """Both official plugins: N texts on Vertex raise, or come back as one vector."""
    embedder = make_embedder(vertexai=True, project="p", credentials=fake_credentials)
    result = embedder.embed_documents(["a", "b", "c"])
    assert len(np.unique(result.values, axis=0)) == 3


def test_03_titles(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """The official plugin drops titles of a batch with more than one text."""
    make_embedder().embed_documents(["a", "b"], titles=["A", "B"])
    assert sent_texts(emulator) == ["title: A | text: a", "title: B | text: b"]


def test_04_task_type_does_something(make_embedder: MakeEmbedder) -> None:
    """The official plugins send gemini-embedding-2 a taskType, which it ignores."""
    embedder = make_embedder()
    query, document = embedder.embed_query("x").vector, embedder.embed_documents(["x"]).vector
    clustering = embedder.embed_documents(["x"], task="CLUSTERING").vector
    assert not np.array_equal(query, document)
    assert not np.array_equal(document, clustering)


def test_06_retry_429(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """The SDK and its plugins give up, or wait without reading RetryInfo."""
    emulator.faults.push(Fault.rate_limited(retry_delay_s=0.3), Fault.rate_limited(retry_delay_s=0.3))
    assert len(make_embedder(retry=RetryPolicy(first_wait_s=0)).embed_documents(["a"])) == 1
    first, second, third = (r.time for r in emulator.requests)
    assert min(second - first, third - second) >= 0.3


def test_07_unnormalised_001(make_embedder: MakeEmbedder) -> None:
    """Shortened vectors of gemini-embedding-001 come back as they are from every peer, 0.57 long."""
    embedder = make_embedder("gemini-embedding-001", dimensions=768)
    assert np.linalg.norm(embedder.embed_query("x").vector) == pytest.approx(1, abs=1e-6)
    as_served = make_embedder("gemini-embedding-001", dimensions=768, normalize=False)
    assert np.linalg.norm(as_served.embed_query("x").vector) < 0.9


def test_10_batching(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """More than 100 texts are refused whole, or sent one after another."""
    emulator.latency_s = 0.05
    assert len(make_embedder().embed_documents([str(i) for i in range(250)])) == 250
    assert sorted(len(r.json["requests"]) for r in emulator.requests) == [50, 100, 100]
    assert emulator.requests.max_in_flight == 3


def test_13_vertex_model_name(make_embedder: MakeEmbedder, emulator: Emulator, fake_credentials: Any) -> None:
    """The SDK routes `models/gemini-embedding-001` to the wrong endpoint."""
    options: dict[str, Any] = {"vertexai": True, "project": "p", "credentials": fake_credentials}
    for name in ("models/gemini-embedding-001", "publishers/google/models/gemini-embedding-001"):
        assert len(make_embedder(name, **options).embed_documents(["a", "b"])) == 2
    assert {r.action for r in emulator.requests} == {"predict"}


def test_14_usage(make_embedder: MakeEmbedder, fake_credentials: Any) -> None:
    """google-genai 2.x drops the Developer API's usageMetadata, and no hook of the plugins returns it."""
    developer = make_embedder().embed_documents(["two words", "three words here"])
    vertex = make_embedder(vertexai=True, project="p", credentials=fake_credentials).embed_documents(["two words"])
    assert developer.usage.prompt_tokens
    assert developer.usage.by_modality == {"TEXT": developer.usage.prompt_tokens}
    assert vertex.usage.prompt_tokens


def test_15_defaults() -> None:
    """llama_index and pymilvus default to models that were shut down."""
    for door, name in ((Embedder.__init__, "model"), (GeminiEmbeddingFunction.__init__, "model_name")):
        default = inspect.signature(door).parameters[name].default
        assert MODELS[default, "developer"].retired is None


def test_20_chroma(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """One vector for N documents; queries embedded as documents; no batching."""
    embedder = make_embedder("gemini-embedding-001", task="RETRIEVAL_DOCUMENT")
    assert len(embedder.embed_documents(["a", "b", "c"])) == 3
    embedder.embed_query("q")
    assert emulator.requests[-1].json["requests"][0]["taskType"] == "RETRIEVAL_QUERY"


def test_22_haystack_and_pydantic(make_embedder: MakeEmbedder, emulator: Emulator, fake_credentials: Any) -> None:
    """No prefixes by default, no batching, and an error for N inputs on Vertex; the prefix missing on the preview."""
    emulator.retired = "serve"
    make_embedder().embed_query("hello")
    with pytest.warns(UserWarning, match="shut down"):
        preview = make_embedder("gemini-embedding-2-preview")
    preview.embed_query("hello")
    assert sent_texts(emulator) == ["task: search result | query: hello"] * 2
    assert all("taskType" not in q for r in emulator.requests for q in r.json["requests"])
    vertex = make_embedder(vertexai=True, project="p", credentials=fake_credentials, location="us")
    assert len(asyncio.run(vertex.aembed_documents(list("abc")))) == 3


def test_23_litellm(make_embedder: MakeEmbedder, fake_credentials: Any) -> None:
    """On Vertex all inputs become parts of one content; 150 inputs are sent in one call."""
    embedder = make_embedder(vertexai=True, project="p", credentials=fake_credentials, dimensions=64)
    result = embedder.embed_documents([f"{i}" for i in range(150)])
    assert len(np.unique(result.values, axis=0)) == 150


def test_24_vertexai_retries(make_embedder: MakeEmbedder, emulator: Emulator, fake_credentials: Any) -> None:
    """VertexAIEmbeddings of LangChain: what passes ends the call."""
    emulator.faults.push(Fault.status(503), Fault.status(429))
    embedder = make_embedder("text-embedding-005", vertexai=True, project="p", credentials=fake_credentials)
    assert len(embedder.embed_documents(["a", "b"])) == 2
