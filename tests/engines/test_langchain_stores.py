"""Stores of LangChain over their real engines, behind an index: the suite of stores, and what both sides see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_engines import chroma, faiss, lancedb, pgvector
from fix_shared import BREAD, ICE, check_other_embeddings, check_shared, embeddings_of
from fix_signs import Signs
from gemini_embed import (
    ConfigurationError,
    Fingerprint,
    FingerprintMismatchError,
    GeminiEmbedWarning,
    InputError,
    Item,
    Record,
    StoreError,
)
from gemini_embed.models.shortening import unit_rows
from gemini_embed.testing import SearchingTests
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiMultimodalRetriever
from langchain_gemini_embed.stores.chroma import ChromaStore
from langchain_gemini_embed.stores.faiss import FaissStore
from langchain_gemini_embed.stores.lancedb import LanceStore
from langchain_gemini_embed.stores.pgvector import PGVectorStore

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


def in_pgvector(place: Path) -> PGVectorStore:
    return PGVectorStore(pgvector(place))


class TestChroma(SearchingTests):
    factory = in_chroma


class TestFaiss(SearchingTests):
    factory = in_faiss


class TestLanceDB(SearchingTests):
    factory = in_lancedb


@pytest.mark.usefixtures("postgres")
class TestPGVector(SearchingTests):
    factory = in_pgvector


MAKE = {
    "chroma": chroma,
    "faiss": lambda place, embeddings: faiss(embeddings, 128),
    "lancedb": lancedb,
    "pgvector": pgvector,
}


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("kind", MAKE)
async def test_all_modalities(kind: str, emulator: Emulator, signs: Signs, tmp_path: Path) -> None:
    await check_shared(MAKE[kind](tmp_path, embeddings_of(emulator)), emulator, signs)


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("make", [chroma, lancedb, pgvector])
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


def test_no_more_at_once_than_chroma_takes(tmp_path: Path) -> None:
    """Small vectors would make large batches."""
    store = ChromaStore(chroma(tmp_path))
    store.open(Fingerprint("m", 8, "prefix:retrieval", "unit"))
    most = store._theirs._client.get_max_batch_size() + 1
    store.upsert([Record(f"{n}", "x", {}) for n in range(most)], np.ones((most, 8), np.float32))
    assert store.count() == most


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


@pytest.mark.parametrize("kind", ["IVF2,Flat", "PCA4,IVF2,Flat", "IDMap,Flat"])
def test_an_index_of_faiss_that_keeps_numbers_is_refused(kind: str, emulator: Emulator) -> None:
    """LangChain numbers documents anew when one is removed, so others would be found in their places."""
    import faiss as engine

    store = faiss(embeddings_of(emulator), 128)
    store.index = engine.index_factory(128, kind)
    with pytest.raises(ConfigurationError, match=r"keeps the vectors' numbers .* use IndexFlatIP or IndexFlatL2"):
        GeminiMultimodalRetriever.from_vectorstore(store).index.add([BREAD])
    assert len(emulator.requests) == 0


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


def test_what_others_write_to_a_table_is_seen(emulator: Emulator, tmp_path: Path) -> None:
    """By an index that was open before."""
    stores = [lancedb(tmp_path, embeddings_of(emulator)) for _ in range(2)]
    one, two = (GeminiMultimodalRetriever.from_vectorstore(store).index for store in stores)
    assert (one.count(), two.count()) == (0, 0)
    assert one.add([Item(BREAD, source="bread.md"), ICE]).added == 2
    assert two.count() == 2
    assert two.search(BREAD, 1)[0].page_content == BREAD
    assert two.delete(source="bread.md") == 1
    assert [hit.page_content for hit in one.search(BREAD, 5)] == [ICE]


def test_a_table_of_lancedb_is_not_taken_over_twice(emulator: Emulator, tmp_path: Path) -> None:
    """The one that opens later had the table open before it kept a fingerprint."""
    own, other = embeddings_of(emulator), embeddings_of(emulator, task_type="clustering")
    early = lancedb(tmp_path, other)
    early.add_texts([ICE])
    GeminiMultimodalRetriever.from_vectorstore(lancedb(tmp_path, own)).index.add([BREAD])
    with pytest.raises(FingerprintMismatchError):
        GeminiMultimodalRetriever.from_vectorstore(early).index.count()


def test_another_layout_of_lancedb_is_refused(emulator: Emulator, tmp_path: Path) -> None:
    import lancedb as engine

    row = {"vector": [0.0] * 128, "text": "", "metadata": {"source": "a"}, "id": "1"}
    engine.connect(tmp_path).create_table("documents", [row])
    with pytest.raises(ConfigurationError, match="'documents' is not laid out as langchain-lancedb does it"):
        GeminiMultimodalRetriever.from_vectorstore(lancedb(tmp_path, embeddings_of(emulator))).index.count()


@pytest.mark.usefixtures("postgres")
def test_collections_of_one_database_share_no_records(emulator: Emulator, tmp_path: Path) -> None:
    """Its ids are one for all collections, and what the same text gets in two is the same."""
    first, second = (pgvector(tmp_path / name, embeddings_of(emulator)) for name in "ab")
    one, two = (GeminiMultimodalRetriever.from_vectorstore(store).index for store in (first, second))
    assert one.add([BREAD]).added == two.add([BREAD]).added == 1
    assert (one.count(), two.count()) == (1, 1)
    assert one.delete(filter={"modality": "text"}) == 1
    (record,) = two.vectors().records
    assert two.get([record.id]) == [record]
    first.add_texts([ICE], ids=["plain"])
    assert (one.delete(["plain"]), one.count(), two.count()) == (1, 0, 1)


@pytest.mark.usefixtures("postgres")
def test_pgvector_s_limits_are_told_before_anything_is_paid(emulator: Emulator, tmp_path: Path) -> None:
    large = GeminiMultimodalRetriever.from_vectorstore(pgvector(tmp_path, embeddings_of(emulator, 3072))).index
    with pytest.warns(GeminiEmbedWarning, match=r"take vectors of 2,000 dimensions .* those of 3,072 are searched"):
        large.count()
    index = GeminiMultimodalRetriever.from_vectorstore(pgvector(tmp_path / "other", embeddings_of(emulator))).index
    for refused in (Item("a\x00b", source="s"), Item("a", source="s", metadata={"b": ["\x00"]})):
        with pytest.raises(InputError, match="input 0: Postgres holds no texts with NUL"):
            index.add([refused])
    assert len(emulator.requests) == 0
    with pytest.raises(InputError, match="lone surrogates"):
        index.store.check_new(Record("a", "b", {"c": [{"\ud800": 1}]}))
    assert index.add([Item("a", source="s", metadata={"of a program": r"\u0000"})]).added == 1
    waiting = pgvector(tmp_path, embeddings_of(emulator))
    waiting.async_mode = True
    with pytest.raises(ConfigurationError, match="without async_mode=True"):
        GeminiMultimodalRetriever.from_vectorstore(waiting)


def test_an_index_of_pgvector_hides_no_hits(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HNSW picks 40 records, of all collections, before any filter is asked. It needs a column of one size."""
    from sqlalchemy import text

    with PGVectorStore(pgvector(tmp_path))._session() as session:
        session.execute(text("CREATE SCHEMA indexed"))
        session.execute(text("CREATE TABLE indexed.langchain_pg_embedding (LIKE langchain_pg_embedding INCLUDING ALL)"))
        session.commit()
    monkeypatch.setenv("GEMINI_EMBED_TEST_POSTGRES", f"{postgres}&options=-csearch_path%3Dindexed,public")
    many, few = (PGVectorStore(pgvector(tmp_path / name)) for name in ("many", "few"))
    with many._session() as session:
        session.execute(text("ALTER TABLE indexed.langchain_pg_embedding ALTER embedding TYPE vector(8)"))
        session.execute(text("CREATE INDEX ON indexed.langchain_pg_embedding USING hnsw (embedding vector_cosine_ops)"))
        session.commit()
    for store in (many, few):
        store.open(Fingerprint("m", 8, "prefix:retrieval", "unit"))
    random = np.random.default_rng(0)
    query, far = np.eye(8, dtype=np.float32)[0], random.normal(size=(60, 8)).astype(np.float32)
    near = query + 0.1 * random.normal(size=(1_500, 8)).astype(np.float32)
    many.upsert([Record(f"near{n}", "x", {"source": "near"}) for n in range(1_500)], near)
    many.upsert([Record(f"far{n}", "x", {"source": "far"}) for n in range(60)], far)
    few.upsert([Record(f"few{n}", "x", {"source": "far"}) for n in range(60)], far)
    with many._session() as session:
        session.execute(text("ANALYZE indexed.langchain_pg_embedding"))
        session.commit()
    assert [len(many.search(query, 100)), len(many.search(query, 10, {"$not": {"source": "near"}}))] == [100, 10]
    assert [hit.score for hit in few.search(query, 5)] == pytest.approx(
        np.sort(unit_rows(far) @ query)[:-6:-1], abs=1e-5
    )


@pytest.mark.parametrize("strategy", ["l2", "inner"])
@pytest.mark.usefixtures("postgres")
def test_hits_have_cosines_however_postgres_measures(strategy: str, emulator: Emulator, tmp_path: Path) -> None:
    from langchain_postgres.vectorstores import DistanceStrategy

    own = embeddings_of(emulator)
    store = pgvector(tmp_path, own, distance_strategy=DistanceStrategy(strategy))
    index = GeminiMultimodalRetriever.from_vectorstore(store).index
    index.add([BREAD, ICE])
    (hit,) = index.search(BREAD, 1)
    query, document = own.embed_query(BREAD), own.embed_documents([BREAD])[0]
    assert hit.score == pytest.approx(sum(a * b for a, b in zip(query, document, strict=True)), abs=1e-5)
