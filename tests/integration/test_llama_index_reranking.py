"""`GeminiRerank` and hypothetical answers in LlamaIndex's own engines and transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import (
    ConfigurationError,
    FingerprintMismatchError,
    Image,
    InputError,
    Item,
    MultimodalIndex,
    QdrantStore,
)
from gemini_embed_emulator import Emulator
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine, TransformQueryEngine
from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.postprocessor.gemini_embed import GeminiRerank
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever, MultimodalQuery

QUESTION = "why does bread rise?"
ANSWER = "Glaciers grind valleys into a U shape."
Pictures = Callable[[str], Path]


class Scripted(MockLLM):
    """Writes the same whatever it is asked."""

    def complete(self, *args: Any, **kwargs: Any) -> Any:
        found = super().complete(*args, **kwargs)
        found.text = ANSWER
        return found

    def predict(self, *args: Any, **kwargs: Any) -> str:
        return ANSWER


@pytest.fixture
def index(make_llama_index: Callable[..., GeminiEmbedding], pictures: Pictures) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_llama_index(dimensions=768).embedder, QdrantStore(":memory:")) as index:
        index.add(
            [
                Item("Bread does rise because of yeast.", source="bread"),
                Item("Glaciers grind valleys.", source="ice"),
                Item("The tide table of the harbour.", source="tide"),
                Item(Image(pictures("red")), source="red"),
            ]
        )
        yield index


def sent(emulator: Emulator) -> list[str]:
    items = [item for request in emulator.requests for item in request.json["requests"]]
    return sorted(part.get("text", "image") for item in items for part in item["content"]["parts"])


def ids(nodes: Any) -> list[str]:
    return [node.node_id for node in nodes]


@pytest.mark.parametrize("include_original", [True, False])
async def test_hyde_sends_hypothetical_texts_as_documents(
    include_original: bool, index: MultimodalIndex, emulator: Emulator
) -> None:
    """And searches the mean of unit vectors."""
    embedder = index.embedder
    bundle = HyDEQueryTransform(llm=Scripted(max_tokens=None), include_original=include_original).run(QUESTION)
    assert bundle.custom_embedding_strs == [ANSWER, *([QUESTION] if include_original else [])]
    rows = [embedder.embed_documents([ANSWER]).vector, *([embedder.embed_query(QUESTION).vector] * include_original)]
    hits = index.search_vector(np.mean(rows, axis=0), 4)
    retriever = GeminiMultimodalRetriever(index, similarity_top_k=4)
    emulator.requests.clear()
    nodes = retriever.retrieve(bundle)
    wanted = [f"title: none | text: {ANSWER}", *([f"task: search result | query: {QUESTION}"] * include_original)]
    assert sent(emulator) == sorted(wanted)
    assert ids(nodes) == [hit.record.id for hit in hits]
    assert [node.score for node in nodes] == pytest.approx([hit.score for hit in hits], abs=1e-5)
    assert await retriever.aretrieve(bundle) == nodes


async def test_hyde_beside_a_picture(index: MultimodalIndex, pictures: Pictures, emulator: Emulator) -> None:
    """The picture is part of the query, not of the answer."""
    bundle = QueryBundle(QUESTION, image_path=str(pictures("red")), custom_embedding_strs=[ANSWER, QUESTION])
    emulator.requests.clear()
    GeminiMultimodalRetriever(index).retrieve(bundle)
    assert sent(emulator) == sorted(
        [f"title: none | text: {ANSWER}", f"task: search result | query: {QUESTION}", "image"]
    )


@pytest.mark.parametrize("hypothetical", [ANSWER, [ANSWER], lambda words: ANSWER], ids=["text", "texts", "callable"])
async def test_hypothetical_answers(hypothetical: Any, index: MultimodalIndex) -> None:
    """By the constructor and for a call, by both doors, in the tool."""
    right = [hit.record.id for hit in index.search(QUESTION, 4, hypothetical=ANSWER)]
    helped = GeminiMultimodalRetriever(index, similarity_top_k=4, hypothetical=hypothetical)
    plain = GeminiMultimodalRetriever(index, similarity_top_k=4)
    query = MultimodalQuery(QUESTION, hypothetical=hypothetical)
    assert ids(helped.retrieve(QUESTION)) == ids(await helped.aretrieve(QUESTION)) == right
    assert ids(plain.retrieve(query)) == ids(await plain.aretrieve(query)) == right
    assert ids(helped.search_tool().call(QUESTION).raw_output) == right
    assert ids(plain.retrieve(QUESTION)) != right


async def test_nodes_of_the_index_cost_nothing(
    index: MultimodalIndex, make_llama_index: Callable[..., GeminiEmbedding], emulator: Emulator
) -> None:
    """In a query engine: beside the search's own request one of the query."""
    retriever = GeminiMultimodalRetriever(index, similarity_top_k=4)
    rerank = GeminiRerank(index=index, embed_model=make_llama_index(dimensions=768), top_n=2, fusion="raw")
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM(), node_postprocessors=[rerank])
    emulator.requests.clear()
    found = engine.query(QUESTION).source_nodes
    assert sent(emulator) == [f"task: search result | query: {QUESTION}"] * 2
    assert found[0].metadata["source"] == "bread"
    assert found[0].get_score() > found[1].get_score()
    assert ids((await engine.aquery(QUESTION)).source_nodes) == ids(found)
    hyde = TransformQueryEngine(engine, HyDEQueryTransform(llm=Scripted(max_tokens=None)))
    assert hyde.query(QUESTION).source_nodes[0].metadata["source"] == "ice"


