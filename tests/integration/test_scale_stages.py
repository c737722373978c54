"""Stages over batches of rows, without any engine: in the process that made them, and in workers of a process pool."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fix_emulator import KEY
from fix_qdrant_server import QdrantServer
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    InputError,
    MilvusStore,
    MultimodalIndex,
    QdrantStore,
    StoreError,
)
from gemini_embed.indexing import Item
from gemini_embed.scale import EmbedStage, IndexStage, ScaleReport
from gemini_embed.scale.columns import Columns
from gemini_embed.scale.jobs import index_rows
from gemini_embed_emulator import Emulator

KINDS: dict[str, Callable[[Mapping[str, list[Any]]], Any]] = {
    "dict": lambda columns: {name: np.array(values, dtype=object) for name, values in columns.items()},
    "lists": dict,
    "arrow": pa.table,
    "pandas": pd.DataFrame,
}
ROWS: dict[str, list[Any]] = {
    "path": ["a", "b", "c", "d"],
    "text": ["one", None, "three", " "],
    "lang": ["en", "en", "de", None],
    "name": ["First", None, "Third", None],
}


def _list(batch: Any, name: str) -> list[Any]:
    column = batch.column(name).to_pylist() if isinstance(batch, pa.Table) else list(batch[name])
    return [None if isinstance(value, float) and value != value else value for value in column]  # as pandas has it


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_embedded_and_written_in_one_step(
    kind: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """A batch of the same kind comes back with a row for each row: what became of it."""
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as index:
        stage = IndexStage(index, source="path", metadata=["lang"], title="name")
        first = stage(KINDS[kind](ROWS))
        assert type(first) is (dict if kind == "lists" else type(KINDS[kind](ROWS)))
        assert _list(first, "source") == ["a", "b", "c", "d"]
        assert _list(first, "added") == [1, 0, 1, 0]
        assert _list(first, "skipped") == [False, True, False, True]
        assert _list(first, "reason")[:3] == [None, "the row has nothing in its column 'text'", None]
        assert "empty" in _list(first, "reason")[3]
        held = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
        assert sorted((one.source, one.page_content, one.title, one.metadata["lang"]) for one in held) == [
            ("a", "one", "First", "en"),
            ("c", "three", "Third", "de"),
        ]
        again = stage(KINDS[kind](ROWS))
        assert _list(again, "reused") == [1, 0, 1, 0]
        assert emulator.requests.items_billed == 2

        report = ScaleReport.of([first, again])
        assert (report.rows, report.added, report.reused, report.skipped) == (8, 2, 2, 4)
        assert report.tokens == sum(_list(first, "tokens"))
        assert report.usd == pytest.approx(sum(_list(first, "usd")))
        assert "2 x the row has nothing in its column 'text'" in str(report)
        assert str(report).startswith("rows      8\n"), "what is in a list has taken no time that is known"
        assert "8 in 0.0 s, " in str(ScaleReport.of(iter([first, again])))


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_come_beside_the_rows(kind: str, make_embedder: Callable[..., Embedder]) -> None:
    embedder = make_embedder(dimensions=128)
    found = EmbedStage(embedder, title="name")(KINDS[kind](ROWS))
    assert _list(found, "path") == ["a", "b", "c", "d"]
    vectors, errors = _list(found, "vector"), _list(found, "vector_error")
    assert [vector is None for vector in vectors] == [False, True, False, True]
    assert errors[1] == "the row has nothing in its column 'text'"
    assert errors[0] is None
    expected = embedder.embed_documents(["one", "three"], titles=["First", "Third"]).values
    assert np.array_equal(np.array([vectors[0], vectors[2]], np.float32), expected)
    if isinstance(found, pa.Table):
        assert found.schema.field("vector").type == pa.list_(pa.float32(), 128)


def test_empty_batches_keep_their_columns(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    empty = pa.table({"text": pa.array([], pa.string())})
    embedder = make_embedder(dimensions=128)
    assert EmbedStage(embedder)(empty).schema.field("vector").type == pa.list_(pa.float32(), 128)
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "store")) as index:
        stage = IndexStage(index)
        assert stage(empty).schema == stage(pa.table({"text": ["a"]})).schema


def test_parts_of_a_source_want_no_replacing(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    """Batches of one source would remove each other's records; at the end what is older goes."""
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as index:
        batches = [{"text": [f"page {page}"], "path": ["a.pdf"]} for page in range(3)]
        apart = [IndexStage(index, source="path")(batch) for batch in batches]
        assert (index.count(), ScaleReport.of(apart).replaced) == (1, 2), "the report tells"
        stage = IndexStage(index, source="path", replace=False)
        for batch in batches[:2]:
            stage(batch)
        assert (index.count(), index.tidy(before=stage.began_at), index.count()) == (3, 1, 2)


