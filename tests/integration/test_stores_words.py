"""Words that stay complete: what writes, what changes, what is copied, what is killed; and settings that are kept."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fix_qdrant_server import QdrantServer
from fix_stores import CountingEmbedder
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    Fingerprint,
    GeminiEmbedWarning,
    Item,
    Lexical,
    MissingExtraError,
    MultimodalIndex,
    QdrantStore,
    Store,
    StoreError,
    Words,
)
from gemini_embed.stores.lexical import KeptWords, LexicalLike
from qdrant_client import QdrantClient, models

MakeStore = Callable[..., Any]
MakeIndex = Callable[[Store], MultimodalIndex]
ONLY = Words(only=True)
LONG = " ".join(f"word{number}" for number in range(40))


@pytest.fixture(params=["edge", "qdrant"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path, qdrant_server: QdrantServer) -> Iterator[MakeStore]:
    """`make_store(lexical)` opens the same place again and again."""
    made: list[Store] = []

    def make(lexical: LexicalLike = None, name: str = "index") -> Store:
        if request.param == "edge":
            made.append(EdgeStore(tmp_path / name, lexical=lexical))
        else:
            made.append(QdrantStore(url=qdrant_server.url, collection=name, lexical=lexical, retry_for_s=0))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def over(counting_embedder: CountingEmbedder) -> MakeIndex:
    """An index over a store."""
    return lambda store: MultimodalIndex(cast("Embedder", counting_embedder), store)


def found(index: MultimodalIndex, words: str) -> list[str]:
    return [hit.page_content for hit in index.search(words, 9, lexical=ONLY)]


def test_words_follow_what_is_added_changed_and_removed(make_store: MakeStore, over: MakeIndex, tmp_path: Path) -> None:
    index = over(make_store(True))
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_text("the E1111 pump")
    (folder / "b.txt").write_text("the E2222 valve")
    index.sync(folder)
    (folder / "a.txt").write_text("the E3333 pump")
    (folder / "b.txt").unlink()
    index.sync(folder)
    assert [found(index, code) for code in ("E1111", "E2222", "E3333")] == [[], [], ["the E3333 pump"]]
    index.add([Item("vector stays", source="s", page_content="caption E4444")])
    index.add([Item("vector stays", source="s", page_content="caption E5555")])
    assert [found(index, code) for code in ("E4444", "E5555")] == [[], ["caption E5555"]]
    assert index.delete(source="s") == 1
    assert found(index, "E5555") == []


def test_settings_are_kept_and_need_not_be_told_again(make_store: MakeStore, over: MakeIndex) -> None:
    first = make_store(Lexical("english"))
    over(first).add(["two dogs in a park"])
    assert first.kept_words() == KeptWords(Lexical("english"), 3.0)
    first.close()
    for told in (None, True, False, Lexical("english")):
        again = make_store(told)
        index = over(again)
        index.add([f"a cat, seen {told}"])
        assert again.kept_words().lexical == Lexical("english")
        assert found(index, "dog") == ["two dogs in a park"]
        again.close()


def test_other_settings_than_kept_are_refused(
    make_store: MakeStore, over: MakeIndex, counting_embedder: CountingEmbedder
) -> None:
    first = make_store(Lexical("english"))
    over(first).add(["two dogs"])
    first.close()
    counting_embedder.embedded.clear()
    with pytest.raises(ConfigurationError, match=r"has words by Lexical\(language='english'(.|\n)*'german'"):
        over(make_store(Lexical("german"))).search("dogs", lexical=True)
    assert counting_embedder.embedded == []
    index = over(make_store())
    assert index.add_lexical(Lexical("german")) == 1, "what was refused let go of the files"
    assert index.store.kept_words() == KeptWords(Lexical("german"), 2.0)


def test_a_copy_has_words_too(make_store: MakeStore, over: MakeIndex, tmp_path: Path) -> None:
    index = over(make_store(Lexical("english")))
    index.add(["two dogs in a park", "E4217"])
    for copy in (make_store(name="copy"), EdgeStore(tmp_path / "edge"), QdrantStore(":memory:")):
        assert index.copy_to(copy) == 2
        assert copy.kept_words() == index.store.kept_words()
        assert found(over(copy), "dog") == ["two dogs in a park"]
        copy.close()
    other = EdgeStore(tmp_path / "other", lexical=Lexical())
    index.copy_to(other)
    kept = other.kept_words()
    assert kept is not None
    assert kept.lexical == Lexical()
    assert (found(over(other), "dog"), found(over(other), "dogs")) == ([], ["two dogs in a park"])
    other.close()


def test_a_mean_length_that_has_drifted_is_told_once(make_store: MakeStore, over: MakeIndex) -> None:
    index = over(make_store(True))
    index.add(["three short words", "three other words"])
    index.add(["four words are fine"])
    with pytest.warns(GeminiEmbedWarning, match=r"have \d+ words each on average, and had 3 .*add_lexical\(\)") as told:
        index.add([LONG, f"{LONG} x"])
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index.add([f"{LONG} y"])
        index.add_lexical()
        index.add([f"{LONG} z"])
    assert index.store.kept_words().mean_length == pytest.approx(22, abs=1)  # type: ignore[union-attr]  # it has some


def test_the_first_add_measures_all_of_it(make_store: MakeStore, over: MakeIndex) -> None:
    """Though its first batch is of short texts."""
    index = over(make_store(True))
    index.add([*(f"short {number}" for number in range(4)), *(f"{LONG} {number}" for number in range(4))], batch_size=2)
    kept = index.store.kept_words()
    assert kept is not None
    assert kept.mean_length == pytest.approx((4 * 2 + 4 * 41) / 8)
    assert kept.complete


def test_records_of_others_without_words_are_told(
    qdrant_server: QdrantServer, over: MakeIndex, counting_embedder: CountingEmbedder
) -> None:
    store = QdrantStore(url=qdrant_server.url, lexical=True)
    over(store).add(["the E1111 pump"])
    store.close()
    theirs = QdrantClient(url=qdrant_server.url, check_compatibility=False)
    row = counting_embedder.vector(type("C", (), {"parts": (), "title": None})).tolist()
    theirs.upsert("gemini_embed", models.Batch(ids=[7], vectors=[row], payloads=[{"page_content": "the E2222 valve"}]))
    index = over(QdrantStore(url=qdrant_server.url))
    with pytest.warns(GeminiEmbedWarning, match="1 records have no words"):
        assert found(index, "E2222") == []
    assert "the E2222 valve" in [hit.page_content for hit in index.search("E1111", 9, lexical=True)]
    assert index.add_lexical() == 2
    assert found(index, "E2222") == ["the E2222 valve"]
    index.close()
    theirs.close()


def test_sparse_vectors_of_others_are_not_taken_for_ours(over: MakeIndex, counting_embedder: CountingEmbedder) -> None:
    client = QdrantClient(":memory:")
    for name, modifier in (("idf", models.Modifier.IDF), ("splade", None)):
        client.create_collection(
            name,
            vectors_config=models.VectorParams(size=32, distance=models.Distance.COSINE),
            sparse_vectors_config={"langchain-sparse": models.SparseVectorParams(modifier=modifier)},
        )
        vectors: Any = {"": [1.0] * 32, "langchain-sparse": models.SparseVector(indices=[1], values=[1.0])}
        client.upsert(name, [models.PointStruct(id=1, vector=vectors, payload={"page_content": "the E1111 pump"})])
    with pytest.raises(StoreError, match="modifier IDF"):
        over(QdrantStore(client=client, collection="splade", adopt=True, lexical=True)).search("x", lexical=True)
    vouched = QdrantStore(client=client, collection="idf", adopt=True, lexical=True)
    vouched.open(counting_embedder.fingerprint)
    assert vouched.kept_words() == KeptWords(Lexical(), 3.0)
    assert over(vouched).add_lexical() == 1
    assert found(over(vouched), "E1111") == ["the E1111 pump"]


@pytest.mark.parametrize("quantization", [None, "int8"])
def test_words_outlast_optimising(quantization: Any, tmp_path: Path, over: MakeIndex) -> None:
    """And what is optimised already can get words."""
    later, store = EdgeStore(tmp_path / "a"), EdgeStore(tmp_path / "b", lexical=True, quantization=quantization)
    for index in (over(later), over(store)):
        index.add([f"text E{number}" for number in range(50)])
        index.optimize()
    later.add_words()
    for filled in (later, store):
        assert found(over(filled), "E42") == ["text E42"]
        filled.optimize()
        filled.close()
        again = EdgeStore(filled.path)
        assert found(over(again), "E42") == ["text E42"]
        again.close()


def test_damaged_settings_are_told(tmp_path: Path, over: MakeIndex) -> None:
    store = EdgeStore(tmp_path, lexical=True)
    over(store).add(["a text"])
    store.close()
    (tmp_path / "lexical.json").write_text(json.dumps({"language": "klingon"}))
    with pytest.raises(StoreError, match="keeps about its words cannot be read"):
        over(EdgeStore(tmp_path)).count()
    assert over(QdrantStore(":memory:")).count() == 0


def test_a_store_of_a_server_pickles_with_its_words(qdrant_server: QdrantServer, over: MakeIndex) -> None:
    store = QdrantStore(url=qdrant_server.url, lexical=Lexical("english"))
    over(store).add(["two dogs"])
    again = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own
    assert again.kept_words() is None, "it is not open"
    assert found(over(again), "dog") == ["two dogs"]
    store.close()
    again.close()


def test_without_the_engine_words_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, over: MakeIndex, counting_embedder: CountingEmbedder
) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    with pytest.raises(MissingExtraError, match=r"gemini-embed\[edge\]"):
        over(QdrantStore(":memory:", lexical=True)).add(["a text"])
    assert counting_embedder.embedded == []


FINGERPRINT = Fingerprint("m", 4, "raw", "unit")
GIVING = """
import sys
import numpy as np
from uuid import UUID
from gemini_embed import EdgeStore, Fingerprint, Record

