"""Parts of a source that come in several adds: nothing is replaced, and `tidy` removes what none of them brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, InputError, Item, MilvusStore, MultimodalIndex, QdrantStore, Store

STORES: dict[str, Callable[[Path], Store]] = {
    "edge": EdgeStore,
    "qdrant": lambda place: QdrantStore(path=place),
    "lite": lambda place: MilvusStore(place.with_suffix(".db")),
}


def _pages(source: str, *texts: str) -> list[Item]:
    return [Item(text, source=source, metadata={"page": page}) for page, text in enumerate(texts)]


def _texts(index: MultimodalIndex) -> list[str]:
    return sorted(record.page_content for batch in index.store.iterate(with_vectors=False) for record in batch.records)


@pytest.mark.parametrize("kind", STORES)
def test_parts_that_come_apart_stay_and_older_ones_go(
    kind: str, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    """An add replaces what its sources held; with replace=False parts may come from anywhere, in any order."""
    with MultimodalIndex(make_embedder(dimensions=128), STORES[kind](tmp_path / "store")) as index:
        index.add([*_pages("a.pdf", "a, first", "a, old"), *_pages("b.pdf", "b")])
        began = datetime.now(UTC)
        index.add(_pages("a.pdf", "a, first"), replace=False)
        report = index.add(_pages("a.pdf", "", "a, new")[1:], replace=False)
        assert (report.added, report.replaced) == (1, 0)
        assert _texts(index) == ["a, first", "a, new", "a, old", "b"]

        assert index.tidy(before=began) == 1
        assert _texts(index) == ["a, first", "a, new", "b"], "the first was confirmed, and b brought nothing"
        assert index.tidy(before=began) == 0

        later = datetime.now(UTC).timestamp()
        index.add([*_pages("a.pdf", "a, newest"), *_pages("b.pdf", "b, newest")], replace=False)
        assert index.tidy(["b.pdf", "c.pdf"], before=later) == 1
        assert _texts(index) == ["a, first", "a, new", "a, newest", "b, newest"]


@pytest.mark.parametrize(
    ("sources", "before", "said"),
    [
        pytest.param(None, datetime(2026, 1, 1), "has no zone", id="no-zone"),
        pytest.param(None, "yesterday", "must be a datetime with a zone", id="word"),
        pytest.param("a.pdf", 1.0, "takes a list of sources", id="one-source"),
    ],
)
def test_what_tidy_refuses(
    sources: object, before: object, said: str, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    with (
        MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as index,
        pytest.raises(InputError, match=said),
    ):
        index.tidy(sources, before=before)  # type: ignore[arg-type]  # what is refused
