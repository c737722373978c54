"""What holds for an index over a vector store of LangChain's, whatever its engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fix_signs import Signs
from gemini_embed import FingerprintMismatchError, Item
from gemini_embed_emulator import Emulator

if TYPE_CHECKING:
    from langchain_gemini_embed import GeminiEmbeddings

ICE, BREAD = "glaciers grind valleys", "bread rises in the oven"
DEEP: dict[str, Any] = {"shelf": {"row": 3}, "tags": ["rye", "wheat"], "draft": None}


async def check_shared(store: Any, emulator: Emulator, signs: Signs) -> None:
    """What either writes the other finds, in all modalities; nothing is paid twice, and what goes is gone."""
    from langchain_gemini_embed import GeminiMultimodalRetriever

    before = emulator.requests.items_billed
    store.add_texts([ICE], metadatas=[{"source": "ice.md"}], ids=["0" * 32])
    retriever = GeminiMultimodalRetriever.from_vectorstore(store, k=3)
    index, pages, picture = retriever.index, signs.folder / "signs.pdf", signs.folder / "blue-square.png"
    items = [pages, picture, Item(BREAD, source="bread.md", metadata=DEEP)]
    report = index.add(items)
    assert (index.count(), report.added) == (1 + report.added, index.count({"$not": {"source": "ice.md"}}))
    assert index.add(items).usage.requests == 0

    assert retriever.invoke("what grinds valleys?", filter={"modality": None})[0].page_content == ICE
    (page, *_) = store.similarity_search("the red circle", k=1)
    assert page.page_content == "The red circle marks the pump room."
    (page,) = await retriever.ainvoke("the red circle", k=1, filter={"modality": "pdf"})
    assert (page.metadata["page_start"], page.metadata["modality"], page.metadata["source"]) == (1, "pdf", str(pages))
    (found,) = retriever.invoke(BREAD, filter={"shelf.row": {"gte": 3}, "tags": "rye"})
    assert (found.page_content, found.metadata["shelf"], found.metadata["tags"]) == (BREAD, DEEP["shelf"], DEEP["tags"])
    (found,) = await retriever.ainvoke(signs.asked["blue-square", "image"], k=1, filter={"modality": "image"})
    assert (Path(found.metadata["source"]), found.metadata["score"] > 0.5) == (picture, True)
    assert {one.metadata.get("modality") for one in retriever.invoke(BREAD, k=9)} == {"pdf", "image", "text", None}
    assert len(retriever.invoke("x", mmr=0.5)) == len(retriever.invoke("x", fusion="standardized")) == 3
    assert {*index.vectors().values.shape} == {index.count(), 128}

    assert index.add([Item("rye is a grain", source="bread.md")]).replaced == 1
    assert BREAD not in [one.page_content for one in store.similarity_search(BREAD, k=9)]
    assert index.delete(source=pages) == report.added - 2
    assert index.delete(source="ice.md") == 1
    assert sorted(one.page_content for one in store.similarity_search("anything", k=9)) == ["", "rye is a grain"]
    queries = 10
    assert emulator.requests.items_billed - before == 1 + report.added + 1 + queries


def check_other_embeddings(store: Any, again: Any) -> None:
    """The collection says with what it was filled: `again` is the same with other embeddings."""
    from langchain_gemini_embed import GeminiMultimodalRetriever

    index = GeminiMultimodalRetriever.from_vectorstore(store).index
    index.add([BREAD])
    with pytest.raises(FingerprintMismatchError, match="made another way"):
        GeminiMultimodalRetriever.from_vectorstore(again).invoke("bread")
    index.close()


def embeddings_of(emulator: Emulator, dimensions: int = 128, **options: Any) -> GeminiEmbeddings:
    """On the emulator."""
    from langchain_gemini_embed import GeminiEmbeddings

    return GeminiEmbeddings(base_url=emulator.base_url, api_key="k", dimensions=dimensions, **options)
