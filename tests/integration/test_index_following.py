"""An index that follows an alias: each query is embedded by what made the collection that answers it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_emulator import KEY, QUICK
from fix_qdrant_server import QdrantServer
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    MilvusStore,
    MultimodalIndex,
    QdrantStore,
    StoreError,
    StoreMovedError,
)
from gemini_embed.indexing import following
from gemini_embed.stores import aliases
from gemini_embed.stores.aliases import HasAliases
from gemini_embed_emulator import Emulator
from qdrant_client import QdrantClient

MakeEmbedder = Callable[..., Embedder]
THEMES = ["bread rises because of yeast", "glaciers grind the valley", "tides follow the moon"]


@pytest.fixture(params=["edge", "qdrant", "lite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], HasAliases]]:
    """Stores of collections at one place, by name."""
    if request.param == "edge":
        yield lambda name: EdgeStore(tmp_path / name)
    elif request.param == "lite":
        pytest.importorskip("milvus_lite", exc_type=ImportError)
        yield lambda name: MilvusStore(tmp_path / "k.db", collection=name)
    else:
        client = QdrantClient(":memory:")
        yield lambda name: QdrantStore(client=client, collection=name)
        client.close()


@pytest.fixture
def connection(emulator: Emulator) -> dict[str, object]:
    return {"base_url": emulator.base_url, "api_key": KEY, "retry": QUICK, "verify": False}


def make_both(place: Callable[[str], HasAliases], make_embedder: MakeEmbedder) -> None:
    """Of the same size, so that nothing but the fingerprint tells them apart."""
    for model, name in (("gemini-embedding-001", "docs_v1"), ("gemini-embedding-2", "docs_v2")):
        with MultimodalIndex(make_embedder(model, dimensions=64), place(name)) as made:
            made.add([f"{text}, says {name}" for text in THEMES])


def found(index: MultimodalIndex) -> list[str]:
    return [index.search(text, 1)[0].page_content.rpartition(" ")[2] for text in THEMES]


def test_it_follows_a_switch_and_back(
    place: Callable[[str], HasAliases],
    make_embedder: MakeEmbedder,
    connection: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_both(place, make_embedder)
    owner = place("docs_v1")
    owner.point_alias("live", "docs_v1")
    assert owner.aliases() == {"live": "docs_v1"}
    with MultimodalIndex.following(place("live"), **connection) as index:
        assert (found(index), index.embedder.model) == (["docs_v1"] * 3, "gemini-embedding-001")
        hits = index.search(THEMES[0], 2)
        owner.point_alias("live", "docs_v2")
        assert found(index) == ["docs_v1"] * 3, "not looked again yet"
        monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)
        assert (found(index), index.embedder.model) == (["docs_v2"] * 3, "gemini-embedding-2")
        assert index.add(["added after the switch"]).added == 1
        assert (index.count(), asyncio.run(index.acount())) == (4, 4)
        assert len(asyncio.run(index.asearch(THEMES[0], 4))) == 4
        owner.point_alias("live", "docs_v1")
        assert found(index) == ["docs_v1"] * 3
        assert hits[0].record == index.search(THEMES[0], 2)[0].record
    owner.close()


def test_it_follows_at_once_when_the_old_one_is_gone(
    qdrant_server: QdrantServer, make_embedder: MakeEmbedder, connection: dict[str, object]
) -> None:
    def place(name: str) -> QdrantStore:
        return QdrantStore(url=qdrant_server.url, collection=name)

    make_both(place, make_embedder)
    owner = place("any")
    owner.point_alias("live", "docs_v1")
    with MultimodalIndex.following(place("live"), **connection) as index:
        assert found(index) == ["docs_v1"] * 3
        qdrant_server.asked.clear()
        assert found(index) == ["docs_v1"] * 3
        assert qdrant_server.asked == ["POST points/query/batch"] * 3, "searches do not pay for looking"
        owner.point_alias("live", "docs_v2")
        owner.drop("docs_v1")
        assert found(index) == ["docs_v2"] * 3
        assert asyncio.run(index.aget(["no"])) == []
        owner.drop("docs_v2")
        with pytest.raises(StoreError, match="leads to no collection"):
            index.search("bread")
        travelled = pickle.dumps(index)
    make_both(place, make_embedder)
    owner.point_alias("live", "docs_v2")
    with pickle.loads(travelled) as index:  # noqa: S301 - our own bytes
        assert found(index) == ["docs_v2"] * 3


def test_what_it_looks_up_ahead_is_off_the_search_path(
    qdrant_server: QdrantServer,
    make_embedder: MakeEmbedder,
    connection: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a thread of its own, whose failure changes nothing."""

    def place(name: str) -> QdrantStore:
        return QdrantStore(url=qdrant_server.url, collection=name)

    make_both(place, make_embedder)
    owner = place("docs_v1")
    owner.point_alias("live", "docs_v1")
    with MultimodalIndex.following(place("live"), **connection) as index:
        monkeypatch.setattr(following, "LOOK_AHEAD_S", 0.0)
        followed = index.followed  # type: ignore[attr-defined]  # of the class behind it
        look = followed.look
        monkeypatch.setattr(followed, "look", lambda: (_ for _ in ()).throw(StoreError("away")))
        assert found(index) == ["docs_v1"] * 3
        monkeypatch.setattr(followed, "look", look)
        owner.point_alias("live", "docs_v2")
        while found(index) != ["docs_v2"] * 3:
            pass
    owner.close()


