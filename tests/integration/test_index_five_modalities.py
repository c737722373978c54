"""A folder of texts, pictures, recordings, videos and PDFs goes into every store with one call, and all find all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from evaluate import recall_merged
from fix_signs import Signs, check_that_all_find_all
from gemini_embed import EdgeStore, Embedder, MilvusStore, MultimodalIndex, QdrantStore, Store
from gemini_embed.searching.options import Fusion
from gemini_embed_emulator import Emulator
from signs import MODALITIES, SIGNS

MakeEmbedder = Callable[..., Embedder]
STORES: dict[str, Callable[[Path], Store]] = {
    "edge": lambda place: EdgeStore(place / "edge"),
    "qdrant-memory": lambda place: QdrantStore(":memory:"),
    "milvus-lite": lambda place: MilvusStore(place / "lite.db"),
}


@pytest.mark.parametrize("name", STORES)
def test_every_modality_finds_every_other(name: str, make_embedder: MakeEmbedder, signs: Signs, tmp_path: Path) -> None:
    check_that_all_find_all(STORES[name](tmp_path), make_embedder(dimensions=768), signs)


def test_fusion_restores_what_raw_merging_loses(signs: Signs, tmp_path: Path) -> None:
    """With a gap between the modalities raw cosines find nothing but the query's own."""
    with (
        Emulator(modality_gap=1.0) as server,
        Embedder(dimensions=768, base_url=server.base_url, api_key="k") as embedder,
        MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index,
    ):
        index.add(signs.folder)
        vectors = signs.asked_of(embedder)
        recall = {f: recall_merged(index, vectors, signs.targets, signs.folder, f) for f in get_args(Fusion)}
    assert set(recall["rrf"].values()) == {1.0}
    assert min(recall["standardized"].values()) >= 0.8
    raw = recall["raw"]
    assert {raw[modality, modality] for modality in MODALITIES} == {1.0}
    assert np.mean([share for (asked, target), share in raw.items() if asked != target]) < 0.2


def test_what_records_say(make_embedder: MakeEmbedder, signs: Signs, tmp_path: Path) -> None:
    with MultimodalIndex(make_embedder(dimensions=768), EdgeStore(tmp_path / "index")) as index:
        index.add(signs.folder)
        records = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
        (page,) = [one for one in records if one.modality == "pdf" and one.metadata["page_start"] == 2]
    assert page.page_content == SIGNS[1].statement
    assert (page.mime_type, page.uri, page.source) == ("application/pdf", *[str(signs.folder / "signs.pdf")] * 2)
    assert Counter(one.mime_type for one in records) == {
        "text/markdown": 6, "image/png": 2, "image/jpeg": 2, "image/webp": 2,
        "audio/wav": 3, "audio/mpeg": 3, "video/mp4": 6, "application/pdf": 6,
    }  # fmt: skip
    assert {one.page_content for one in records if one.modality in ("audio", "video", "image")} == {""}
    assert len({one.metadata["sha256"] for one in records if one.modality == "video"}) == 1, "that of the file"
