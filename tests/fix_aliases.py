"""What must hold for a collection's alias that is moved while a store is open on it, whichever server it is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from gemini_embed import Embedder, FingerprintMismatchError, MultimodalIndex, Store, StoreError

THEMES = {"bread": "bread rises because of yeast", "ice": "glaciers grind the valley", "sea": "tides follow the moon"}


class Place(NamedTuple):
    """A server, or an engine in this process, whose collections can have aliases."""

    store: Callable[[str], Store]
    """On the collection of this name."""
    point: Callable[[str, str], object]
    """An alias, now at this collection."""
    drop: Callable[[str], object]
    """A collection."""


def check_aliases_are_pinned(place: Place, make_embedder: Callable[..., Embedder]) -> None:
    """An open store keeps to its collection, says so, and follows the alias once it is opened again."""
    older, newer = make_embedder("gemini-embedding-001", dimensions=64), make_embedder(dimensions=64)
    for embedder, name in ((older, "docs_v1"), (newer, "docs_v2")):
        with MultimodalIndex(embedder, place.store(name)) as made:
            made.add([f"{text}, says {name}" for text in THEMES.values()])
    place.point("docs_live", "docs_v1")
    store = place.store("docs_live")
    assert (getattr(store, "pinned", "?"), "pinned" in repr(store)) == (None, False)
    index = MultimodalIndex(older, store)
    _check_finds(index, "docs_v1")
    assert repr(store).endswith("collection='docs_live', pinned='docs_v1')")

    place.point("docs_live", "docs_v2")
    _check_finds(index, "docs_v1")
    assert index.add(["written after the move"]).added == 1
    assert (index.count(), len(list(store.iterate()))) == (4, 1)
    with (
        MultimodalIndex(older, place.store("docs_live")) as wrong,
        pytest.raises(FingerprintMismatchError, match="docs_v2"),
    ):
        wrong.search("bread", 1)
    with MultimodalIndex(newer, place.store("docs_live")) as follows:
        assert follows.count() == 3
        _check_finds(follows, "docs_v2")

    place.drop("docs_v1")
    uses: list[Callable[[], object]] = [
        lambda: index.search("bread", 1),
        lambda: index.add(["more"]),
        lambda: index.count(),
        lambda: store.get([str(number) for number in range(3)]),
        lambda: list(store.iterate()),
    ]
    for use in uses:
        with pytest.raises(StoreError, match="'docs_v1' is gone; when this store was opened, 'docs_live' was an alias"):
            use()
    index.close()
    with MultimodalIndex(newer, store) as again:
        _check_finds(again, "docs_v2")
        assert repr(store).endswith("collection='docs_live', pinned='docs_v2')")
        place.drop("docs_v2")
        with pytest.raises(StoreError, match="'docs_v2' is gone"):
            again.search("bread", 1)


def _check_finds(index: MultimodalIndex, collection: str) -> None:
    texts = [index.search(text, 1)[0].page_content for text in THEMES.values()]
    assert texts == [f"{text}, says {collection}" for text in THEMES.values()]
