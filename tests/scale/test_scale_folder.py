"""A folder of many kinds of media, indexed by two workers of Ray, as one `index.add` of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import drawn, film, pdf, png, wav
from fix_milvus import milvus_standalone
from gemini_embed import Embedder, MultimodalIndex, Record

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
FILES = 200


def _folder(place: Path) -> Path:
    """As many pictures, recordings, films, PDFs and notes; no two hold the same."""
    place.mkdir()
    makes: list[tuple[str, Callable[[int], bytes]]] = [
        ("png", lambda n: png(8 + n, 9)),
        ("wav", lambda n: wav((200.0 + n, 0.5))),
        ("mp4", lambda n: film(*((drawn(what, (64, 48 + 2 * n)), 0.25) for what in ("red circle", "blue square")))),
        ("pdf", lambda n: pdf(f"page one of {n}", f"page two of {n}")),
        ("md", lambda n: f"# Note {n}\n\nBread number {n} rises.\n".encode()),
    ]
    for n in range(FILES):
        suffix, make = makes[n % len(makes)]
        folder = place / f"part {n % 3}"
        folder.mkdir(exist_ok=True)
        (folder / f"{n:03}.{suffix}").write_bytes(make(n))
    return place


def _held(index: MultimodalIndex) -> tuple[dict[str, Record], dict[str, Any]]:
    found = index.vectors()
    records = {record.id: record for record in found.records}
    return records, dict(zip(records, found.values, strict=True))


def test_two_workers_make_the_index_that_one_add_makes(
    ray: Any, milvus_server: str, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    """Equal ids, texts, metadata and vectors; and the folder is known to the index afterwards."""
    from gemini_embed.ray import index_dataset

    folder = _folder(tmp_path / "folder")
    paths = sorted(os.fspath(path) for path in folder.rglob("*.*"))
    assert len(paths) == FILES
    with MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path / "one")) as index:
        assert index.add(folder, progress=False).skipped == ()
        records, vectors = _held(index)
    with MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path / "two")) as index:
        rows = ray.data.from_items([{"path": path} for path in paths])
        report = index_dataset(rows, index, content={"uri": "path"}, workers=2, batch_size=10)
        assert (report.rows, report.added, report.skipped) == (FILES, len(records), 0)
        mine, made = _held(index)
        assert mine == records
        assert all(np.allclose(made[id_], vectors[id_], atol=1e-6) for id_ in records)
        assert {record.modality for record in mine.values()} == {"image", "audio", "video", "pdf", "text"}
        again = index.add(folder, progress=False)
        assert (again.added, again.reused) == (0, len(records))
