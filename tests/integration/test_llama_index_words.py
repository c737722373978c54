"""Words through LlamaIndex's doors: the retriever's option, a bundle, a vector that came along, a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, InputError, MultimodalIndex, Words
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever, MultimodalQuery

CODE = "Error E4217: glaciers"
TEXTS = ["bread rises because of yeast", "a loaf of bread", "bread and butter", "yeast for the bread", CODE]
QUERY = "yeast in bread"
WORDS = Words('"E4217"')


@pytest.fixture
def index(make_llama_index: Callable[..., GeminiEmbedding], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_llama_index().embedder, EdgeStore(tmp_path / "index", lexical=True)) as index:
        index.add(TEXTS)
        yield index


def texts(nodes: list[NodeWithScore]) -> list[str]:
    return [node.get_content() for node in nodes]


async def test_of_the_object_and_of_the_query(index: MultimodalIndex) -> None:
    plain = GeminiMultimodalRetriever(index, 4)
    assert CODE not in texts(plain.retrieve(QUERY))
    query = MultimodalQuery(QUERY, lexical=WORDS)
    assert texts(plain.retrieve(query)) == texts(await plain.aretrieve(query)) == [CODE]
    worded = GeminiMultimodalRetriever(index, 1, lexical=WORDS)
    assert texts(worded.retrieve(QUERY)) == texts(await worded.aretrieve(QUERY)) == [CODE]
    assert texts(GeminiMultimodalRetriever(index, 1, lexical=True).retrieve("E4217")) == [CODE]


async def test_a_vector_that_came_along_has_the_words_of_its_text(index: MultimodalIndex) -> None:
    """Of several texts, as of HyDE, those of the question count."""
    vector = index.embedder.embed_query(QUERY).vector.tolist()
    retriever = GeminiMultimodalRetriever(index, 4, lexical=Words(only=True))
    bundle = QueryBundle("E4217", embedding=vector)
    assert texts(retriever.retrieve(bundle)) == texts(await retriever.aretrieve(bundle)) == [CODE]
    of_several = QueryBundle("E4217", custom_embedding_strs=["E4217", "butter"])
    assert texts(retriever.retrieve(of_several)) == [CODE]
    with pytest.raises(InputError, match="has no words"):
        retriever.retrieve(QueryBundle("", embedding=vector))


def test_nodes_say_what_found_them(index: MultimodalIndex) -> None:
    (node,) = GeminiMultimodalRetriever(index, 9, lexical=Words("E4217", only=True)).retrieve(QUERY)
    assert node.node.metadata["found_by"] == ["words"]
    assert "found_by" not in node.node.get_content(MetadataMode.LLM)
    assert "found_by" not in GeminiMultimodalRetriever(index, 1).retrieve(QUERY)[0].node.metadata


async def test_as_a_tool(index: MultimodalIndex) -> None:
    of_the_retriever = GeminiMultimodalRetriever(index, lexical=WORDS).search_tool()
    of_its_own = GeminiMultimodalRetriever(index).search_tool(lexical=WORDS)
    for tool in (of_the_retriever, of_its_own):
        assert CODE in tool(query=QUERY).content
        assert "bread and butter" not in (await tool.acall(query=QUERY, modality="text")).content
