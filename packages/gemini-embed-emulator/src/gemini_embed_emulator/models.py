"""What the emulator serves: one row per model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_TEXT_METHODS = ("embedContent", "countTextTokens", "countTokens")


@dataclass(frozen=True)
class Model:
    """One embedding model as both backends present it."""

    name: str
    space: str
    """Models of one space give the same vectors for the same input."""
    dimensions: int
    """Values of a vector when no size is asked for; also the most."""
    max_tokens: int
    """Longer input is cut silently."""
    display_name: str
    developer: str = "absent"
    """On the Developer API: "served", "retired" (404 unless the emulator serves retired models) or "absent"."""
    vertex: bool = True
    multimodal: bool = False
    """Takes images, is told its task in the text, reports usage, speaks :embedContent on Vertex."""
    unit_when_cut: bool = True
    """Whether a vector shorter than `dimensions` comes back at unit length."""
    version: str = "001"
    """As the Developer API's ListModels gave it."""
    methods: tuple[str, ...] = (*_TEXT_METHODS, "asyncBatchEmbedContent")
    """What ListModels said that the model supports, whether or not the emulator does it."""
    tokenizer: Literal["gemini", "gecko"] = "gemini"


# Lifecycle: the deprecations page (Developer) and model-versions page (Vertex), autumn 2026.
_ROWS = (
    Model("gemini-embedding-2", "2", 3072, 8192, "Gemini Embedding 2", "served", multimodal=True, version="2"),
    Model(
        "gemini-embedding-2-preview", "2", 3072, 8192, "Gemini Embedding 2 Preview", "retired",
        multimodal=True, version="2",
    ),
    Model("gemini-embedding-001", "001", 3072, 2048, "Gemini Embedding 001", "served", unit_when_cut=False),
    Model(
        "gemini-embedding-exp-03-07", "exp-03-07", 3072, 8192, "Gemini Embedding Experimental 03-07", "retired",
        vertex=False, unit_when_cut=False, version="exp-03-07", methods=_TEXT_METHODS,
    ),
    Model(
        "gemini-embedding-exp", "exp-03-07", 3072, 8192, "Gemini Embedding Experimental", "retired",
        vertex=False, unit_when_cut=False, version="exp-03-07", methods=_TEXT_METHODS,
    ),
    Model(
        "text-embedding-004", "text-004", 768, 2048, "Text Embedding 004", "retired",
        version="004", methods=("embedContent",), tokenizer="gecko",
    ),
    Model(
        "embedding-001", "embedding-001", 768, 2048, "Embedding 001", "retired",
        vertex=False, methods=("embedContent",), tokenizer="gecko",
    ),
    Model("text-embedding-005", "text-005", 768, 2048, "Text Embedding 005", tokenizer="gecko"),
    Model("text-multilingual-embedding-002", "multilingual-002", 768, 2048, "Text Multilingual Embedding 002"),
)  # fmt: skip

MODELS: dict[str, Model] = {row.name: row for row in _ROWS}


def on_developer(name: str, *, retired: bool) -> Model | None:
    """The model behind a name on the Developer API, the shut-down ones only when `retired`."""
    model = MODELS.get(name)
    wanted = ("served", "retired") if retired else ("served",)
    return model if model and model.developer in wanted else None


def on_vertex(name: str) -> Model | None:
    """The model behind a name on Vertex, an `@version` suffix allowed."""
    model = MODELS.get(name.partition("@")[0])
    return model if model and model.vertex else None


def generates(name: str) -> bool:
    """Whether the name is that of a text-generating model: the emulator knows these for countTokens only."""
    return name.startswith("gemini-") and "embedding" not in name