async def test_nodes_of_others(
    make_llama_index: Callable[..., GeminiEmbedding], pictures: Pictures, emulator: Emulator
) -> None:
    """All are ranked, pictures among them: by one call for the query and one for the nodes."""
    nodes = [
        NodeWithScore(node=TextNode(text="The tide table."), score=0.9),
        NodeWithScore(node=ImageNode(image_path=str(pictures("red"))), score=0.8),
        NodeWithScore(node=TextNode(text="Bread does rise because of yeast.", metadata={"n": 1}), score=0.1),
    ]
    rerank = GeminiRerank(make_llama_index(), top_n=3, fusion="raw")
    emulator.requests.clear()
    found = rerank.postprocess_nodes(nodes, query_str=QUESTION)
    assert len(emulator.requests) == 2
    assert sent(emulator)[-2:] == [
        "title: none | text: The tide table.",
        "title: none | text: n: 1\n\n" + nodes[2].text,
    ]
    assert ids(found)[0] == nodes[2].node_id
    assert {*ids(found)} == {*ids(nodes)}
    assert nodes[2].score == 0.1, "the caller's is left as it was"
    assert await rerank.apostprocess_nodes(nodes, query_str=QUESTION) == found
    assert GeminiRerank(make_llama_index(), min_score=2).postprocess_nodes(nodes, query_str=QUESTION) == []


def test_what_it_cannot_do(
    index: MultimodalIndex, make_llama_index: Callable[..., GeminiEmbedding], emulator: Emulator
) -> None:
    with pytest.raises(ConfigurationError, match="needs embed_model="):
        GeminiRerank()
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        GeminiRerank(index=index, top_n=0)
    nodes = GeminiMultimodalRetriever(index).retrieve(QUESTION)
    emulator.requests.clear()
    with pytest.raises(FingerprintMismatchError, match="dimensions 768 against 256"):
        GeminiRerank(make_llama_index(dimensions=256), index=index).postprocess_nodes(nodes, query_str=QUESTION)
    with pytest.raises(InputError, match="nothing to rank by"):
        GeminiRerank(index=index).postprocess_nodes(nodes)
    assert GeminiRerank(index=index).postprocess_nodes([], query_str=QUESTION) == []
    assert len(emulator.requests) == 0
