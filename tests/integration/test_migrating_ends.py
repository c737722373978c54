"""The end of a migration: what is refused before an alias moves or a collection goes, and what a kill leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import ConfigurationError, Embedder, Item, Migration, MultimodalIndex, QdrantStore, StoreError
from gemini_embed.stores.edge import EdgeStore
from qdrant_client import QdrantClient

MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture
def old(make_embedder: MakeEmbedder, client: QdrantClient) -> MultimodalIndex:
    index = MultimodalIndex(make_embedder(dimensions=64), QdrantStore(client=client, collection="docs_v1"))
    index.add([Item(f"text {n}", source=f"{n}.md") for n in range(12)])
    return index


@pytest.fixture
def new(make_embedder: MakeEmbedder, client: QdrantClient) -> MultimodalIndex:
    return MultimodalIndex(make_embedder(dimensions=128), QdrantStore(client=client, collection="docs_v2"))


def test_the_only_whole_copy_is_not_removed(old: MultimodalIndex, new: MultimodalIndex, client: QdrantClient) -> None:
    """A target that lacks some, or was not verified since it was run, does not have its source removed."""
    migration = Migration(old.store, new)
    migration.run()
    assert migration.verify(sample=3)
    migration.switch("live")
    new.delete(source="3.md")
    assert not migration.verify(sample=3)
    with pytest.raises(StoreError, match=r"is not removed: no verify\(\) has passed since the last run"):
        migration.finish()
    tomorrow = Migration(old.store, new)
    with pytest.raises(StoreError, match="is not removed: the target holds 11 records, and the source 12"):
        tomorrow.finish()
    assert tomorrow.run().added == 1
    with pytest.raises(StoreError, match=r"no verify\(\) has passed"):
        tomorrow.finish()
    Migration(old.store, new).finish()
    assert [one.name for one in client.get_collections().collections] == ["docs_v2"]


@pytest.mark.parametrize("alias", ["", "  ", None, 3])
def test_what_is_no_alias(alias: str, old: MultimodalIndex, new: MultimodalIndex) -> None:
    migration = Migration(old.store, new)
    with pytest.raises(ConfigurationError, match="an alias is a name, not"):
        migration.switch(alias, force=True)
    with pytest.raises(ConfigurationError, match="an alias is a name, not"):
        migration.back(alias)
    assert old.store.aliases() == {}  # type: ignore[attr-defined]  # a QdrantStore


def test_what_verify_cannot_take(old: MultimodalIndex, new: MultimodalIndex) -> None:
    """One text for a list of them would be searched a letter at a time, and -1 would be all records."""
    migration = Migration(old.store, new)
    with pytest.raises(ConfigurationError, match=r"queries is a list of texts: \['bread'\]"):
        migration.verify("bread")
    with pytest.raises(ConfigurationError, match="sample=-1 must be a positive whole number"):
        migration.verify(sample=-1)
    migration.run()
    found = migration.verify(sample=0)
    assert (found.passed, found.sampled) == (True, 0)
    assert "sample         3 of 12 records" in str(migration.verify(sample=3))


def test_a_process_killed_while_it_points_a_folder_s_alias(tmp_path: Path, make_embedder: MakeEmbedder) -> None:
    """Its draft is no alias, which `finish` would take for a reader of the old one."""
    for name in ("docs_v1", "docs_v2"):
        with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / name)) as index:
            index.add(["x"])
    store = EdgeStore(tmp_path / "docs_v2")
    store.point_alias("docs", "docs_v1")
    (tmp_path / "docs").rename(tmp_path / "docs.4242.140213.draft")  # as write_whole names what it renames at the end
    store.point_alias("docs.1.2", "docs_v2")
    assert store.aliases() == {"docs.1.2": "docs_v2"}
