"""An index copied at a smaller size: what the smaller embedder makes, with its ids, for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_signs import Signs
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    Item,
    MultimodalIndex,
    QdrantStore,
    Record,
    Store,
    Text,
)
from gemini_embed.windows import Cutting
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
PASSAGES = "\n\n".join(["The tide table of the harbour. " * 30] * 4 + ["Something else entirely. " * 30])
ITEMS = [
    "a red bicycle",
    Item("with a title", source="s", title="T"),
    Item("with a title of its user's", metadata={"title": "theirs", "n": 1}),
    ["two", "parts"],
    Item(Text(PASSAGES), source="long"),
]


def rows(store: Store) -> dict[str, Any]:
    return {
        record.id: vector
        for batch in store.iterate()
        for record, vector in zip(batch.records, batch.vectors, strict=True)
    }


@pytest.mark.parametrize("door", ["sync", "async"])
@pytest.mark.parametrize("normalize", [None, False])
@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-001"])
def test_the_copy_is_what_the_smaller_embedder_would_have_made(
    model: str, normalize: bool | None, door: str, make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    """Vectors, ids and fingerprint; and no request."""
    big, small = (make_embedder(model, dimensions=size, normalize=normalize) for size in (None, 768))
    items = [item for item in ITEMS if model != "gemini-embedding-001" or not isinstance(item, list)]
    cutting = Cutting(text_tokens=200, overlap_tokens=0)
    wanted = MultimodalIndex(small, EdgeStore(tmp_path / "wanted"))
    wanted.add(items, cutting=cutting)
    with MultimodalIndex(big, EdgeStore(tmp_path / "big")) as index:
        index.add(items, cutting=cutting)
        emulator.requests.clear()
        target = EdgeStore(tmp_path / "small")
        if door == "async":
            count = asyncio.run(index.acopy_to(target, dimensions=768))
        else:
            count = index.copy_to(target, dimensions=768)
    assert count == wanted.count()
    assert target.kept_fingerprint() == small.fingerprint
    made, right = rows(target), rows(wanted.store)
    assert made.keys() == right.keys()
    for key, vector in right.items():
        assert made[key] == pytest.approx(vector, abs=1e-6)
    with wanted, MultimodalIndex(small, target) as copy:
        again = copy.add(items, cutting=cutting)
        assert (again.added, again.replaced, again.reused) == (0, 0, count)
    assert [request.json for request in emulator.requests] == []


def test_every_modality_keeps_its_identity(
    signs: Signs, make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    """Windows of recordings, videos and PDFs too: adding the folder again embeds nothing."""
    small = make_embedder(dimensions=256)
    with MultimodalIndex(make_embedder(dimensions=768), EdgeStore(tmp_path / "big")) as index:
        added = index.add(signs.folder).added
        index.copy_to(target := QdrantStore(path=tmp_path / "small"), dimensions=256)
    emulator.requests.clear()
    with MultimodalIndex(small, target) as copy:
        report = copy.add(signs.folder)
    assert (report.added, report.reused, len(emulator.requests)) == (0, added, 0)


def test_ids_of_others_stay(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    """A record that another program wrote has an id of its own."""
    store = EdgeStore(tmp_path / "big")
    embedder = make_embedder()
    told = {"source": "s", "modality": "text", "sha256": ["no hash"], "char_start": 0, "char_end": 6}
    theirs = Record("00000000-0000-4000-8000-000000000001", "theirs", told)
    with MultimodalIndex(embedder, store) as index:
        index.count()
        store.upsert([theirs], np.ones((1, 3072), np.float32))
        index.copy_to(target := EdgeStore(tmp_path / "small"), dimensions=768)
        assert target.get([theirs.id]) == [theirs]
        target.close()


REFUSED = [
    pytest.param(1536, "dimensions=1536: the index has vectors of 768, and what they lack cannot be made", id="larger"),
    pytest.param(4000, "has at most 3072", id="more than the model has"),
    pytest.param(0, "must be a positive whole number", id="none"),
]


@pytest.mark.parametrize(("dimensions", "said"), REFUSED)
def test_what_cannot_be_made_is_refused_before_anything_is_written(
    dimensions: int, said: str, make_embedder: MakeEmbedder, tmp_path: Path
) -> None:
    with MultimodalIndex(make_embedder(dimensions=768), EdgeStore(tmp_path / "big")) as index:
        index.add(["x"])
        with pytest.raises(ConfigurationError, match=said):
            index.copy_to(EdgeStore(tmp_path / "small"), dimensions=dimensions)
    assert not (tmp_path / "small").exists()


def test_a_model_that_is_not_known_to_nest(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    embedder = make_embedder(dimensions=768, facts={"shortens_exactly": False})
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "big")) as index:
        index.add(["x"])
        with pytest.raises(ConfigurationError, match="it is not known whether"):
            index.copy_to(EdgeStore(tmp_path / "small"), dimensions=256)


def test_the_same_size_is_a_copy_and_another_index_is_no_place(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    with MultimodalIndex(make_embedder(dimensions=768), EdgeStore(tmp_path / "big")) as index:
        index.add(["x", "y"])
        same, small = EdgeStore(tmp_path / "same"), EdgeStore(tmp_path / "small")
        assert index.copy_to(same, dimensions=768) == 2
        assert rows(same).keys() == rows(index.store).keys()
        index.copy_to(small, dimensions=256)
        with pytest.raises(FingerprintMismatchError):
            index.copy_to(small, dimensions=512)
        same.close()
        small.close()
