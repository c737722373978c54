"""A user's program, never run: mypy --strict must accept it, and refuse what is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gemini_embed import AddReport, Audio, EdgeStore, Image, MultimodalIndex, RateLimits, RetryPolicy, track_usage
from gemini_embed.agents import Sources
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.messages.content import create_image_block, create_text_block
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_gemini_embed import (
    USAGE_EVENT,
    GeminiEmbeddings,
    GeminiMultimodalRetriever,
    cited,
    to_content_blocks,
    with_media,
)
from langchain_gemini_embed.agents import MediaMiddleware
from PIL import Image as Pillow
from pydantic import SecretStr


def make_embeddings() -> Embeddings:
    GeminiEmbeddings(model="gemini-embedding-001", google_api_key="a-key", task_type="SEMANTIC_SIMILARITY")
    GeminiEmbeddings(
        cache="vectors.db", max_cost_usd=5, root=Path("data"), rate_limits=RateLimits(requests_per_day=1000)
    )
    GeminiEmbeddings(vertexai=True, project="p", location="eu", request_options={"timeout": 10})
    GeminiEmbeddings(api_key="a-key", output_dimension=768)  # type: ignore[call-arg]  # misspelt
    GeminiEmbeddings(api_key="a-key", client=object())  # type: ignore[arg-type]  # cannot be honoured
    return GeminiEmbeddings(api_key=SecretStr("a-key"), dimensions=768, retry=RetryPolicy(max_attempts=3))


class Counting(GeminiEmbeddings):
    """A subclass's own fields are free, ours are fixed."""

    calls: int = 0

    def embed_query(self, text: str, **options: Any) -> list[float]:
        self.calls += 1
        self.task_type = "search"  # type: ignore[misc]  # fixed: model_copy(update=...)
        return super().embed_query(text, **options)


async def embed(embeddings: GeminiEmbeddings) -> list[list[float]]:
    documents: list[list[float]] = embeddings.embed_documents(["bread"], titles=["Baking", None], batch_size=50)
    query: list[float] = await embeddings.aembed_query("yeast", output_dimensionality=768)
    mixed = embeddings.embed(["yeast", Image("bread.png"), [create_text_block("this"), Path("bread.png")]])
    usage: int | None = embeddings.embedder.embed_query("yeast").usage.prompt_tokens
    assert usage is None or embeddings.embed_image(["bread.png"])
    InMemoryVectorStore(embeddings)
    return [*documents, query, *mixed]


async def retrieve(embeddings: GeminiEmbeddings) -> list[Document]:
    index = MultimodalIndex(embeddings.embedder, EdgeStore("notes"))
    retriever = GeminiMultimodalRetriever(index=index, k=3, filter={"modality": "image"}, score_threshold=0.3)
    as_langchain: BaseRetriever = retriever
    report: AddReport = retriever.add_documents([Document("Bread rises.")], on_error="skip", progress=True)
    report = await retriever.aadd_documents(iter([Document("Bread rises.")]), max_cost_usd=0.5)
    assert report.usd is None or report.skipped
    with track_usage() as spent:
        retriever.invoke("yeast", {"callbacks": []})
    tokens: int | None = spent.usage.prompt_tokens
    assert tokens or USAGE_EVENT
    retriever.add_documents(["a text"])  # type: ignore[list-item]  # not a document
    found = retriever.invoke("yeast")
    found += retriever.invoke({"type": "image", "url": "https://example.org/bread.png"}, k=1)
    found += retriever.invoke([{"type": "image", "base64": "aGk=", "mime_type": "image/png"}])
    found += retriever.invoke([{"type": "text", "text": "like this"}, {"type": "image", "url": "https://example.org"}])
    found += retriever.invoke(["like this", {"type": "image_url", "image_url": {"url": "https://example.org"}}])
    found += retriever.invoke(create_image_block(url="https://example.org/bread.png"))
    found += retriever.invoke(HumanMessage("yeast"))
    found += await retriever.ainvoke(Image("bread.png"), k=2, filter={"source": ["a.md", "b.md"]})
    found += await retriever.ainvoke([Pillow.new("RGB", (9, 9)), "in another colour"])
    found += retriever.invoke(["who says that?", Audio("a.wav")], fusion="raw", quotas={"audio": 2}, mmr=0.5)
    found += as_langchain.invoke("yeast")
    GeminiMultimodalRetriever(index=index, fusion="best")  # type: ignore[arg-type]  # no such fusion
    tool: BaseTool = GeminiMultimodalRetriever.from_vectorstore(InMemoryVectorStore(embeddings), k=2).search_tool()
    blocks: list[dict[str, Any]] = to_content_blocks(found, max_bytes=1_000_000)
    assert tool.name
    assert blocks
    retriever.invoke(3)  # type: ignore[arg-type]  # not a query
    question: RunnablePassthrough[str] = RunnablePassthrough()
    found += ({"context": retriever, "question": question} | RunnableLambda(lambda both: both["context"])).invoke("x")
    return found


def make_agent(retriever: GeminiMultimodalRetriever, model: BaseChatModel) -> str:
    tools: list[BaseTool] = retriever.agent_tools(root=Path("data"), sources=Sources())
    tools += [retriever.search_tool(media="content"), retriever.read_source_tool(), retriever.list_sources_tool()]
    retriever.search_tool(media="inline")  # type: ignore[arg-type]  # neither of the two
    agent = create_agent(model, tools, middleware=[MediaMiddleware(max_bytes=1_000_000, kinds=["image", "pdf"])])
    messages: list[AnyMessage] = agent.invoke({"messages": [HumanMessage("Where?")]})["messages"]
    model.invoke(with_media(messages, kinds={"audio"}))
    found = cited(messages)
    links: dict[int, str] = {number: hit.link for number, hit in found.items()}
    unknown: tuple[int, ...] = found.unknown
    return f"{cited(messages, '[1]')} {links} {unknown}"
