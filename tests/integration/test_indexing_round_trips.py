"""How often an add asks a Qdrant server, by what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fix_qdrant_server import QdrantServer
from gemini_embed import Embedder, Item, MultimodalIndex, QdrantStore

LOOK, WRITE = "POST points/scroll", "PUT points"


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], qdrant_server: QdrantServer) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), QdrantStore(url=qdrant_server.url)) as index:
        index.add([Item(f"held {n}", source=f"{n}.md") for n in range(8)])
        qdrant_server.asked.clear()
        yield index


@pytest.mark.parametrize(
    ("items", "asked"),
    [
        pytest.param(["one text more"], [LOOK, WRITE], id="new"),
        pytest.param([Item("held 3", source="3.md")], [LOOK], id="held-already"),
        pytest.param(
            [Item(f"other {n}", source=f"{n}.md") for n in range(8)],
            [LOOK, LOOK, LOOK, WRITE, WRITE, "POST points", "POST points/delete"],
            id="two-batches-in-place-of-what-is-there",
        ),
    ],
)
def test_a_batch_is_looked_up_once(
    items: list[str | Item], asked: list[str], index: MultimodalIndex, qdrant_server: QdrantServer
) -> None:
    """Where a first batch is full, the server is asked once whether it holds anything at all."""
    report = index.add(items, batch_size=4)
    assert sorted(qdrant_server.asked) == sorted(asked)
    assert index.count() == 8 + (report.added if report.replaced == 0 else 0)
