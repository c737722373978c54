"""Stores of LangChain over their real engines, behind an index: the suite of stores, and what both sides see."""

from __future__ import annotations

from pathlib import Path

import pytest
from fix_engines import chroma, faiss
from fix_shared import BREAD, ICE, check_other_embeddings, check_shared, embeddings_of
from fix_signs import Signs
from gemini_embed import ConfigurationError, StoreError
from gemini_embed.testing import SearchingTests
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiMultimodalRetriever
from langchain_gemini_embed.stores.chroma import ChromaStore
from langchain_gemini_embed.stores.faiss import FaissStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`langchain-community` is being sunset:DeprecationWarning"),
]


def in_chroma(place: Path) -> ChromaStore:
    return ChromaStore(chroma(place))


def in_faiss(place: Path) -> FaissStore:
    return FaissStore(faiss())


class TestChroma(SearchingTests):
    factory = in_chroma


class TestFaiss(SearchingTests):
    factory = in_faiss


@pytest.mark.parametrize("make", [chroma, faiss])
async def test_all_modalities(make: object, emulator: Emulator, signs: Signs, tmp_path: Path) -> None:
    store = chroma(tmp_path, embeddings_of(emulator)) if make is chroma else faiss(embeddings_of(emulator), 128)
    await check_shared(store, emulator, signs)


def test_chroma_keeps_the_fingerprint(emulator: Emulator, tmp_path: Path) -> None:
    check_other_embeddings(
        chroma(tmp_path, embeddings_of(emulator)), chroma(tmp_path, embeddings_of(emulator, task_type="clustering"))
    )
    assert chroma(tmp_path)._collection.metadata.keys() == {"gemini_embed"}


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
