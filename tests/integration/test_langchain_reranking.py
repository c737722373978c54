"""`GeminiRerank` and hypothetical answers in LangChain's own pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fix_langchain import png
from gemini_embed import FingerprintMismatchError, Image, InputError, MultimodalIndex
from gemini_embed_emulator import Emulator
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_gemini_embed import USAGE_EVENT, GeminiEmbeddings, GeminiMultimodalRetriever, GeminiRerank
from pydantic import ValidationError

QUESTION = "why does bread rise?"
ANSWER = "Glaciers grind valleys."


def sources(documents: Any) -> list[str]:
    return [document.metadata["source"] for document in documents]


def contents_sent(emulator: Emulator) -> int:
    return sum(len(request.json["requests"]) for request in emulator.requests)


@pytest.fixture
def retriever(langchain_index: MultimodalIndex) -> GeminiMultimodalRetriever:
    return GeminiMultimodalRetriever(index=langchain_index, k=5, filter={"modality": "text"})


async def test_documents_of_the_index_cost_nothing(
    retriever: GeminiMultimodalRetriever, make_langchain: Callable[..., GeminiEmbeddings], emulator: Emulator
) -> None:
    """In `ContextualCompressionRetriever`: beside the search's own request one more, of the query alone."""
    compressor = GeminiRerank(index=retriever.index, embeddings=make_langchain(dimensions=768), top_n=2)
    chain = ContextualCompressionRetriever(base_compressor=compressor, base_retriever=retriever)
    emulator.requests.clear()
    found = chain.invoke(QUESTION)
    assert (len(emulator.requests), contents_sent(emulator)) == (2, 2)
    assert await chain.ainvoke(QUESTION) == found
    first, second = found
    assert [document.id for document in found] == [document.id for document in retriever.invoke(QUESTION, k=2)]
    assert first.metadata["rerank_score"] == pytest.approx(first.metadata["score"], abs=1e-5)
    assert first.metadata["rerank_score"] > second.metadata["rerank_score"]


def test_in_a_pipeline_and_over_documents_of_others(
    make_langchain: Callable[..., GeminiEmbeddings], emulator: Emulator
) -> None:
    """All documents are ranked, whoever found them; by one call for the query and one for them."""
    texts = ["Glaciers calve.", "The tide table.", "Bread does rise because of yeast.", "A bicycle."]
    documents = [Document(text, metadata={"n": n}) for n, text in enumerate(texts)]
    pipeline = DocumentCompressorPipeline(transformers=[GeminiRerank(embeddings=make_langchain(), top_n=2)])
    best, other = pipeline.compress_documents(documents, QUESTION)
    assert (best.metadata["n"], len(emulator.requests), contents_sent(emulator)) == (2, 2, 5)
    assert best.metadata["rerank_score"] > other.metadata["rerank_score"]
    assert "rerank_score" not in documents[2].metadata, "the caller's document is left as it was"


async def test_what_is_kept(retriever: GeminiMultimodalRetriever) -> None:
    documents = retriever.invoke(QUESTION)
    compressor = GeminiRerank(index=retriever.index, top_n=9, min_score=0.3)
    kept = compressor.compress_documents(documents, QUESTION)
    assert kept == await compressor.acompress_documents(documents, QUESTION)
    assert sources(kept) == ["bread.md"]
    assert compressor.compress_documents([], QUESTION) == await compressor.acompress_documents([], QUESTION) == []


def test_a_query_of_any_modality(langchain_index: MultimodalIndex) -> None:
    documents = GeminiMultimodalRetriever(index=langchain_index, k=5).invoke(QUESTION)
    ranked = GeminiRerank(index=langchain_index, top_n=2).compress_documents(documents, [Image(png("red"))])
    assert "red.png" in sources(ranked)


class Heard(BaseCallbackHandler):
    def __init__(self) -> None:
        self.requests = 0

    def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
        if name == USAGE_EVENT:
            self.requests += data["requests"]


def test_callbacks_hear_what_it_used(retriever: GeminiMultimodalRetriever) -> None:
    heard = Heard()
    chain = ContextualCompressionRetriever(
        base_compressor=GeminiRerank(index=retriever.index), base_retriever=retriever
    )
    chain.invoke(QUESTION, {"callbacks": [heard]})
    assert heard.requests == 2