def test_a_whole_job(
    make_embedder: Callable[..., Embedder],
    qdrant_server: QdrantServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A store that no worker can have is refused first, and what is outdated goes at the end; whatever engine runs."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)  # workers find it in their environment
    embedder, begun = make_embedder(dimensions=128), list[IndexStage]()

    def run(stage: IndexStage) -> ScaleReport:
        begun.append(pickle.loads(pickle.dumps(stage)))  # noqa: S301 - our own
        return ScaleReport.of(begun[-1]({"text": [f"page {page}"], "path": ["a.pdf"]}) for page in range(3))

    with (
        MultimodalIndex(embedder, EdgeStore(tmp_path / "edge")) as index,
        pytest.raises(StoreError, match="is embedded"),
    ):
        index_rows(index, 1.0, run, source="path")
    assert begun == []
    with MultimodalIndex(embedder, QdrantStore(url=qdrant_server.url, collection="docs")) as index:
        index.add([Item("page of before", source="a.pdf", metadata={"added_at": 1.0})])
        report = index_rows(index, 1.0, run, source="path", replace=False)
        assert (report.added, report.replaced, index.count()) == (3, 1, 3)
        report = index_rows(index, 1.0, run, source="path")
        assert (report.replaced, index.count()) == (4, 1), "pages of one source replace each other"


def test_a_report_is_small(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    """It is all that leaves a worker, so an engine's store and the driver hold neither texts nor vectors."""
    with MultimodalIndex(make_embedder(dimensions=768), EdgeStore(tmp_path / "store")) as index:
        batch = pa.table({"text": [f"row {n} " + "word " * 200 for n in range(50)], "id": [str(n) for n in range(50)]})
        report = IndexStage(index, source="id")(batch)
        assert report.nbytes / report.num_rows < 100 < batch.nbytes / batch.num_rows < 768 * 4


def test_embedded_stores_are_refused_in_a_worker(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    embedder = make_embedder(dimensions=128)
    for store in (EdgeStore(tmp_path / "edge"), MilvusStore(tmp_path / "m.db"), QdrantStore(path=tmp_path / "q")):
        with pytest.raises(StoreError, match=r"is embedded.*QdrantStore\(url=...\)"):
            pickle.dumps(IndexStage(MultimodalIndex(embedder, store)))
    sent = pickle.dumps(IndexStage(MultimodalIndex(embedder, MilvusStore("http://server:19530", token="secret"))))
    assert b"secret" not in sent
    assert b"a-key-for-tests" not in sent
    assert len(sent) < 6000


@pytest.mark.parametrize(
    ("content", "row", "expected"),
    [
        pytest.param("body", {"body": "a text"}, "a text", id="text"),
        pytest.param("body", {"body": b"a text"}, "a text", id="bytes-of-text"),
        pytest.param({"text": "body"}, {"body": 7}, "holds int, and not a text", id="number"),
        pytest.param({"bytes": "data"}, {"data": b""}, "0 bytes", id="no-bytes"),
        pytest.param({"bytes": "data"}, {"data": b"\xff\xfe\x00\x01"}, "no medium that is known", id="odd-bytes"),
        pytest.param({"uri": "place"}, {"place": "nothing://there"}, "nothing://there cannot be read", id="scheme"),
        pytest.param({"uri": "place"}, {"place": "file:///a/b.md"}, Path("/a/b.md"), id="file"),
        pytest.param(lambda row: Item(row["a"] + row["b"], source="s"), {"a": "x", "b": "y"}, "xy", id="function"),
        pytest.param(lambda row: row["a"] + 1, {"a": "x"}, "content= failed on the row: TypeError", id="failing"),
    ],
)
def test_a_row_as_an_item(content: Any, row: dict[str, Any], expected: Any) -> None:
    columns = Columns(content)
    assert columns.wanted(list(row)) == list(row)
    item = columns.item(row)
    said = str(item.content.error) if hasattr(item.content, "error") else item.content
    assert said == expected if said is item.content else expected in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"content": {"text": "a", "uri": "b"}}, "exactly one of text, bytes and uri", id="two"),
        pytest.param({"content": {"url": "a"}}, "exactly one of", id="unknown"),
        pytest.param({"content": 7}, "must be a column", id="number"),
        pytest.param({"metadata": "lang"}, "must be a list of columns", id="metadata"),
        pytest.param({"share": 0.5}, "a part of what is not told", id="share-of-nothing"),
        pytest.param({"share": 2}, "at most 1", id="share"),
        pytest.param({"on_error": "ignore"}, "must be one of 'raise', 'skip'", id="on_error"),
    ],
)
def test_what_a_stage_refuses(
    options: dict[str, Any], said: str, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    index = MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store"))
    with pytest.raises(ConfigurationError, match=said):
        IndexStage(index, **options)


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        pytest.param(["a"], "a dict of arrays, a pyarrow.Table or a pandas.DataFrame, not list", id="list"),
        pytest.param({"body": ["a"]}, "no column 'text': it has body", id="column"),
        pytest.param({"text": ["a"], "b": []}, "different lengths", id="lengths"),
    ],
)
def test_batches_that_are_none(batch: Any, said: str, make_embedder: Callable[..., Embedder]) -> None:
    with pytest.raises(InputError, match=said):
        EmbedStage(make_embedder(dimensions=128))(batch)


def test_media_come_as_bytes_and_paths(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    """The index is the one that `add` makes of the files: ids and metadata."""
    from PIL import Image as Pictures

    picture = tmp_path / "red.png"
    Pictures.new("RGB", (8, 8), "red").save(picture)
    (tmp_path / "note.md").write_text("A note", "utf-8")
    paths = [os.fspath(picture), os.fspath(tmp_path / "note.md"), os.fspath(tmp_path / "gone.png")]
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "a")) as index:
        report = IndexStage(index, content={"uri": "path"})({"path": paths})
        assert list(report["added"]) == [1, 1, 0]
        assert "gone.png" in report["reason"][2]
        held = index.vectors()
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "b")) as index:
        index.add([Path(path) for path in paths[:2]])
        ids = {record.id: record for record in index.vectors().records}
    assert {record.id: record for record in held.records} == ids
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "c")) as index:
        IndexStage(index, content={"bytes": "data", "mime_type": "kind"}, source="at")(
            {"data": [picture.read_bytes()], "kind": ["image/png"], "at": ["s3://bucket/red.png"]}
        )
        (record,) = index.vectors().records
        assert (record.modality, record.source) == ("image", "s3://bucket/red.png")
