"""What an index holds, looked into: `index.vectors`, and analysis over it and over results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fix_media import png
from gemini_embed import (
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    GeminiEmbedWarning,
    Image,
    Item,
    MultimodalIndex,
)
from gemini_embed.analysis import clusters, nearest_label, outliers
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
TEXTS = {
    "bread": ["Bread rises with yeast.", "Knead the bread dough.", "Yeast makes dough rise.", "Bake the bread dough."],
    "ice": [
        "The glacier grinds the valley.",
        "Ice fills the valley.",
        "A glacier is old ice.",
        "Ice of a glacier melts.",
    ],
}
ITEMS = [Item(text, metadata={"about": about}) for about, texts in TEXTS.items() for text in texts]
LABELS = [item.metadata["about"] for item in ITEMS if item.metadata]


async def test_vectors_of_an_index(make_embedder: MakeEmbedder, tmp_path: Path, emulator: Emulator) -> None:
    """All, or those that match, with their records; nothing is sent."""
    with MultimodalIndex(make_embedder(dimensions=256, task="clustering"), EdgeStore(tmp_path / "index")) as index:
        assert index.vectors().values.shape == (0, 256)
        index.add(ITEMS)
        emulator.requests.clear()
        held = await index.avectors({"about": "ice"})
        assert [record.metadata["about"] for record in held.records] == ["ice"] * 4
        right = index.store.vectors([record.id for record in held.records])
        assert np.array_equal(np.asarray(held), np.stack([right[record.id] for record in held.records]))
        assert held.fingerprint == index.embedder.fingerprint
        assert (len(held), len(index.vectors()), len(emulator.requests)) == (4, 8, 0)
        assert "4 x 256 float32" in repr(held)


def test_groups_labels_and_outliers_of_an_index(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    embedder = make_embedder(dimensions=256, task="clustering")
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
        index.add(ITEMS)
        held = index.vectors()
        about = [record.metadata["about"] for record in held.records]
        groups = clusters(held, 2)
        assert clusters(index, 2).labels.tolist() == groups.labels.tolist()
        assert len({*zip(about, groups.labels.tolist(), strict=True)}) == 2, "each group is about one thing"
        names = embedder.embed_documents(["bread, dough and yeast", "ice, glacier and valley"])
        assert nearest_label(held, names, ["bread", "ice"]).labels == about
        assert nearest_label(names, held, about, neighbours=3).labels == ["bread", "ice"]
        index.add(["The bus leaves at nine."])
        stray = index.vectors()
        (position,) = outliers(stray, fraction=1 / 9).positions
        assert stray.records[position].page_content == "The bus leaves at nine."


def test_a_result_tells_its_task(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder(dimensions=256)
    texts = [str(item.content) for item in ITEMS]
    with pytest.warns(GeminiEmbedWarning, match="made to be searched"):
        clusters(embedder.embed_documents(texts), 2)
    found = clusters(embedder.embed_documents(texts, task="clustering"), 2)
    assert len({*zip(LABELS, found.labels.tolist(), strict=True)}) == 2


def test_an_index_for_searching_warns_and_so_do_several_modalities(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    with MultimodalIndex(make_embedder(dimensions=256), EdgeStore(tmp_path / "search")) as index:
        index.add(ITEMS)
        with pytest.warns(GeminiEmbedWarning, match="made to be searched"):
            clusters(index, 2)
        searching = index.vectors()
    embedder = make_embedder(dimensions=256, task="clustering")
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "mixed")) as index:
        index.add([*ITEMS, Image(png())])
        with pytest.warns(GeminiEmbedWarning, match=r"several modalities \(image, text\)"):
            clusters(index, 2)
        clusters(index.vectors({"modality": "text"}), 2)
        with (
            pytest.warns(GeminiEmbedWarning, match="made to be searched"),
            pytest.raises(FingerprintMismatchError, match="what the examples come from"),
        ):
            nearest_label(index.vectors({"modality": "text"}), searching, LABELS)
