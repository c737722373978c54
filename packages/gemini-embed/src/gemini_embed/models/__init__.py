"""What is known of each model on each backend.

facts       what there is to know of a model; which sizes of vectors it can have
table       a row for each model on each backend, with the sources: add a model here
shortening  a smaller size made of a larger vector, as the service makes it
lookup      the row of a model, or careful facts, with the caller's overrides
"""

from gemini_embed.models.facts import (
    ALL_MODALITIES,
    DEVELOPER_IMAGES,
    EMULATOR,
    GOOGLE,
    TEXT_ONLY,
    VERTEX_IMAGES,
    Backend,
    Conditioning,
    Endpoint,
    Modality,
    ModelFacts,
    checked_dimensions,
)
from gemini_embed.models.lookup import bare_name, facts_for
from gemini_embed.models.table import MODELS

__all__ = [
    "ALL_MODALITIES",
    "DEVELOPER_IMAGES",
    "EMULATOR",
    "GOOGLE",
    "MODELS",
    "TEXT_ONLY",
    "VERTEX_IMAGES",
    "Backend",
    "Conditioning",
    "Endpoint",
    "Modality",
    "ModelFacts",
    "bare_name",
    "checked_dimensions",
    "facts_for",
]
