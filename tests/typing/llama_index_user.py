"""A user's program: never run, only checked, by `mypy --strict` with no settings of ours."""

from pathlib import Path
from typing import assert_type

from gemini_embed import (
    AddReport,
    Audio,
    Content,
    EdgeStore,
    Embedder,
    Hit,
    Image,
    MultimodalIndex,
    RetryPolicy,
    VectorCache,
)
from gemini_embed.agents import Cited
from llama_index.core import Settings, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import Document, ImageNode, NodeWithScore, QueryBundle
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever, MultimodalQuery
from llama_index.retrievers.gemini_embed.agents import MediaFunctionAgent, ToolMedia, cited


def vectors(model: GeminiEmbedding) -> list[float]:
    """Every kind of input."""
    assert_type(model.get_text_embedding_batch(["a", "b"], show_progress=True), list[list[float]])
    assert_type(model.get_image_embedding("a.png"), list[float])
    assert_type(model.get_image_embedding_batch(["a.png"]), list[list[float]])
    assert_type(model.get_content_embedding(Content("a", Image("a.png")), side="query"), list[float])
    assert_type(model.get_content_embedding(["a", Image("a.png")]), list[float])
    assert_type(model.get_audio_embedding("a.wav"), list[float])
    assert_type(model.get_video_embedding(b"..."), list[float])
    assert_type(model.get_pdf_embedding(Path("a.pdf")), list[float])
    assert_type(model.embedder, Embedder)
    return model.get_query_embedding("q")


async def awaited(model: GeminiEmbedding) -> list[float]:
    """The same through the async door."""
    assert_type(await model.aget_text_embedding_batch(["a"]), list[list[float]])
    assert_type(await model.aget_content_embedding("a"), list[float])
    return await model.aget_query_embedding("q")


def frameworks(documents: list[Document]) -> None:
    """Where LlamaIndex takes an embedding."""
    model = GeminiEmbedding("gemini-embedding-2", dimensions=768, task="question_answering", embed_batch_size=50)
    Settings.embed_model = model
    VectorStoreIndex.from_documents(documents, embed_model=model)
    IngestionPipeline(transformations=[model]).run(documents=documents, num_workers=2)


def official() -> list[GeminiEmbedding]:
    """The arguments of the class that this one replaces."""
    return [
        GeminiEmbedding(model_name="gemini-embedding-001", api_key="k", embedding_config={"task_type": "CLUSTERING"}),
        GeminiEmbedding(vertexai_config={"project": "p", "location": "eu"}, retries=5, timeout=30),
        GeminiEmbedding(http_options={"base_url": "http://localhost"}, embeddings_cache=SimpleKVStore()),
        GeminiEmbedding(cache=VectorCache("vectors.db"), max_cost_usd=5, root=Path("data")),
        GeminiEmbedding(retry=RetryPolicy(max_attempts=3), facts={"max_batch_items": 50}),
    ]


async def retrieval(folder: Path) -> list[NodeWithScore]:
    """Texts and images in one index."""
    with MultimodalIndex(GeminiEmbedding().embedder, EdgeStore(folder)) as index:
        retriever = GeminiMultimodalRetriever(
            index,
            similarity_top_k=5,
            filters=MetadataFilters(filters=[MetadataFilter(key="modality", value="image")]),
            score_threshold=0.2,
        )
        RetrieverQueryEngine.from_args(retriever)
        assert_type(retriever.insert_nodes([Document(text="a"), ImageNode(image_path="a.png")]), AddReport)
        assert_type(await retriever.ainsert_nodes([], on_error="skip", max_cost_usd=1, progress=False), AddReport)
        assert_type(retriever.retrieve("a red cup"), list[NodeWithScore])
        assert_type(retriever.search_tool("search_manuals"), FunctionTool)
        retriever.retrieve(MultimodalQuery("like this", parts=[Image("a.png"), Audio("a.wav")]))
        GeminiMultimodalRetriever(index, fusion="standardized", quotas={"text": 3}, mmr=0.5, merge=True, padding=5)
        GeminiMultimodalRetriever(index, fusions="rrf")  # type: ignore[call-arg]  # a misspelt argument
        retriever.filters = {"modality": ["image", "mixed"]}
        return await retriever.aretrieve(QueryBundle("like this", image_path="a.png"))


async def agents(retriever: GeminiMultimodalRetriever) -> ChatMessage:
    """Tools, and agents whose model sees what they find."""
    assert_type(retriever.agent_tools(root=Path("project"), media=True), list[FunctionTool])
    agent = MediaFunctionAgent(tools=[*retriever.agent_tools()], kinds=["image", "audio"], max_bytes=2**20)
    result = await agent.run("What is that?")
    assert_type(cited(result), Cited)
    assert_type(cited(result, "as [2] says")[2], Hit)
    media = ToolMedia(kinds=["pdf"])
    assert_type(await media.atake(retriever.search_tool(media=True).call(query="pump")), ToolOutput)
    return media.with_media([ChatMessage(role="user", content="?")])[0]


def mistakes() -> None:
    """Each of these is an error to mypy, else the `ignore` would be one."""
    GeminiEmbedding(dimension=768)  # type: ignore[call-arg]  # a misspelt argument
    GeminiEmbedding(overflow="cut")  # type: ignore[arg-type]  # not one of the three
    GeminiMultimodalRetriever("index")  # type: ignore[arg-type]  # an index, not its name
