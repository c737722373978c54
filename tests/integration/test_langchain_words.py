"""Words through LangChain's doors: the retriever's field, a call, a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import EdgeStore, InputError, MultimodalIndex, Words
from langchain_core.documents import Document
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever, to_content_blocks
from pydantic import ValidationError

CODE = "Error E4217: glaciers"
TEXTS = ["bread rises because of yeast", "a loaf of bread", "bread and butter", "yeast for the bread", CODE]
QUERY = "yeast in bread"
WORDS = Words('"E4217"')


@pytest.fixture
def index(make_langchain: Callable[..., GeminiEmbeddings], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_langchain().embedder, EdgeStore(tmp_path / "index", lexical=True)) as index:
        index.add(TEXTS)
        yield index


def texts(documents: list[Document]) -> list[str]:
    return [document.page_content for document in documents]


async def test_of_the_object_and_of_the_call(index: MultimodalIndex) -> None:
    plain = GeminiMultimodalRetriever(index=index, k=4)
    assert CODE not in texts(plain.invoke(QUERY))
    worded: Any = {"lexical": WORDS}
    assert texts(plain.invoke(QUERY, **worded)) == texts(await plain.ainvoke(QUERY, **worded)) == [CODE]
    for lexical in (WORDS, Words("E4217", only=True), Words("E4217", weight=0.9)):
        retriever = GeminiMultimodalRetriever(index=index, k=1, lexical=lexical)
        assert texts(retriever.invoke(QUERY)) == texts(await retriever.ainvoke(QUERY)) == [CODE]
    for asked in (True, 0.5):
        assert texts(GeminiMultimodalRetriever(index=index, k=1, lexical=asked).invoke("E4217")) == [CODE]


def test_documents_say_what_found_them(index: MultimodalIndex) -> None:
    (document,) = GeminiMultimodalRetriever(index=index, k=9, lexical=Words("E4217", only=True)).invoke(QUERY)
    assert document.metadata["found_by"] == ["words"]
    assert document.metadata["score"] == pytest.approx(
        next(hit.score for hit in index.search(QUERY, 9) if hit.page_content == CODE), abs=1e-5
    )
    assert "found_by" not in GeminiMultimodalRetriever(index=index, k=1).invoke(QUERY)[0].metadata
    assert to_content_blocks([document])[0]["text"].endswith(CODE)


async def test_as_a_tool(index: MultimodalIndex) -> None:
    of_the_retriever = GeminiMultimodalRetriever(index=index, lexical=WORDS).search_tool()
    of_its_own = GeminiMultimodalRetriever(index=index).search_tool(lexical=WORDS)
    for tool in (of_the_retriever, of_its_own):
        assert CODE in tool.invoke({"query": QUERY})
        assert "bread and butter" not in await tool.ainvoke({"query": QUERY, "modality": "text"})


def test_bad_input(index: MultimodalIndex) -> None:
    with pytest.raises(ValidationError):
        GeminiMultimodalRetriever(index=index, lexical="E4217")  # type: ignore[arg-type]  # what is refused
    wrong: Any = {"lexical": 1.5}
    with pytest.raises(InputError, match=r"1\.5 is no weight"):
        GeminiMultimodalRetriever(index=index).invoke(QUERY, **wrong)
