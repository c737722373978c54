"""LangChain in all modalities: queries, the next message for a chat model, a tool, its own packages' stores."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from fix_signs import Signs
from gemini_embed import Audio, ConfigurationError, EdgeStore, Excerpt, Item, MultimodalIndex, Pdf, Record, Video
from gemini_embed.hits.opening import Opener
from gemini_embed.windows import probe
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.messages.content import create_audio_block, create_file_block, create_video_block
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever, to_content_blocks

Make = Callable[..., GeminiEmbeddings]
SIGN = "red-circle"
QUESTION = "What does the red circle mark?"


@pytest.fixture
def retriever(signs_index: MultimodalIndex) -> GeminiMultimodalRetriever:
    return GeminiMultimodalRetriever(index=signs_index, k=5)


def block(part: Any) -> Any:
    data = base64.b64encode(part.data).decode()
    if isinstance(part, Audio):
        return create_audio_block(base64=data, mime_type="audio/wav")
    if isinstance(part, Video):
        return create_video_block(base64=data, mime_type="video/mp4")
    assert isinstance(part, Pdf)
    return create_file_block(base64=data, mime_type="application/pdf")


@pytest.mark.parametrize("modality", ["audio", "video", "pdf"])
async def test_blocks_and_messages_as_queries(
    retriever: GeminiMultimodalRetriever, signs: Signs, modality: str
) -> None:
    asked = block(signs.asked[SIGN, modality])
    for query in (asked, [asked], HumanMessage([asked])):
        documents = retriever.invoke(query)
        assert {Path(one.metadata["source"]).name for one in documents} >= {f"{SIGN}.png", "signs.mp4", "signs.pdf"}
    assert await retriever.ainvoke(asked) == retriever.invoke(asked)


def test_documents_tell_their_place(retriever: GeminiMultimodalRetriever) -> None:
    found = {one.metadata["modality"]: one for one in retriever.invoke(QUESTION)}
    assert found["pdf"].page_content == "The red circle marks the pump room."
    assert found["pdf"].metadata["page_start"] == 1
    assert (found["video"].metadata["start_s"], found["video"].metadata["end_s"]) == (0, 32)
    assert {0 < one.metadata["score"] < 1 for one in found.values()} == {True}


def test_options_of_the_object_and_of_the_call(
    retriever: GeminiMultimodalRetriever, signs_index: MultimodalIndex
) -> None:
    mine = GeminiMultimodalRetriever(index=signs_index, k=6, quotas={"text": 1, "image": 1}, fusion="standardized")
    assert [one.metadata["modality"] for one in mine.invoke(QUESTION)].count("text") == 1
    assert [one.metadata["modality"] for one in mine.invoke(QUESTION, quotas={"video": 0}, k=30)].count("video") == 0
    (film,) = retriever.invoke(QUESTION, filter={"modality": "video"}, merge=True, k=9)
    assert film.metadata["end_s"] == 192
    (padded,) = retriever.invoke(QUESTION, filter={"modality": "pdf"}, padding=1, k=1)
    assert padded.page_content.count("\n\n") == 1


def test_what_was_found_is_the_next_message(retriever: GeminiMultimodalRetriever) -> None:
    documents = retriever.invoke(QUESTION)
    blocks = retriever.to_content_blocks(documents)
    assert [one["type"] for one in blocks].count("text") == 5
    media = {one["type"]: one for one in blocks if one["type"] != "text"}
    assert set(media) == {"image", "audio", "video", "file"}
    clip = media["video"]
    assert (clip["mime_type"], clip["extras"]["start_s"], clip["extras"]["end_s"]) == ("video/mp4", 0, 32)
    assert probe(base64.b64decode(clip["base64"]), "video").duration_s == pytest.approx(32, abs=0.3)
    assert probe(base64.b64decode(media["audio"]["base64"]), "audio").duration_s == pytest.approx(60, abs=0.3)
    assert probe(base64.b64decode(media["file"]["base64"]), "pdf").pages == 1
    said = [one["text"] for one in blocks if one["type"] == "text"]
    assert any(one.startswith("[1] ") for one in said)
    assert any("signs.pdf#page=1\nThe red circle marks the pump room." in one for one in said)
    # They are langchain-core's own blocks: a message takes them, and a retriever takes the message.
    message = HumanMessage(content_blocks=cast("Any", blocks))
    assert [one["type"] for one in message.content_blocks] == [one["type"] for one in blocks]


def test_what_does_not_fit_or_open_is_said(retriever: GeminiMultimodalRetriever, tmp_path: Path) -> None:
    documents = retriever.invoke(QUESTION)
    few = retriever.to_content_blocks(documents, max_bytes=10_000)
    assert sum(len(one["base64"]) for one in few if one["type"] != "text") <= 10_000
    assert any("(not shown: " in one["text"] and "are left)" in one["text"] for one in few if one["type"] == "text")
    outside = tmp_path / "elsewhere.png"
    outside.write_bytes(b"")
    metadata = {"modality": "image", "uri": str(outside), "source": "x"}
    (block,) = retriever.to_content_blocks([Document("a sign", metadata=metadata)])
    assert "lies outside" in block["text"]
    (block,) = to_content_blocks([Document("words", metadata={"source": "a.md", "score": 0.5})])
    assert block == {"type": "text", "text": "[1] text a.md\nwords"}


async def test_a_tool_for_agents(retriever: GeminiMultimodalRetriever) -> None:
    tool = retriever.search_tool("find_signs", "Finds what signs mean.")
    assert (tool.name, tool.description) == ("find_signs", "Finds what signs mean.")
    assert set(tool.args) == {"query", "modality"}
    call = {"type": "tool_call", "id": "1", "name": "find_signs", "args": {"query": QUESTION}}
    message = tool.invoke(call)
    assert "signs.pdf#page=1\nThe red circle marks the pump room." in message.content
    assert {one["type"] for one in message.artifact} == {"text", "image", "audio", "video", "file"}
    only = await tool.ainvoke({**call, "args": {"query": QUESTION, "modality": "video"}})
    assert {one["type"] for one in only.artifact} == {"text", "video"}
    again = tool.invoke({"query": QUESTION, "modality": "text"})
    assert again.partition("\n")[0] in message.content  # what is found again keeps its number


async def test_the_tool_opens_media_beside_the_loop(
    retriever: GeminiMultimodalRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    clip = Opener.clip

    def noted(opener: Opener, record: Record, window: Excerpt, *, padding: float = 0.0) -> Any:
        threads.add(threading.get_ident())
        return clip(opener, record, window, padding=padding)

    monkeypatch.setattr(Opener, "clip", noted)
    await retriever.search_tool().ainvoke({"query": QUESTION, "modality": "video"})
    assert threads
    assert threading.get_ident() not in threads


def test_a_connection_that_would_lead_elsewhere_is_refused(make_langchain: Make, tmp_path: Path) -> None:
    store = own_store("milvus", make_langchain(dimensions=128), tmp_path)
    store._connection_args = {**store._connection_args, "db_name": "prod"}
    with pytest.raises(ConfigurationError, match=r"connection_args has db_name: .* uri and token alone"):
        GeminiMultimodalRetriever.from_vectorstore(store)


def test_an_empty_index_is_said(make_langchain: Make, tmp_path: Path) -> None:
    index = MultimodalIndex(make_langchain(dimensions=64).embedder, EdgeStore(tmp_path / "empty"))
    with index:
        assert GeminiMultimodalRetriever(index=index).search_tool().invoke({"query": "x"}) == "Nothing was found."


@pytest.mark.parametrize("kind", ["qdrant", "milvus"])
def test_over_a_store_of_langchains_own(make_langchain: Make, signs: Signs, tmp_path: Path, kind: str) -> None:
    """What either writes the other finds."""
    embeddings = make_langchain(dimensions=128)
    store = own_store(kind, embeddings, tmp_path)
    store.add_texts(["glaciers grind valleys"], metadatas=[{"source": "ice.md"}], ids=["0" * 32])
    retriever = GeminiMultimodalRetriever.from_vectorstore(store, k=3)
    with retriever.index:
        assert retriever.invoke("what grinds valleys?")[0].metadata["source"] == "ice.md"
        retriever.index.add([signs.folder / "signs.pdf", Item("bread rises", source="bread.md")])
        (page, *_) = store.similarity_search("the red circle", k=1)
        assert page.page_content == "The red circle marks the pump room."
        assert (page.metadata["page_start"], page.metadata["modality"]) == (1, "pdf")
        assert {one.metadata["source"] for one in retriever.invoke("bread", k=9)} == {
            "ice.md", "bread.md", str(signs.folder / "signs.pdf"),
        }  # fmt: skip


def own_store(kind: str, embeddings: GeminiEmbeddings, tmp_path: Path) -> Any:
    if kind == "milvus":
        from langchain_milvus import Milvus

        return Milvus(
            embedding_function=embeddings,
            collection_name="theirs",
            connection_args={"uri": str(tmp_path / "theirs.db")},
            enable_dynamic_field=True,
            index_params={"index_type": "AUTOINDEX", "metric_type": "COSINE"},
        )
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    client.create_collection("theirs", models.VectorParams(size=128, distance=models.Distance.COSINE))
    return QdrantVectorStore(client=client, collection_name="theirs", embedding=embeddings)


def test_stores_that_cannot_be_shared(make_langchain: Make, tmp_path: Path) -> None:
    from langchain_core.embeddings import DeterministicFakeEmbedding
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient, models

    embeddings = make_langchain(dimensions=128)
    with pytest.raises(ConfigurationError, match="DeterministicFakeEmbedding: its vectors can be compared with ours"):
        GeminiMultimodalRetriever.from_vectorstore(InMemoryVectorStore(DeterministicFakeEmbedding(size=8)))
    client = QdrantClient(":memory:")
    client.create_collection("odd", models.VectorParams(size=128, distance=models.Distance.COSINE))
    odd = QdrantVectorStore(
        client=client,
        collection_name="odd",
        embedding=embeddings,
        content_payload_key="words",
        validate_embeddings=False,
    )
    with pytest.raises(ConfigurationError, match="content_payload_key='words'; to be shared it needs"):
        GeminiMultimodalRetriever.from_vectorstore(odd)