def test_what_it_cannot_do(
    langchain_index: MultimodalIndex, make_langchain: Callable[..., GeminiEmbeddings], emulator: Emulator
) -> None:
    with pytest.raises(ValidationError, match="needs embeddings="):
        GeminiRerank()
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        GeminiRerank(index=langchain_index, top_n=0)
    with pytest.raises(ValidationError, match="hypothesis= must be a Runnable"):
        GeminiRerank(index=langchain_index, hypothesis=3)
    documents = GeminiMultimodalRetriever(index=langchain_index).invoke(QUESTION)
    other = GeminiRerank(index=langchain_index, embeddings=make_langchain(dimensions=256))
    emulator.requests.clear()
    with pytest.raises(FingerprintMismatchError, match="dimensions 768 against 256"):
        other.compress_documents(documents, QUESTION)
    assert len(emulator.requests) == 0


CHAIN = ChatPromptTemplate.from_template("Answer: {question}") | FakeListChatModel(responses=[ANSWER])


async def awritten(words: str) -> str:
    return ANSWER


HYPOTHESES = [
    pytest.param(ANSWER, id="text"),
    pytest.param([ANSWER], id="texts"),
    pytest.param(lambda words: ANSWER, id="callable"),
    pytest.param(CHAIN, id="chain that gives a message"),
    pytest.param(CHAIN | StrOutputParser(), id="chain that gives text"),
    pytest.param(RunnableLambda(lambda words: [ANSWER]), id="several of a runnable"),
]


@pytest.mark.parametrize("hypothesis", HYPOTHESES)
@pytest.mark.parametrize("name", ["hypothesis", "hypothetical"])
def test_hypothetical_answers(name: str, hypothesis: Any, langchain_index: MultimodalIndex) -> None:
    """By the constructor and for a call, by both doors, in the tool: what the core's search finds with the text."""
    right = [hit.record.id for hit in langchain_index.search(QUESTION, 4, hypothetical=ANSWER)]
    plain = GeminiMultimodalRetriever(index=langchain_index)
    helped = GeminiMultimodalRetriever(index=langchain_index, **{name: hypothesis})
    assert [document.id for document in helped.invoke(QUESTION)] == right
    assert [document.id for document in asyncio.run(helped.ainvoke(QUESTION))] == right
    assert [document.id for document in plain.invoke(QUESTION, **{name: hypothesis})] == right
    assert [document.id for document in asyncio.run(plain.ainvoke(QUESTION, **{name: hypothesis}))] == right
    without = [hit.record.id for hit in langchain_index.search(QUESTION, 4)]
    assert [document.id for document in helped.invoke(QUESTION, **{name: None})] == without != right
    told = GeminiMultimodalRetriever(index=langchain_index, hypothetical=ANSWER).search_tool().invoke(QUESTION)
    assert helped.search_tool().invoke(QUESTION) == told != plain.search_tool().invoke(QUESTION)
    reranked = GeminiRerank(index=langchain_index, top_n=1, hypothesis=hypothesis, fusion="raw")
    documents = plain.invoke(QUESTION, filter={"modality": "text"})
    assert sources(reranked.compress_documents(documents, ANSWER)) == ["ice.md"]


def test_the_chain_is_a_child_of_the_retrievers_run(langchain_index: MultimodalIndex) -> None:
    parents = []

    class Seen(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, parent_run_id: Any = None, **kwargs: Any) -> None:
            parents.append(parent_run_id)

    GeminiMultimodalRetriever(index=langchain_index, hypothesis=CHAIN).invoke(QUESTION, {"callbacks": [Seen()]})
    assert len(parents) == 1
    assert parents[0] is not None


def test_the_same_under_two_names(langchain_index: MultimodalIndex) -> None:
    with pytest.raises(ValidationError, match="pass one of them"):
        GeminiMultimodalRetriever(index=langchain_index, hypothesis=CHAIN, hypothetical="x")
    with pytest.raises(ValidationError, match="must be a Runnable, a callable, a text"):
        GeminiMultimodalRetriever(index=langchain_index, hypothesis=3)
    with pytest.raises(InputError, match="use the async door"):
        GeminiMultimodalRetriever(index=langchain_index, hypothesis=awritten).invoke(QUESTION)
    found = asyncio.run(GeminiMultimodalRetriever(index=langchain_index, hypothesis=awritten).ainvoke(QUESTION))
    assert found == GeminiMultimodalRetriever(index=langchain_index, hypothesis=ANSWER).invoke(QUESTION)
