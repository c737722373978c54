"""The recall table of an index: against exact search by NumPy, from every kind of query, and in every form."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
import pytest
from fix_qdrant_server import QdrantServer
from fix_stores import CountingEmbedder
from gemini_embed import EdgeStore, Embedder, InputError, MilvusStore, MultimodalIndex, QdrantStore, Record, Store
from gemini_embed.evaluation import RecallTable, arecall_table, recall_table

COUNT, SIZE = 1500, 64
CELLS = [(limit, factor, rescore) for limit in (10, 20, 50, 100) for factor in (1, 2, 3) for rescore in (False, True)]


@pytest.fixture(scope="module")
def rows() -> Any:
    drawn = np.random.default_rng(3).normal(size=(COUNT + 40, SIZE)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def over(store: Store, size: int = SIZE) -> MultimodalIndex:
    return MultimodalIndex(cast("Embedder", CountingEmbedder(dimensions=size)), store)


def filled(store: Store, rows: Any) -> MultimodalIndex:
    index = over(store)
    assert index.count() == 0
    store.upsert([Record(str(UUID(int=i)), f"text {i}", {}) for i in range(COUNT)], rows[:COUNT])
    return index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, rows: Any) -> Iterator[MultimodalIndex]:
    """With codes of 1 bit."""
    with filled(EdgeStore(tmp_path_factory.mktemp("recall") / "index", quantization="turbo1"), rows) as index:
        yield index


@pytest.fixture(scope="module")
def table(index: MultimodalIndex, rows: Any) -> RecallTable:
    return recall_table(index, rows[COUNT:])


def sent(index: MultimodalIndex) -> int:
    return len(cast("CountingEmbedder", index.embedder).embedded)


def test_24_cells_of_vectors_that_send_nothing(table: RecallTable, index: MultimodalIndex) -> None:
    assert sent(index) == 0
    assert list(table.recall) == list(table.p50_ms) == CELLS
    assert (table.quantization, table.records, table.dimensions, table.queries) == ("turbo1", COUNT, SIZE, 40)
    assert (table.raw_bytes, table.code_bytes) == (COUNT * SIZE * 4, COUNT * SIZE // 8)
    assert all(value > 0 for value in [*table.p50_ms.values(), table.exact_p50_ms])


def test_recall_is_what_numpy_says(table: RecallTable, index: MultimodalIndex, rows: Any) -> None:
    """Counted by hand, from searches of the store."""
    found = 0
    for query in rows[COUNT:]:
        best = {str(UUID(int=int(i))) for i in np.argsort(-(rows[:COUNT] @ query))[:10]}
        found += len(best & {hit.record.id for hit in index.store.search(query, 10)})  # rescored, 3 times as many
    assert table.recall[10, 3, True] == pytest.approx(found / 400)


def test_more_candidates_find_more_and_only_rescoring_uses_them(table: RecallTable) -> None:
    for limit in (10, 20, 50, 100):
        at = [table.recall[limit, factor, True] for factor in (1, 2, 3)]
        assert at == sorted(at)
        assert at[2] > at[0] + 0.05
        assert table.recall[limit, 1, False] == pytest.approx(at[0], abs=0.02)  # the same set in another order
        assert table.recall[limit, 3, False] < at[2]


def test_all_candidates_find_all(index: MultimodalIndex, rows: Any) -> None:
    table = recall_table(index, rows[COUNT:], limits=[3], oversampling=[COUNT])
    assert table.recall == {(3, COUNT, False): pytest.approx(table.recall[3, COUNT, False]), (3, COUNT, True): 1.0}


def test_records_of_the_index_do_not_find_themselves(index: MultimodalIndex) -> None:
    table = recall_table(index, sample=30, limits=[1], oversampling=[1])
    assert table.queries == 30
    assert table.recall[1, 1, True] < 1.0  # each would be its own best, always
    assert sent(index) == 0
    assert recall_table(index, limits=[1], oversampling=[1]).queries == 200


def test_texts_are_embedded_as_queries(index: MultimodalIndex) -> None:
    async def both() -> RecallTable:
        return await arecall_table(index, ["a question", "another"], limits=[5], oversampling=[2])

    assert asyncio.run(both()).queries == 2
    assert [side for side, _ in cast("CountingEmbedder", index.embedder).embedded] == ["query", "query"]
    cast("CountingEmbedder", index.embedder).embedded.clear()


def test_it_prints_as_markdown(table: RecallTable) -> None:
    said, _, head, rule, *rows = str(table).splitlines()
    assert said.startswith(
        "turbo1: 1,500 x 64, codes 0.0 MiB beside vectors of 0.4 MiB. Recall (p50 of a search) of 40"
    )
    assert head == "| limit | x1 | x1, rescored | x2 | x2, rescored | x3 | x3, rescored |"
    assert rule == "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert [row.split(" | ")[0] for row in rows] == ["| 10", "| 20", "| 50", "| 100"]
    assert f"{table.recall[100, 3, True]:.3f} ({table.p50_ms[100, 3, True]:.1f} ms) |" in rows[-1]
    assert table.markdown() == str(table)


def test_it_shows_in_a_notebook(table: RecallTable) -> None:
    shown = table._repr_html_()
    assert len(re.findall("<tr>", shown)) == 5
    assert len(re.findall("<td>", shown)) == 4 * 7


def test_it_plots_a_line_for_each_column(table: RecallTable) -> None:
    pytest.importorskip("matplotlib", reason="the oldest set has no plots")
    axes = table.plot()
    assert [line.get_label() for line in axes.get_lines()] == [
        "x1", "x1, rescored", "x2", "x2, rescored", "x3", "x3, rescored"
    ]  # fmt: skip
    assert table.plot(axes) is axes


def test_on_a_server_each_cell_is_a_request_a_query(qdrant_server: QdrantServer, rows: Any) -> None:
    with filled(QdrantStore(url=qdrant_server.url, quantization="binary"), rows) as index:
        qdrant_server.params.clear()
        table = recall_table(index, rows[:4], limits=[5], oversampling=[1, 3])
    assert table.recall == dict.fromkeys([(5, 1, False), (5, 1, True), (5, 3, False), (5, 3, True)], 1.0)
    exact = {"exact": True, "quantization": {"ignore": True}}
    codes = [(1, False), (1, True), (3, False), (3, True)]
    told = [{"quantization": {"rescore": rescore, "oversampling": factor}} for factor, rescore in codes]
    assert qdrant_server.params == [exact] * 5 + [one for one in told for _ in range(4)]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda place: EdgeStore(place, quantization="none"), id="edge"),
        pytest.param(lambda _: QdrantStore(":memory:"), id="local-mode"),
        pytest.param(lambda place: MilvusStore(place / "k.db"), id="milvus"),
    ],
)
def test_a_store_without_codes_says_so(make: Any, tmp_path: Path) -> None:
    if make(tmp_path).__class__ is MilvusStore:
        pytest.importorskip("milvus_lite", exc_type=ImportError, reason="does not load beside the oldest NumPy")
    with (
        over(make(tmp_path)) as index,
        pytest.raises(InputError, match=r"Store\(.* (holds no codes|takes no precision)"),
    ):
        recall_table(index, ["a question"])
    assert sent(index) == 0


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        pytest.param(["text"], {}, "pass a list of queries", id="one-text"),
        pytest.param([np.zeros(SIZE)], {}, r"need the shape \(n, 64\)", id="one-vector"),
        pytest.param([np.zeros((2, 3))], {}, r"need the shape \(n, 64\)", id="another-size"),
        pytest.param([np.full((2, SIZE), np.nan)], {}, "finite", id="not-a-number"),
        pytest.param([np.zeros((0, SIZE))], {}, "nothing to ask", id="no-queries"),
        pytest.param([], {"sample": 0}, "sample=0", id="no-sample"),
        pytest.param([["text"]], {"sample": 3}, "not both", id="both"),
        pytest.param([], {"limits": [0]}, "limits", id="limit"),
        pytest.param([], {"limits": []}, "limits", id="no-limit"),
        pytest.param([], {"oversampling": [0.5]}, "oversampling=0.5", id="oversampling"),
        pytest.param([], {"oversampling": []}, "nothing to measure", id="no-oversampling"),
    ],
)
def test_arguments_that_mean_nothing(arguments: Any, options: Any, words: str, index: MultimodalIndex) -> None:
    with pytest.raises(InputError, match=words):
        recall_table(index, *arguments, **options)
    assert sent(index) == 0


def test_an_empty_index_has_nothing_to_ask(tmp_path: Path) -> None:
    with over(EdgeStore(tmp_path / "i", quantization="turbo1")) as index, pytest.raises(InputError, match="nothing to"):
        recall_table(index)
