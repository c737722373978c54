"""Stores of LangChain over their real engines, behind an index: the suite of stores, and what both sides see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fix_engines import chroma, faiss, lancedb
from fix_shared import BREAD, ICE, check_other_embeddings, check_shared, embeddings_of
from fix_signs import Signs
from gemini_embed import ConfigurationError, Item, StoreError
from gemini_embed.testing import SearchingTests
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiMultimodalRetriever
from langchain_gemini_embed.stores.chroma import ChromaStore
from langchain_gemini_embed.stores.faiss import FaissStore
from langchain_gemini_embed.stores.lancedb import LanceStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`langchain-community` is being sunset:DeprecationWarning"),
]


def in_chroma(place: Path) -> ChromaStore:
    return ChromaStore(chroma(place))


def in_faiss(place: Path) -> FaissStore:
    return FaissStore(faiss())


def in_lancedb(place: Path) -> LanceStore:
    return LanceStore(lancedb(place))


class TestChroma(SearchingTests):
    factory = in_chroma


class TestFaiss(SearchingTests):
    factory = in_faiss


class TestLanceDB(SearchingTests):
    factory = in_lancedb


MAKE = {
    "chroma": chroma,
    "faiss": lambda place, embeddings: faiss(embeddings, 128),
    "lancedb": lancedb,
}


@pytest.mark.parametrize("kind", MAKE)
async def test_all_modalities(kind: str, emulator: Emulator, signs: Signs, tmp_path: Path) -> None:
    await check_shared(MAKE[kind](tmp_path, embeddings_of(emulator)), emulator, signs)


@pytest.mark.parametrize("make", [chroma, lancedb])
def test_the_collection_keeps_the_fingerprint(make: Any, emulator: Emulator, tmp_path: Path) -> None:
    own, other = embeddings_of(emulator), embeddings_of(emulator, task_type="clustering")
    check_other_embeddings(make(tmp_path, own), make(tmp_path, other))


def test_hits_have_cosines_however_chroma_measures(emulator: Emulator, tmp_path: Path) -> None:
    """Its default is the squared L2."""
    store = chroma(tmp_path, embeddings_of(emulator), collection_configuration=None, collection_metadata={"of": "me"})
    store.add_texts([BREAD, ICE])
    retriever = GeminiMultimodalRetriever.from_vectorstore(store, k=1)
    (found,) = retriever.invoke(BREAD)
    ((_, distance),) = store.similarity_search_with_score(BREAD, k=1)
    assert found.metadata["score"] == pytest.approx(1 - distance / 2, abs=1e-5)
    assert store._client.get_collection("records").metadata["of"] == "me"
    long = embeddings_of(emulator, model="gemini-embedding-001", normalize=False)
    unscaled = chroma(tmp_path / "other", long, collection_configuration=None)
    with pytest.raises(ConfigurationError, match=r"does not compare by cosine.*leave out normalize=False"):
        GeminiMultimodalRetriever.from_vectorstore(unscaled).invoke(BREAD)


def test_faiss_from_disk(emulator: Emulator, tmp_path: Path) -> None:
    """What `save_local` wrote is an index again."""
    store = faiss(embeddings_of(emulator), 128)
    GeminiMultimodalRetriever.from_vectorstore(store).index.add([BREAD, ICE])
    store.save_local(str(tmp_path))
    again = type(store).load_local(str(tmp_path), embeddings_of(emulator), allow_dangerous_deserialization=True)
    retriever = GeminiMultimodalRetriever.from_vectorstore(again, k=1)
    assert retriever.index.add([BREAD, ICE]).reused == 2
    assert retriever.invoke("what grinds valleys?")[0].page_content == ICE


def test_an_index_of_faiss_that_cannot_remove_says_so(emulator: Emulator) -> None:
    import faiss as engine

    store = faiss(embeddings_of(emulator), 128)
    store.index = engine.IndexHNSWFlat(128, 16)
    index = GeminiMultimodalRetriever.from_vectorstore(store).index
    assert index.add([BREAD, ICE]).added == 2
    assert index.search(BREAD, 1)[0].page_content == BREAD
    with pytest.raises(StoreError, match="remove"):
        index.delete(filter={"modality": "text"})
    assert index.count() == 2


def test_a_table_that_langchain_filled_is_taken_over(emulator: Emulator, tmp_path: Path) -> None:
    """With its rows, which know no columns of ours."""
    store = lancedb(tmp_path, embeddings_of(emulator))
    store.add_texts([ICE, BREAD], metadatas=[{"source": "ice.md"}, {"source": "it's"}])
    retriever = GeminiMultimodalRetriever.from_vectorstore(store, k=5)
    retriever.index.add([Item("boats sail", source="sea.md")])
    store.add_texts(["rye is a grain"], metadatas=[{"source": "rye.md"}])
    index = retriever.index
    assert (index.count(), index.count({"source": "it's"}), index.count({"modality": "text"})) == (4, 1, 1)
    assert retriever.invoke("rye", filter={"source": ["it's", "rye.md"]})[0].page_content == "rye is a grain"
    index.optimize()
    assert index.delete(filter={"$not": {"source": "it's"}}) == 3
    assert [one.page_content for one in store.similarity_search("x", k=9)] == [BREAD]


def test_another_layout_of_lancedb_is_refused(emulator: Emulator, tmp_path: Path) -> None:
    import lancedb as engine

    row = {"vector": [0.0] * 128, "text": "", "metadata": {"source": "a"}, "id": "1"}
    engine.connect(tmp_path).create_table("documents", [row])
    with pytest.raises(ConfigurationError, match="'documents' is not laid out as langchain-lancedb does it"):
        GeminiMultimodalRetriever.from_vectorstore(lancedb(tmp_path, embeddings_of(emulator))).index.count()
