"""The end of a migration: what is refused before an alias moves or a collection goes, and what a kill leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import ConfigurationError, Embedder, Item, Migration, MultimodalIndex, QdrantStore, StoreError
from gemini_embed.stores.edge import EdgeStore
from gemini_embed_emulator import Emulator
from qdrant_client import QdrantClient, models

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
    for share in (-0.1, 1.5, True, "1 %"):
        with pytest.raises(ConfigurationError, match=r"max_suspects=.* must be a number from 0 to 1"):
            migration.verify(max_suspects=share)  # type: ignore[arg-type]  # what is refused
    migration.run()
    found = migration.verify(sample=0)
    assert (found.passed, found.sampled) == (True, 0)
    assert "sample         3 of 12 records" in str(migration.verify(sample=3))


def test_how_many_suspects_pass_is_said_and_can_be_told(
    old: MultimodalIndex, new: MultimodalIndex, client: QdrantClient
) -> None:
    """One vector of another text in a hundred passes, and the verdict says so; with `max_suspects=0` it does not."""
    words = ("bread", "glacier", "tide", "moss", "copper", "violin", "ledger", "harbour", "thunder", "saffron")
    old.add([Item(f"{one} of number {n} beside {two}", source="more") for n, one in enumerate(words) for two in words])
    migration = Migration(old.store, new)
    migration.run()
    assert migration.verify(sample=None, max_suspects=0), "none is suspect"
    records, vectors = [], []
    for batch in new.store.iterate():
        records += batch.records
        vectors += [*batch.vectors]
    away = -sum(vectors) / len(vectors)
    wrong = records[0].id
    client.update_vectors("docs_v2", [models.PointVectors(id=wrong, vector=away.tolist())])
    found = migration.verify(sample=None)
    assert (found.passed, found.suspects, found.sampled) == (True, (wrong,), 112)
    assert "verified       passed, with 1 suspect\n" in str(found)
    assert "0.9% of the sample, max_suspects=0.01 lets pass; look at them" in str(found)
    strict = migration.verify(sample=None, max_suspects=0)
    assert (strict.passed, strict.suspects) == (False, (wrong,))
    assert "0.9% of the sample, more than max_suspects=0" in str(strict)
    with pytest.raises(StoreError, match=r"no verify\(\) has passed"):
        migration.switch("live")


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


_KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from gemini_embed import EdgeStore, Embedder, Migration, MultimodalIndex

place, base_url, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
embedder = Embedder(base_url=base_url, dimensions=128, verify=False, api_key="k")
index = MultimodalIndex(embedder, EdgeStore(place / "docs_v2"))
migration = Migration(EdgeStore(place / "docs_v1"), index)

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

migration.run()
migration.verify()
rename = os.replace
if when != "removing":
    os.replace = lambda *names: (rename(*names) if when == "pointed" else None, die())
migration.switch("docs")
shutil.rmtree = die
migration.finish()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "leads_to"), [("pointing", "docs_v1"), ("pointed", "docs_v2"), ("removing", "docs_v2")]
)
def test_a_process_killed_in_the_middle_of_switch_and_finish(
    when: str, leads_to: str, tmp_path: Path, make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    """The alias always leads to one of the two, whole; what is half removed goes with the next opening, or dropping."""
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "docs_v1")) as index:
        index.add([Item(f"text {n}", source=f"{n}.md") for n in range(12)])
    EdgeStore(tmp_path / "docs_v1").point_alias("docs", "docs_v1")
    command = [sys.executable, "-c", _KILLED, str(tmp_path), emulator.base_url, when]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL  # noqa: S603 - our own code
    assert dict(EdgeStore(tmp_path / "docs").aliases()) == {"docs": leads_to}
    left = [one.name for one in tmp_path.iterdir() if one.is_dir()]
    assert len(left) == 2, "the new one, and the old one or what it was"
    size = 64 if leads_to == "docs_v1" else 128
    with MultimodalIndex(make_embedder(dimensions=size), EdgeStore(tmp_path / "docs")) as index:
        assert index.count() == 12
    if when == "removing":
        assert [one.name for one in tmp_path.iterdir() if one.is_dir()] == ["docs_v2"]
    else:
        with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "docs_v2")) as index:
            migration = Migration(EdgeStore(tmp_path / "docs_v1"), index)
            assert migration.verify()
            migration.switch("docs")
            migration.finish()
        assert [one.name for one in tmp_path.iterdir() if one.is_dir()] == ["docs_v2"]
