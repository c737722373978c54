"""Aliases that are moved while a store is open: it keeps to the collection that it was opened on, and says so.

On a real Milvus server: `conformance/test_stores_standalone.py`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_aliases import Place, check_aliases_are_pinned
from fix_milvus import milvus_place
from fix_qdrant_server import QdrantServer
from gemini_embed import Embedder, MultimodalIndex, QdrantStore, StoreError
from qdrant_client import QdrantClient, models

MakeEmbedder = Callable[..., Embedder]


def pointed(client: QdrantClient, alias: str, collection: str) -> None:
    made = models.CreateAlias(alias_name=alias, collection_name=collection)
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=made)])


def of_client(client: QdrantClient, store: Callable[[str], QdrantStore]) -> Place:
    return Place(store, lambda alias, name: pointed(client, alias, name), client.delete_collection)


@pytest.fixture
def client(qdrant_server: QdrantServer) -> Iterator[QdrantClient]:
    client = QdrantClient(url=qdrant_server.url, check_compatibility=False)
    yield client
    client.close()


def test_of_a_qdrant_server(qdrant_server: QdrantServer, client: QdrantClient, make_embedder: MakeEmbedder) -> None:
    place = of_client(client, lambda name: QdrantStore(url=qdrant_server.url, collection=name))
    check_aliases_are_pinned(place, make_embedder)


def test_of_qdrant_in_memory(make_embedder: MakeEmbedder) -> None:
    client = QdrantClient(":memory:")
    check_aliases_are_pinned(of_client(client, lambda name: QdrantStore(client=client, collection=name)), make_embedder)
    client.close()


def test_of_milvus_lite(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", exc_type=ImportError)
    with milvus_place(str(tmp_path / "k.db")) as place:
        check_aliases_are_pinned(place, make_embedder)


def test_it_is_looked_up_once(qdrant_server: QdrantServer, client: QdrantClient, make_embedder: MakeEmbedder) -> None:
    """When the store is opened, and where its pickle is; not for a search."""
    with MultimodalIndex(make_embedder(dimensions=64), QdrantStore(url=qdrant_server.url, collection="a")) as index:
        index.add(["one"])
    pointed(client, "live", "a")
    qdrant_server.asked.clear()
    with MultimodalIndex(make_embedder(dimensions=64), QdrantStore(url=qdrant_server.url, collection="live")) as index:
        for _ in range(3):
            index.search("one", 1)
        assert qdrant_server.asked.count("GET aliases") == 1
        assert qdrant_server.asked[-3:] == 3 * ["POST points/query/batch"]
        travelled = pickle.loads(pickle.dumps(index.store))  # noqa: S301 - our own bytes
    assert (travelled.collection, travelled.pinned) == ("live", None)
    with MultimodalIndex(make_embedder(dimensions=64), travelled) as index:
        assert index.search("one", 1)[0].page_content == "one"
        assert (travelled.pinned, qdrant_server.asked.count("GET aliases")) == ("a", 2)


def test_a_key_that_may_not_list_aliases(qdrant_server: QdrantServer, make_embedder: MakeEmbedder) -> None:
    """Goes by the name that it was given."""
    qdrant_server.lists_aliases = False
    with MultimodalIndex(make_embedder(dimensions=64), QdrantStore(url=qdrant_server.url, collection="a")) as index:
        index.add(["one"])
        assert index.search("one", 1)[0].page_content == "one"


def test_a_collection_that_is_removed(
    qdrant_server: QdrantServer, client: QdrantClient, make_embedder: MakeEmbedder
) -> None:
    """Under its own name."""
    store = QdrantStore(url=qdrant_server.url, collection="a")
    with MultimodalIndex(make_embedder(dimensions=64), store) as index:
        index.add(["one"])
        client.delete_collection("a")
        with pytest.raises(StoreError, match="'a' is gone; it was removed while this store was open"):
            index.search("one", 1)
        store.close()
        assert index.add(["one"]).added == 1