store = EdgeStore(sys.argv[1])
store.open(Fingerprint("m", 4, "raw", "unit"))
records = [Record(str(UUID(int=i)), f"text E{i}", {"source": "s"}) for i in range(3_000)]
store.upsert(records, np.ones((3_000, 4), np.float32))
write, batches = store._put_sparse, 0

def told(ids, sparse):
    global batches
    write(ids, sparse)
    batches += 1
    print(batches, flush=True)
    sys.stdin.readline()

store._put_sparse = told
print("filled", flush=True)
sys.stdin.readline()
store.add_words()
"""


@pytest.mark.slow
@pytest.mark.parametrize("batches", [0, 1, 3])
def test_a_kill_while_words_are_made_leaves_an_index_that_opens(batches: int, tmp_path: Path) -> None:
    """Every record is there, found by its vector; words are made by doing it again."""
    path = tmp_path / "index"
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", GIVING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "filled\n"
        for _ in range(batches):
            child.stdin.write("on\n")
            child.stdin.flush()
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    store = EdgeStore(path)
    if batches:
        with pytest.warns(GeminiEmbedWarning, match="words were not made to the end"):
            store.open(FINGERPRINT)
        assert store.kept_words() == KeptWords(Lexical(), 2.0, complete=False)
    else:
        store.open(FINGERPRINT)
        assert store.kept_words() is None
    assert store.count() == 3_000
    assert store.add_words() == 3_000
    store.close()
    store.open(FINGERPRINT)  # without a warning
    assert store.kept_words() == KeptWords(Lexical(), 2.0)
    store.close()
