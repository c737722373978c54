"""`GeminiEmbedding` in LlamaIndex's own indexes and pipelines: the expected hit, the wire conditioned by side."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed_emulator import Emulator
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, ImageDocument, ImageNode, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient

# QdrantVectorStore makes payload indexes, of which qdrant-client says that they have no effect in memory.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

Make = Callable[..., GeminiEmbedding]

PASSAGES = {
    "bread": "Bread rises because yeast makes gas in the dough.",
    "ice": "Glaciers grind valleys into the shape of a U.",
    "bees": "Bees dance to tell each other where flowers are.",
}
QUESTION = "Why does dough with yeast rise?"
AS_QUERY = f"task: search result | query: {QUESTION}"
AS_DOCUMENT = f"title: none | text: {PASSAGES['bread']}"


def documents(**texts: str) -> list[Document]:
    return [Document(text=text, id_=name) for name, text in (texts or PASSAGES).items()]


def texts_sent(emulator: Emulator) -> list[str]:
    items = [item for request in emulator.requests for item in request.json["requests"]]
    return [part["text"] for item in items for part in item["content"]["parts"] if "text" in part]


def vector_store(kind: str) -> Any:
    if kind == "memory":
        return SimpleVectorStore()
    return QdrantVectorStore("passages", client=QdrantClient(":memory:"))


@pytest.mark.parametrize("kind", ["memory", "qdrant"])
def test_vector_store_index(make_llama_index: Make, emulator: Emulator, kind: str) -> None:
    context = StorageContext.from_defaults(vector_store=vector_store(kind))
    model = make_llama_index(dimensions=768)
    index = VectorStoreIndex.from_documents(documents(), storage_context=context, embed_model=model)
    assert len(emulator.requests) == 1
    assert AS_DOCUMENT in texts_sent(emulator)
    emulator.requests.clear()

    nodes = index.as_retriever(similarity_top_k=1).retrieve(QUESTION)
    assert [node.node.ref_doc_id for node in nodes] == ["bread"]
    assert texts_sent(emulator) == [AS_QUERY]
    response = index.as_query_engine(llm=MockLLM(), similarity_top_k=1).query(QUESTION)
    assert PASSAGES["bread"] in str(response)


async def test_vector_store_index_awaited(make_llama_index: Make, emulator: Emulator) -> None:
    """Sync doors inside a running loop, and the async ones."""
    model = make_llama_index(dimensions=768)
    index = VectorStoreIndex.from_documents(documents(), embed_model=model)
    (node,) = await index.as_retriever(similarity_top_k=1).aretrieve(QUESTION)
    assert node.node.ref_doc_id == "bread"
    assert texts_sent(emulator)[-1] == AS_QUERY


@pytest.mark.parametrize("kind", ["memory", "qdrant"])
def test_multi_modal_index(
    make_llama_index: Make, emulator: Emulator, pictures: Callable[[str], Path], kind: str
) -> None:
    """One model for both lanes: images are found by words and by an image."""
    model = make_llama_index(dimensions=768)
    colours = {colour: str(pictures(colour)) for colour in ("red", "green", "blue")}
    # This index drops image nodes that have neither text nor metadata.
    images = [ImageNode(image_path=path, metadata={"name": colour}) for colour, path in colours.items()]
    index = MultiModalVectorStoreIndex(
        nodes=[*(TextNode(text=text, metadata={"name": name}) for name, text in PASSAGES.items()), *images],
        embed_model=model,
        image_embed_model=model,
        storage_context=StorageContext.from_defaults(vector_store=vector_store(kind)),
        image_vector_store=vector_store(kind),
    )
    assert f"title: none | text: name: bread\n\n{PASSAGES['bread']}" in texts_sent(emulator)
    retriever = index.as_retriever(similarity_top_k=1, image_similarity_top_k=1)

    def found(query: str) -> list[str]:
        return [node.metadata["name"] for node in retriever.retrieve(query)]  # first the text, then the picture

    assert found(QUESTION)[0] == "bread"
    assert found("a red picture")[1] == "red"
    (blue,) = retriever.image_to_image_retrieve(colours["blue"])
    assert blue.metadata["name"] == "blue"


def test_pipeline_with_a_docstore(make_llama_index: Make, emulator: Emulator) -> None:
    """Only what is new or changed is embedded."""
    store, docstore = SimpleVectorStore(), SimpleDocumentStore()
    pipeline = IngestionPipeline(
        transformations=[SentenceSplitter(chunk_size=128, chunk_overlap=0), make_llama_index(dimensions=16)],
        docstore=docstore,
        vector_store=store,
    )
    assert len(pipeline.run(documents=documents())) == 3
    assert pipeline.run(documents=documents()) == []
    assert emulator.requests.items_billed == 3

    changed = {**PASSAGES, "ice": "Ice is water that is cold."}
    assert [node.ref_doc_id for node in pipeline.run(documents=documents(**changed))] == ["ice"]
    assert emulator.requests.items_billed == 4
    assert "title: none | text: Ice is water that is cold." in texts_sent(emulator)


def test_pipelines_cache_tells_settings_apart(make_llama_index: Make, emulator: Emulator) -> None:
    """It keys by `to_dict()`, so another size or task is embedded anew, and the same is not."""
    first = IngestionPipeline(transformations=[make_llama_index(dimensions=16)])
    first.run(documents=documents())
    for options, billed in (({"dimensions": 16}, 3), ({"dimensions": 32}, 6), ({"dimensions": 16, "task": "raw"}, 9)):
        again = IngestionPipeline(transformations=[make_llama_index(**options)], cache=first.cache)
        nodes = again.run(documents=documents())
        assert emulator.requests.items_billed == billed
        assert {len(node.embedding or []) for node in nodes} == {options["dimensions"]}


@pytest.mark.slow  # two processes that import LlamaIndex
@pytest.mark.timeout(300)
def test_pipeline_with_two_worker_processes(
    make_llama_index: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers get a pickle without the key and find it in their environment."""
    monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
    pipeline = IngestionPipeline(transformations=[make_llama_index(dimensions=16, api_key="of-the-parent")])
    nodes = pipeline.run(documents=documents(), num_workers=2)

    assert sorted(node.node_id for node in nodes) == sorted(PASSAGES)
    assert {len(node.embedding or []) for node in nodes} == {16}
    assert {request.headers["x-goog-api-key"] for request in emulator.requests} == {"from-the-environment"}
    assert AS_DOCUMENT in texts_sent(emulator)


def test_image_documents(make_llama_index: Make, pictures: Callable[[str], Path]) -> None:
    """What `resolve_image` gives is taken: a path, or bytes in memory."""
    red = pictures("red")
    by_path = ImageDocument(image_path=str(red)).resolve_image()
    by_bytes = ImageDocument(image=base64.b64encode(red.read_bytes()).decode()).resolve_image()
    one, other = make_llama_index(dimensions=16).get_image_embedding_batch([by_path, by_bytes])
    assert one == other
