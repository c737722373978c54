"""What is known of each model on each backend: one `ModelFacts` row per pair that ever existed.

Every fact has a source, named in the row's `source` by these keys:

    EMB    ai.google.dev/gemini-api/docs/embeddings      VDOC   docs.cloud.google.com: Vertex text and multimodal
    DEPR   ai.google.dev/gemini-api/docs/deprecations    VLIFE  docs.cloud.google.com: model versions and lifecycle
    PRICE  ai.google.dev/gemini-api/docs/pricing         REC    public recordings of real traffic
    OAPI   the v1beta discovery document                 REP    reports in public issue threads

Facts age faster than releases: `Embedder(facts={"max_batch_items": 250})` overrides any of them, and a pair that
has no row is sent with conservative facts, so that the service decides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from gemini_embed.checks import checked_name
from gemini_embed.errors import ConfigurationError

Backend = Literal["developer", "vertex"]
Endpoint = Literal["batchEmbedContents", "predict", "embedContent"]
Conditioning = Literal["prefix", "task_type", "none"]
Modality = Literal["text", "image", "audio", "video", "pdf"]

TEXT_ONLY: frozenset[Modality] = frozenset({"text"})
ALL_MODALITIES: frozenset[Modality] = frozenset({"text", "image", "audio", "video", "pdf"})

DEVELOPER_IMAGES = frozenset({"image/png", "image/jpeg"})
VERTEX_IMAGES = DEVELOPER_IMAGES | {"image/webp", "image/bmp", "image/heic", "image/heif", "image/avif"}


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Facts of one model on one backend. The defaults are the conservative ones that an unknown model gets."""

    name: str
    """Bare name, such as "gemini-embedding-2"."""
    backend: Backend
    """"developer" (Gemini Developer API) or "vertex" (Vertex AI)."""
    endpoint: Endpoint
    """Where it is asked: `predict` and `batchEmbedContents` take several contents, `embedContent` takes one."""
    conditioning: Conditioning = "task_type"
    """How it learns the task: official text prefixes, the `taskType` field, or not at all."""
    modalities: frozenset[Modality] = ALL_MODALITIES
    image_types: frozenset[str] = DEVELOPER_IMAGES
    """MIME types sent as they are; other images are converted to PNG first."""
    max_tokens: int | None = None
    """Tokens of one content; the service cuts what is longer, silently. None: not known."""
    default_dimensions: int | None = None
    """Size of a vector when none is asked for. None: not known before the first reply."""
    max_dimensions: int | None = None
    shortens: bool = True
    """Whether `outputDimensionality` may be sent."""
    shortened_unit_length: bool = False
    """Whether a vector shorter than `max_dimensions` comes back with unit length; if not it is renormalised here."""
    max_batch_items: int = 100
    """Contents of one call."""
    max_batch_tokens: int | None = None
    """Tokens of one call over all its contents."""
    max_text_bytes: int = 4_000_000
    """Bytes of a call that holds only text. 4,194,304 were refused in 2025 (REP); this leaves room for the envelope."""
    max_media_bytes: int = 19_000_000
    """Bytes of a call with media, base64 included: the general inline limit is 20 MB or more (EMB)."""
    max_images: int = 6
    """Images of one content (EMB, VDOC)."""
    max_audio_s: float = 180.0
    """Seconds of one recording (EMB, VDOC)."""
    max_video_s: float = 120.0
    """Seconds of one video (EMB; VDOC: 120 frames, one a second)."""
    max_frames: int = 32
    """Frames of a video that are looked at (EMB; VDOC: 120)."""
    max_pages: int = 6
    """Pages of one PDF (EMB, VDOC)."""
    single: frozenset[Modality] = frozenset({"pdf"})
    """Of which modalities one content holds one part only (EMB; VDOC: audio, video and PDF)."""
    usd_per_million_tokens: Mapping[str, float] = field(default_factory=dict)
    """Price by modality, standard tier; empty when not known."""
    price_date: date | None = None
    """The day the price was last seen to be that (PRICE, or a copy of it)."""
    locations: frozenset[str] | None = None
    """Vertex locations it is known to be served at; None: not restricted as far as known."""
    retired: date | None = None
    """The day it was or will be shut down on this backend."""
    successor: str | None = None
    source: str = ""
    known: bool = True
    """False for a pair that has no row."""

    def __post_init__(self) -> None:
        for fact, options in (("endpoint", Endpoint), ("conditioning", Conditioning)):
            if getattr(self, fact) not in get_args(options):
                raise ConfigurationError(
                    f"facts: {fact}={getattr(self, fact)!r} is none of {', '.join(get_args(options))}"
                )
        if type(self.max_batch_items) is not int or self.max_batch_items < 1:
            raise ConfigurationError(f"facts: max_batch_items={self.max_batch_items!r} must be a positive whole number")

    def is_retired(self, today: date | None = None) -> bool:
        """Whether the shut-down date has come."""
        return self.retired is not None and self.retired <= (today or date.today())


