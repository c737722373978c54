"""gemini-embed: Gemini embeddings done right, for texts and images, on the Developer API and on Vertex AI.

The data path, one direction, one file a step:

    content -> tasks -> prepare -> plan -> wire -> calls -> vectors -> stores -> index

    content     what is embedded: parts, and contents made of them; one content is one vector
    tasks       the task vocabulary and both official ways to tell a model
    prepare     contents are checked against `models.ModelFacts` and conditioned
    plan        batches by count, tokens and bytes
    wire        batch -> JSON request, JSON reply -> rows and usage; pure
    calls       fan-out and order; each call tried by `attempts` as `pacing` decides, on `transport` and `engine`
    quota       how fast calls may start: told, or learned from refusals
    vectors     counted, sized, finite, unit length where due; float32
    embedder    `Embedder`, the facade of all that
    stores      where records and vectors live
    index       `MultimodalIndex`: add, search, delete, on any store

Nothing heavy is imported with this module; what needs an extra is loaded when its name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemini_embed.content import Content, Image, Text
from gemini_embed.embedder import Embedder
from gemini_embed.errors import (
    ApiError,
    AuthenticationError,
    Completed,
    ConfigurationError,
    ConnectionFailedError,
    EngineError,
    FingerprintMismatchError,
    GeminiEmbedError,
    InputError,
    MissingExtraError,
    NotFoundError,
    QuotaError,
    ReplyError,
    RequestError,
    StoreError,
    StoreLockedError,
)
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.models import ModelFacts
from gemini_embed.notices import GeminiEmbedWarning
from gemini_embed.pacing import RetryPolicy
from gemini_embed.quota import RateLimits
from gemini_embed.result import EmbeddingResult, Usage
from gemini_embed.tasks import Task

if TYPE_CHECKING:
    from gemini_embed.adding import AddReport
    from gemini_embed.embedding_function import GeminiEmbeddingFunction
    from gemini_embed.index import MultimodalIndex
    from gemini_embed.items import Item
    from gemini_embed.stores.base import Hit, Record, Store
    from gemini_embed.stores.edge import EdgeStore
    from gemini_embed.stores.qdrant import QdrantStore

_LAZY = {
    "AddReport": "gemini_embed.adding",
    "EdgeStore": "gemini_embed.stores.edge",
    "GeminiEmbeddingFunction": "gemini_embed.embedding_function",
    "Hit": "gemini_embed.stores.base",
    "Item": "gemini_embed.items",
    "MultimodalIndex": "gemini_embed.index",
    "QdrantStore": "gemini_embed.stores.qdrant",
    "Record": "gemini_embed.stores.base",
    "Store": "gemini_embed.stores.base",
}

__all__ = [
    "AddReport",
    "ApiError",
    "AuthenticationError",
    "Completed",
    "ConfigurationError",
    "ConnectionFailedError",
    "Content",
    "EdgeStore",
    "Embedder",
    "EmbeddingResult",
    "EngineError",
    "Fingerprint",
    "FingerprintMismatchError",
    "GeminiEmbedError",
    "GeminiEmbedWarning",
    "GeminiEmbeddingFunction",
    "Hit",
    "Image",
    "InputError",
    "Item",
    "MissingExtraError",
    "ModelFacts",
    "MultimodalIndex",
    "NotFoundError",
    "QdrantStore",
    "QuotaError",
    "RateLimits",
    "Record",
    "ReplyError",
    "RequestError",
    "RetryPolicy",
    "Store",
    "StoreError",
    "StoreLockedError",
    "Task",
    "Text",
    "Usage",
]


if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
