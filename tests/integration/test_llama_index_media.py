"""LlamaIndex in all modalities: blocks and messages, its nodes, queries, a tool, and its own vector stores."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fix_llama_index import Seen
from fix_signs import Signs
from gemini_embed import (
    Audio,
    ConfigurationError,
    EdgeStore,
    InputError,
    Item,
    MultimodalIndex,
    Pdf,
    StoreError,
    Video,
)
from gemini_embed.content import Media
from gemini_embed_emulator import Emulator
from llama_index.core.base.llms.types import AudioBlock, ChatMessage, DocumentBlock, ImageBlock, TextBlock, VideoBlock
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import ImageNode, MediaResource, Node, NodeWithScore, QueryBundle, TextNode
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters, SimpleVectorStore
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever, MultimodalQuery, NodeStore

Make = Callable[..., GeminiEmbedding]
MediaNode: Any = Node  # its `metadata` is an alias that type checkers do not see
SIGN = "red-circle"
QUESTION = "What does the red circle mark?"


@pytest.fixture
def retriever(signs_index: MultimodalIndex) -> GeminiMultimodalRetriever:
    return GeminiMultimodalRetriever(signs_index, similarity_top_k=5)


def files(nodes: list[NodeWithScore]) -> list[str]:
    return [Path(node.metadata["source"]).name for node in nodes]


def block(part: Any, modality: str) -> Any:
    held: dict[str, Any] = {
        "image": lambda: ImageBlock(image=part.data, image_mimetype="image/png"),
        "audio": lambda: AudioBlock(audio=part.data, format="wav"),
        "video": lambda: VideoBlock(video=part.data, video_mimetype="video/mp4"),
        "pdf": lambda: DocumentBlock(data=part.data, document_mimetype="application/pdf"),
    }
    return held[modality]()


EMBEDDINGS = [
    pytest.param("audio", lambda m, x: m.get_audio_embedding(x), id="audio"),
    pytest.param("audio", lambda m, x: asyncio.run(m.aget_audio_embedding(x)), id="audio-awaited"),
    pytest.param("video", lambda m, x: m.get_video_embedding(x), id="video"),
    pytest.param("video", lambda m, x: asyncio.run(m.aget_video_embedding(x)), id="video-awaited"),
    pytest.param("pdf", lambda m, x: m.get_pdf_embedding(x), id="pdf"),
    pytest.param("pdf", lambda m, x: asyncio.run(m.aget_pdf_embedding(x)), id="pdf-awaited"),
]


OF_BYTES: dict[str, type[Media]] = {"audio": Audio, "video": Video, "pdf": Pdf}


@pytest.mark.parametrize(("modality", "call"), EMBEDDINGS)
def test_methods_for_each_medium_tell_of_it(
    make_llama_index: Make,
    signs: Signs,
    tmp_path: Path,
    seen: Seen,
    modality: str,
    call: Callable[[GeminiEmbedding, Any], list[float]],
) -> None:
    model, path = make_llama_index(dimensions=64), tmp_path / f"asked.{modality}"
    data = signs.asked[SIGN, modality].data
    path.write_bytes(data)
    vector = call(model, str(path))
    assert (len(vector), {type(value) for value in vector}) == (64, {float})
    assert seen.names == ["EmbeddingStartEvent", "EmbeddingEndEvent"]
    assert seen.ended == [[str(path)]]
    for same in (path, data, BytesIO(data)):
        assert call(model, same) == vector
    assert seen.ended[2] == [repr(OF_BYTES[modality](data))]  # bytes are not written into a trace


@pytest.mark.parametrize("modality", ["image", "audio", "video", "pdf"])
async def test_blocks_and_messages_are_contents(
    make_llama_index: Make, signs: Signs, emulator: Emulator, modality: str
) -> None:
    model, held = make_llama_index(dimensions=64), block(signs.asked[SIGN, modality], modality)
    vector = model.get_content_embedding(held)
    both = await model.aget_content_embedding_batch([[held], ChatMessage(blocks=[TextBlock(text="a sign"), held])])
    assert both[0] == pytest.approx(vector, abs=1e-6)
    assert both[1] != both[0]
    (item,) = emulator.requests[-1].json["requests"][1:]
    assert [sorted(one) for one in item["content"]["parts"]] == [["text"], ["inlineData"]]
    asked = model.get_content_embedding(["this sign", held], side="query")
    assert asked == pytest.approx(await model.aget_content_embedding(["this sign", held], side="query"), abs=1e-6)


def test_a_block_that_cannot_be_embedded_is_named(make_llama_index: Make, emulator: Emulator) -> None:
    model = make_llama_index()
    with pytest.raises(InputError, match="the audio block is empty: it needs data, a path or a URL"):
        model.get_content_embedding(AudioBlock())
    with pytest.raises(InputError, match="input 0: part 1: the video's base64 is damaged"):
        model.get_content_embedding([TextBlock(text="x"), VideoBlock.model_construct(video="*", video_mimetype=None)])
    assert len(emulator.requests) == 0


def test_hits_are_nodes_of_their_modality(retriever: GeminiMultimodalRetriever, signs: Signs) -> None:
    found: dict[str, Any] = {node.metadata["modality"]: node.node for node in retriever.retrieve(QUESTION)}
    assert {name: type(node) for name, node in found.items()} == {
        "text": TextNode, "image": ImageNode, "audio": Node, "video": Node, "pdf": TextNode,
    }  # fmt: skip
    assert found["image"].image_path == str(signs.folder / f"{SIGN}.png")
    assert found["video"].video_resource.path == signs.folder / "signs.mp4"
    assert found["audio"].audio_resource.path == signs.folder / "signs.wav"
    assert (found["video"].metadata["start_s"], found["video"].metadata["end_s"]) == (0, 32)
    assert found["pdf"].get_content() == "The red circle marks the pump room."
    assert (found["pdf"].metadata["uri"], found["pdf"].metadata["page_start"]) == (str(signs.folder / "signs.pdf"), 1)


async def test_nodes_with_media_go_in_and_come_out(make_llama_index: Make, signs: Signs, tmp_path: Path) -> None:
    spoken = base64.b64encode(signs.asked[SIGN, "audio"].data)
    film = MediaResource(path=signs.folder / "signs.mp4")
    nodes = [
        MediaNode(video_resource=film, text_resource=MediaResource(text="six signs"), metadata={"source": "film"}),
        MediaNode(audio_resource=MediaResource(data=spoken), metadata={"source": "speech"}),
        TextNode(text="The red circle marks the pump room.", metadata={"source": "words"}),
    ]
    embedder = make_llama_index(dimensions=128).embedder
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "nodes")) as index:
        retriever = GeminiMultimodalRetriever(index, similarity_top_k=9)
        report = await retriever.ainsert_nodes(nodes)
        assert (report.added, report.skipped) == (8, ())  # the film is six windows
        (first, *_) = [one for one in retriever.retrieve(QUESTION) if one.metadata["modality"] == "video"]
        assert isinstance(first.node, Node)
        assert first.node.video_resource is not None
        assert (first.node.video_resource.path, first.get_content(), first.metadata["end_s"]) == (
            film.path,
            "six signs",
            32,
        )
        assert retriever.insert_nodes(nodes).reused == 8


@pytest.mark.parametrize("modality", ["image", "audio", "video", "pdf"])
async def test_queries_of_any_modality(retriever: GeminiMultimodalRetriever, signs: Signs, modality: str) -> None:
    asked = MultimodalQuery(parts=[signs.asked[SIGN, modality]])
    nodes = retriever.retrieve(asked)
    assert {"signs.pdf", "signs.mp4", f"{SIGN}.png", f"{SIGN}.md", "signs.wav"} == {*files(nodes)}
    assert await retriever.aretrieve(asked) == nodes
    assert retriever.retrieve(MultimodalQuery(parts=[block(asked.parts[0], modality)])) == nodes
    assert files(retriever.retrieve(MultimodalQuery("of this kind", parts=asked.parts)))


def test_options_of_the_object(signs_index: MultimodalIndex) -> None:
    def asked(**options: Any) -> list[NodeWithScore]:
        return GeminiMultimodalRetriever(signs_index, **options).retrieve(QUESTION)

    few = asked(similarity_top_k=6, quotas={"text": 1, "video": 0}, fusion="standardized")
    assert [one.metadata["modality"] for one in few].count("text") == 1
    assert "video" not in {one.metadata["modality"] for one in few}
    only = MetadataFilters(filters=[MetadataFilter(key="modality", operator=FilterOperator.EQ, value="video")])
    (film,) = asked(similarity_top_k=9, filters=only, merge=True)
    assert film.metadata["end_s"] == 192
    (padded,) = asked(similarity_top_k=1, filters={"modality": "pdf"}, padding=1)
    assert (padded.metadata["page_end"], padded.text.count("\n\n")) == (2, 1)
    with pytest.raises(TypeError, match="takes no filter, k; there are similarity_top_k=, filters="):
        GeminiMultimodalRetriever(signs_index, k=3, filter={})  # type: ignore[call-arg]  # that is the mistake


async def test_a_tool_for_agents(retriever: GeminiMultimodalRetriever) -> None:
    tool = retriever.search_tool("find_signs", "Finds what signs mean.")
    assert tool.metadata.get_name() == "find_signs"
    assert "Finds what signs mean." in tool.metadata.description
    assert {*tool.metadata.get_parameters_dict()["properties"]} == {"query", "modality"}
    said = tool.call(query=QUESTION)
    assert "signs.pdf#page=1\nThe red circle marks the pump room." in said.content
    assert {one.metadata["modality"] for one in said.raw_output} == {"text", "image", "audio", "video", "pdf"}
    only = await tool.acall(query=QUESTION, modality="video")
    assert {one.metadata["modality"] for one in only.raw_output} == {"video"}
    nowhere = GeminiMultimodalRetriever(retriever.index, filters={"source": "nowhere"})
    assert nowhere.search_tool().call(query="x").content == "Nothing was found."


def test_query_engines_and_fusion_take_it(retriever: GeminiMultimodalRetriever, signs_index: MultimodalIndex) -> None:
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
    answer = engine.query(QUESTION)
    assert "The red circle marks the pump room." in str(answer)
    assert {node.metadata["modality"] for node in answer.source_nodes} >= {"video", "audio", "image"}
    texts = GeminiMultimodalRetriever(signs_index, 3, filters={"modality": "text"})
    films = GeminiMultimodalRetriever(signs_index, 3, filters={"modality": "video"})
    fused = QueryFusionRetriever(
        [texts, films], llm=MockLLM(), mode=FUSION_MODES.RECIPROCAL_RANK, num_queries=1, similarity_top_k=2
    )
    assert {*files(fused.retrieve(QueryBundle(QUESTION)))} == {f"{SIGN}.md", "signs.mp4"}


THEIR_WARNING = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


@THEIR_WARNING
def test_over_a_vector_store_of_llama_index(make_llama_index: Make, signs: Signs) -> None:
    """What either writes the other finds, and adding again embeds nothing."""
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.vector_stores.qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    model = make_llama_index(dimensions=128)
    theirs = QdrantVectorStore("theirs", client=QdrantClient(":memory:"))
    context = StorageContext.from_defaults(vector_store=theirs)
    ice = TextNode(text="glaciers grind valleys", metadata={"source": "ice.md"})
    their_index = VectorStoreIndex([ice], storage_context=context, embed_model=model)

    retriever = GeminiMultimodalRetriever.from_vector_store(theirs, model, similarity_top_k=3)
    assert files(retriever.retrieve("what grinds valleys?"))[0] == "ice.md"
    added = [signs.folder / "signs.pdf", signs.folder / f"{SIGN}.png", Item("bread rises", source="bread.md")]
    assert retriever.index.add(added).added == 8
    assert retriever.index.count() == 9
    assert (report := retriever.index.add(added)).reused == 8
    assert report.added == 0
    (page,) = their_index.as_retriever(similarity_top_k=1).retrieve("the red circle marks the pump room")
    assert (page.text, page.metadata["page_start"]) == ("The red circle marks the pump room.", 1)
    (picture,) = GeminiMultimodalRetriever.from_vector_store(
        theirs, model, similarity_top_k=1, filters={"modality": "image"}
    ).retrieve(QUESTION)
    assert isinstance(picture.node, ImageNode)
    assert picture.node.image_path == str(signs.folder / f"{SIGN}.png")
    assert retriever.index.add([Item("bread falls", source="bread.md")]).replaced == 1
    assert retriever.index.delete(source="bread.md") == 1
    assert retriever.index.count({"modality": "pdf"}) == 6


@THEIR_WARNING
def test_what_a_vector_store_of_llama_index_cannot_do_is_said(
    make_llama_index: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llama_index.vector_stores.qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    model = make_llama_index(dimensions=64)
    with pytest.raises(ConfigurationError, match="SimpleVectorStore keeps vectors without their nodes"):
        GeminiMultimodalRetriever.from_vector_store(SimpleVectorStore(), model)

    with MultimodalIndex(model.embedder, NodeStore(QdrantVectorStore("a", client=QdrantClient(":memory:")))) as index:
        index.add(["bread rises", "glaciers grind"])
        assert len(index.search("bread", mmr=0.5)) == index.copy_to(EdgeStore(tmp_path / "first")) == 2
    theirs = QdrantVectorStore("theirs", client=QdrantClient(":memory:"))
    get_nodes = theirs.get_nodes

    def without_vectors(*asked: Any, **more: Any) -> Any:
        nodes = get_nodes(*asked, **more)
        for node in nodes:
            node.embedding = None
        return nodes

    monkeypatch.setattr(QdrantVectorStore, "get_nodes", lambda self, *asked, **more: without_vectors(*asked, **more))
    store = NodeStore(theirs)
    with pytest.raises(StoreError, match="is not open"):
        store.search(model.embedder.embed_query("x").vector, 1)
    with MultimodalIndex(model.embedder, store) as index:
        index.add(["bread rises", "glaciers grind"])
        with pytest.raises(StoreError, match="does not give vectors back"):
            index.search("bread", mmr=0.5)
        with pytest.raises(StoreError, match="does not give vectors back"):
            index.copy_to(EdgeStore(tmp_path / "copy"))
