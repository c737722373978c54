"""What is known of each model on each backend: one `ModelFacts` row per pair that ever existed.

Every fact has a source, named in the row's `source` by these keys:

    EMB    ai.google.dev/gemini-api/docs/embeddings      VDOC   docs.cloud.google.com: Vertex text and multimodal
    DEPR   ai.google.dev/gemini-api/docs/deprecations    VLIFE  docs.cloud.google.com: model versions and lifecycle
    PRICE  ai.google.dev/gemini-api/docs/pricing         REC    public recordings of real traffic
    OAPI   the v1beta discovery document                 REP    reports in public issue threads
    VBATCH docs.cloud.google.com: batch inference of embeddings
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gemini_embed.models.facts import TEXT_ONLY, VERTEX_IMAGES, Backend, ModelFacts

_NESTED = {"shortens_exactly": True, "usual_sizes": (128, 256, 512, 768, 1024, 1536, 2048, 3072)}
"""REC: of one text at 3072 and 768, for gemini-embedding-2, its preview and 001. EMB recommends 768, 1536 and 3072."""
_EMBEDDING_2 = {
    **_NESTED,
    "conditioning": "prefix",
    "max_tokens": 8192,
    "default_dimensions": 3072,
    "max_dimensions": 3072,
    "shortened_unit_length": True,
    "usd_per_million_tokens": {"text": 0.20, "image": 0.45, "audio": 6.50, "video": 12.00},
    "price_date": date(2026, 9, 27),
}
_EMBEDDING_001 = {
    "modalities": TEXT_ONLY,
    "max_tokens": 2048,
    "default_dimensions": 3072,
    "max_dimensions": 3072,
    "usd_per_million_tokens": {"text": 0.15},
    "price_date": date(2026, 9, 27),
}
_SIZE_768 = {"modalities": TEXT_ONLY, "max_tokens": 2048, "default_dimensions": 768, "max_dimensions": 768}
_EMBED_ONE = {
    "endpoint": "embedContent",
    "max_batch_items": 1,
    "image_types": VERTEX_IMAGES,
    "locations": frozenset({"global", "us", "eu"}),
    "max_frames": 120,
    "single": frozenset({"audio", "video", "pdf"}),
}
_PREDICT = {"endpoint": "predict", "max_batch_items": 250, "max_batch_tokens": 20_000}


def _row(name: str, backend: Backend, *facts: Mapping[str, Any], **more: Any) -> ModelFacts:
    merged: dict[str, Any] = {"endpoint": "batchEmbedContents"}
    for group in (*facts, more):
        merged |= group
    return ModelFacts(name=name, backend=backend, **merged)


_ROWS = [
    _row("gemini-embedding-2", "developer", _EMBEDDING_2, source="EMB PRICE REC"),
    _row(
        "gemini-embedding-2-preview",
        "developer",
        _EMBEDDING_2,
        retired=date(2026, 8, 10),
        successor="gemini-embedding-2",
        source="EMB DEPR REC (taskType is answered and ignored)",
    ),
    _row(
        "gemini-embedding-001",
        "developer",
        _EMBEDDING_001,
        _NESTED,
        retired=date(2028, 5, 14),
        successor="gemini-embedding-2",
        batch_enqueued_tokens={"tier1": 500_000, "tier2": 5_000_000, "tier3": 10_000_000},
        source="EMB DEPR PRICE REC (768 measured 0.57; the date is the earliest) REP (of tokens in a batch queue)",
    ),
    _row(
        "gemini-embedding-exp-03-07",
        "developer",
        _EMBEDDING_001,
        max_tokens=8192,
        retired=date(2025, 10, 30),
        successor="gemini-embedding-001",
        source="DEPR REP",
    ),
    _row(
        "gemini-embedding-exp",
        "developer",
        _EMBEDDING_001,
        max_tokens=8192,
        retired=date(2025, 10, 30),
        successor="gemini-embedding-001",
        source="DEPR",
    ),
    _row(
        "text-embedding-004",
        "developer",
        _SIZE_768,
        retired=date(2026, 1, 14),
        successor="gemini-embedding-2",
        source="DEPR REC",
    ),
    _row(
        "embedding-001",
        "developer",
        _SIZE_768,
        shortens=False,
        retired=date(2025, 10, 30),
        successor="gemini-embedding-2",
        source="DEPR OAPI (outputDimensionality cannot be set)",
    ),
    _row(
        "gemini-embedding-2",
        "vertex",
        _EMBEDDING_2,
        _EMBED_ONE,
        batch_locations=frozenset({"global", "us", "eu"}),
        source="VDOC VBATCH REC PRICE (of the Developer API)",
    ),
    _row(
        "gemini-embedding-2-preview",
        "vertex",
        _EMBEDDING_2,
        _EMBED_ONE,
        successor="gemini-embedding-2",
        source="VLIFE (preview, may be deleted) PRICE (of the Developer API)",
    ),
    _row(
        "gemini-embedding-001",
        "vertex",
        _EMBEDDING_001,
        _NESTED,
        _PREDICT,
        retired=date(2028, 5, 20),
        successor="gemini-embedding-2",
        batch_locations=frozenset(
            {"us-central1", "us-east1", "us-east4", "us-west1", "us-west4", "europe-west1", "europe-west4"}
        ),
        source="VDOC VBATCH VLIFE REC PRICE (of the Developer API) REP (1 or 250 texts a call: learned from a refusal)",
    ),
    *(
        _row(
            name,
            "vertex",
            _SIZE_768,
            _PREDICT,
            retired=date(2027, 4, 1),
            successor="gemini-embedding-2",
            batch_locations=frozenset(),
            source="VDOC VLIFE",
        )
        for name in ("text-embedding-005", "text-embedding-004", "text-multilingual-embedding-002")
    ),
]

MODELS: Mapping[tuple[str, Backend], ModelFacts] = {(row.name, row.backend): row for row in _ROWS}
"""All rows, by (bare name, backend)."""
