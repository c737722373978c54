"""The suite that every store must pass, on each of ours that needs no server."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, MilvusStore, QdrantStore
from gemini_embed.testing import SearchingTests, StoreTests
from gemini_embed.testing.lasting import LastingTests


def edge_with_words(place: Path) -> EdgeStore:
    return EdgeStore(place, lexical=True)


def qdrant_in_memory(place: Path) -> QdrantStore:
    return QdrantStore(":memory:", collection=place.name)


def qdrant_with_words(place: Path) -> QdrantStore:
    return QdrantStore(":memory:", collection=place.name, lexical=True)


def qdrant_on_disk(place: Path) -> QdrantStore:
    return QdrantStore(path=place)


def milvus_lite(place: Path, **settings: object) -> MilvusStore:
    return MilvusStore(place.with_suffix(".db"), **settings)  # type: ignore[arg-type]  # the settings under test


class TestEdgeStore(StoreTests):
    factory = EdgeStore


class TestQdrantStoreInMemory(StoreTests):
    factory = qdrant_in_memory
    in_memory = True


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # qdrant-client leaves its lock file to the GC
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
class TestQdrantStoreOnDisk(SearchingTests):
    factory = qdrant_on_disk


@pytest.mark.slow  # processes that import qdrant-client
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # as above
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
class TestQdrantStoreOnDiskLasts(LastingTests):
    factory = qdrant_on_disk


class TestEdgeStoreWithWords(StoreTests):
    factory = edge_with_words


class TestQdrantStoreWithWords(StoreTests):
    factory = qdrant_with_words
    in_memory = True


@pytest.mark.slow  # processes that import pymilvus
class TestMilvusLiteLasts(LastingTests):
    factory = milvus_lite


class TestMilvusLite(SearchingTests):
    factory = milvus_lite
    max_text_bytes = 65_535
    ignored_settings = (
        partial(milvus_lite, index_type="IVF_RABITQ"),
        partial(milvus_lite, index_type="DISKANN"),
        partial(milvus_lite, index_type="SCANN"),
        partial(milvus_lite, index_type="HNSW_SQ", index_params={"refine": True}),
        partial(milvus_lite, index_type="IVF_FLAT", search_params={"refine_k": 4}),
    )