def test_a_store_that_follows_says_so_when_its_alias_leads_to_other_vectors(
    qdrant_server: QdrantServer, make_embedder: MakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes along where they were made alike."""

    def place(name: str) -> QdrantStore:
        return QdrantStore(url=qdrant_server.url, collection=name)

    make_both(place, make_embedder)
    embedder = make_embedder(dimensions=64)
    with MultimodalIndex(embedder, place("docs_v2")) as index:
        assert index.copy_to(place("docs_v3")) == 3
    owner = place("any")
    owner.point_alias("live", "docs_v3")
    store = QdrantStore(url=qdrant_server.url, collection="live", alias="follow")
    with MultimodalIndex(embedder, store) as index:
        assert (found(index), store.pinned) == (["docs_v2"] * 3, "docs_v3")
        monkeypatch.setattr(aliases, "LOOK_EVERY_S", 0.0)
        owner.point_alias("live", "docs_v2")
        assert (found(index), store.pinned) == (["docs_v2"] * 3, "docs_v2")
        owner.point_alias("live", "docs_v1")
        with pytest.raises(StoreMovedError, match=r"leads to 'docs_v1' now(.|\n)*gemini-embedding-001") as raised:
            index.search("bread")
        assert (raised.value.was.model, raised.value.now.model) == ("gemini-embedding-2", "gemini-embedding-001")
        copy = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own bytes
        assert (copy.was, copy.now) == (raised.value.was, raised.value.now)


def test_aliases_that_cannot_be(place: Callable[[str], HasAliases], make_embedder: MakeEmbedder) -> None:
    make_both(place, make_embedder)
    store = place("docs_v1")
    with pytest.raises(StoreError, match="'docs_v2' is a collection itself"):
        store.point_alias("docs_v2", "docs_v1")
    with pytest.raises(StoreError, match="there is no collection 'docs_v9'"):
        store.point_alias("live", "docs_v9")
    assert store.aliases() == {}
    store.close()


def test_what_cannot_be_followed(make_embedder: MakeEmbedder, connection: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="leads to no collection"):
        MultimodalIndex.following(EdgeStore(tmp_path / "none"), **connection)
    assert not (tmp_path / "none").exists()
    with MultimodalIndex(make_embedder(dimensions=64, service="another"), EdgeStore(tmp_path / "a")) as made:
        made.add(["x"])
    with pytest.raises(FingerprintMismatchError, match="the service 'another'"):
        MultimodalIndex.following(EdgeStore(tmp_path / "a"), **connection)
    with pytest.raises(ConfigurationError, match="model= is what the collection tells"):
        MultimodalIndex.following(EdgeStore(tmp_path / "a"), model="gemini-embedding-2", **connection)
    (tmp_path / "file").write_text("{}")
    with pytest.raises(StoreError, match="not one that points to an index"):
        MultimodalIndex.following(EdgeStore(tmp_path / "file"), **connection)
    with pytest.raises(ConfigurationError, match="alias='both'"):
        QdrantStore(":memory:", alias="both")  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize(
    "options",
    [
        {"task": "clustering"},
        {"task": "raw"},
        {"task": "question_answering"},
        {"condition_media": "both"},
        {"normalize": False},
        {"model": "gemini-embedding-001", "normalize": False},
        {"model": "gemini-embedding-001", "task": "raw"},
    ],
)
def test_its_embedder_makes_what_the_collection_has(
    options: dict[str, object], make_embedder: MakeEmbedder, connection: dict[str, object]
) -> None:
    kept = make_embedder(dimensions=128, **options).fingerprint
    made = following.embedder_like(kept, connection)
    assert made.fingerprint == kept
    made.close()