def bare_name(model: str) -> str:
    """The model's own name: without `models/`, `publishers/google/models/` or a full Vertex resource path."""
    return model.strip().rsplit("models/", 1)[-1]


def checked_dimensions(dimensions: int | None, facts: ModelFacts) -> int | None:
    """The size to ask for; None is the model's own. Raises ConfigurationError for one that it cannot have."""
    if dimensions is None:
        return None
    if type(dimensions) is not int or dimensions < 1:
        raise ConfigurationError(f"dimensions={dimensions!r} must be a positive whole number")
    if facts.max_dimensions is not None and dimensions > facts.max_dimensions:
        raise ConfigurationError(
            f"dimensions={dimensions}: {facts.name} has at most {facts.max_dimensions}; "
            "facts={'max_dimensions': ...} if it has grown"
        )
    if not facts.shortens:
        if dimensions != facts.default_dimensions:
            raise ConfigurationError(f"{facts.name} always returns {facts.default_dimensions} values")
        return None
    return dimensions


_EMBEDDING_2 = {
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
        retired=date(2028, 5, 14),
        successor="gemini-embedding-2",
        source="EMB DEPR PRICE REC (768 measured 0.57; the date is the earliest)",
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
    _row("gemini-embedding-2", "vertex", _EMBEDDING_2, _EMBED_ONE, source="VDOC REC PRICE (of the Developer API)"),
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
        _PREDICT,
        retired=date(2028, 5, 20),
        successor="gemini-embedding-2",
        source="VDOC VLIFE REC PRICE (of the Developer API) REP (1 or 250 texts a call: the refusal is learned from)",
    ),
    *(
        _row(
            name,
            "vertex",
            _SIZE_768,
            _PREDICT,
            retired=date(2027, 4, 1),
            successor="gemini-embedding-2",
            source="VDOC VLIFE",
        )
        for name in ("text-embedding-005", "text-embedding-004", "text-multilingual-embedding-002")
    ),
]

MODELS: Mapping[tuple[str, Backend], ModelFacts] = {(row.name, row.backend): row for row in _ROWS}
"""All rows, by (bare name, backend)."""


def facts_for(model: str, backend: Backend, override: ModelFacts | Mapping[str, Any] | None = None) -> ModelFacts:
    """The facts that hold for `model` on `backend`: its row, else conservative ones, then the caller's overrides.

    Raises:
        ConfigurationError: an override names a fact that does not exist.
    """
    name = bare_name(str(model or ""))
    if not name:
        raise ConfigurationError(f"model={model!r} must be a model's name, such as 'gemini-embedding-2'")
    checked_name("model", name)
    if isinstance(override, ModelFacts):
        return dataclasses.replace(override, name=name, backend=backend)
    row = MODELS.get((name.partition("@")[0], backend))  # Vertex knows versions: text-embedding-005@001
    found = dataclasses.replace(row, name=name) if row else _unknown(name, backend)
    if not override:
        return found
    known = {f.name for f in dataclasses.fields(ModelFacts)}
    if wrong := sorted(set(override) - known):
        raise ConfigurationError(f"facts= names {', '.join(wrong)}; a model's facts are {', '.join(sorted(known))}")
    return dataclasses.replace(found, **{fact: _from_json(fact, value) for fact, value in override.items()})


def _from_json(fact: str, value: Any) -> Any:
    """Overrides may come from a configuration file, where sets are lists and dates are text."""
    if fact in ("modalities", "image_types", "locations", "single") and value is not None:
        return frozenset(value)
    return date.fromisoformat(value) if fact in ("retired", "price_date") and isinstance(value, str) else value


def _unknown(name: str, backend: Backend) -> ModelFacts:
    """Facts for a pair without a row: what the model is elsewhere, and the most careful way to call it here."""
    other: Backend = "vertex" if backend == "developer" else "developer"
    elsewhere = MODELS.get((name, other))
    kept: dict[str, Any] = {}
    if elsewhere:
        of_the_backend = {"name", "backend", "endpoint", "image_types", "max_batch_items", "max_batch_tokens",
                          "max_frames", "single",
                          "locations", "retired", "successor", "source", "known"}  # fmt: skip
        kept = {f.name: getattr(elsewhere, f.name) for f in dataclasses.fields(elsewhere)}
        kept = {k: v for k, v in kept.items() if k not in of_the_backend}
    if backend == "developer":
        return ModelFacts(name=name, backend=backend, endpoint="batchEmbedContents", known=False, **kept)
    # The SDK routes by the same rule: what is called gemini goes to :embedContent.
    endpoint: Endpoint = "embedContent" if "gemini" in name else "predict"
    return ModelFacts(name=name, backend=backend, endpoint=endpoint, max_batch_items=1, known=False, **kept)
