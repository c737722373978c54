"""What is known of each model on each backend: `facts` says what there is to know, `table` knows it, `lookup` finds it."""

from gemini_embed.models.lookup import (
    ALL_MODALITIES,
    DEVELOPER_IMAGES,
    MODELS,
    TEXT_ONLY,
    VERTEX_IMAGES,
    Backend,
    Conditioning,
    Endpoint,
    Modality,
    ModelFacts,
    bare_name,
    checked_dimensions,
    facts_for,
)

__all__ = [
    "ALL_MODALITIES",
    "Backend",
    "Conditioning",
    "DEVELOPER_IMAGES",
    "Endpoint",
    "MODELS",
    "Modality",
    "ModelFacts",
    "TEXT_ONLY",
    "VERTEX_IMAGES",
    "bare_name",
    "checked_dimensions",
    "facts_for",
]
