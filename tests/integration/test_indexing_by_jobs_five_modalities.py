"""A folder of all five modalities by jobs of the Batch API: whatever embeds the same afterwards sends nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import EdgeStore, Embedder, MultimodalIndex
from gemini_embed_emulator import Emulator
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_gemini_embed import GeminiEmbeddings
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from PIL import Image

MakeEmbedder = Callable[..., Embedder]
HOME = Path(__file__).parents[2] / "examples/data/home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts, a picture, a recording, a video and a PDF."""
    folder = tmp_path / "home"
    shutil.copytree(HOME, folder)
    Image.new("RGB", (64, 64), "red").save(folder / "red.png")
    return folder


def test_a_folder_by_jobs_is_found_by_everything_else(
    make_embedder: MakeEmbedder, emulator: Emulator, folder: Path, tmp_path: Path
) -> None:
    """Texts, pictures, recordings, videos and PDFs, cut into windows alike both times."""
    cache = tmp_path / "vectors.db"
    with MultimodalIndex(make_embedder(dimensions=128, cache=cache), EdgeStore(tmp_path / "batch")) as batch:
        estimate = batch.estimate(folder, price="batch")
        report = batch.add(folder, price="batch")
        by_jobs = batch.vectors()
    assert report.skipped == ()
    assert {one.modality for one in by_jobs.records} == {"text", "image", "audio", "video", "pdf"}
    assert emulator.bill.batch.items == report.added == estimate.items
    assert emulator.bill.batch.repeated == 0

    sent = len(emulator.requests)
    with MultimodalIndex(make_embedder(dimensions=128, cache=cache), EdgeStore(tmp_path / "online")) as online:
        again = online.add(folder)
        by_calls = online.vectors()
    assert (again.added, again.usage.requests, again.usd) == (report.added, 0, 0.0)
    rows = {record.id: row for record, row in zip(by_jobs.records, by_jobs.values, strict=True)}
    assert all(np.array_equal(rows[one.id], row) for one, row in zip(by_calls.records, by_calls.values, strict=True))

    texts = [one.page_content for one in by_calls.records if one.modality == "text"]
    given: dict[str, Any] = {"base_url": emulator.base_url, "cache": cache}
    store = InMemoryVectorStore(GeminiEmbeddings(google_api_key="k", output_dimensionality=128, **given))
    store.add_documents([Document(text) for text in texts])
    model = GeminiEmbedding(api_key="k", dimensions=128, **given)
    IngestionPipeline(transformations=[model]).run(nodes=[TextNode(text=text) for text in texts])
    assert len(emulator.requests) == sent
