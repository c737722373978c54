"""gemini-embed: Gemini embeddings done right, for texts and media, on the Developer API and on Vertex AI.

The data path, one direction, one file a step:

    content -> tasks -> prepare -> plan -> wire -> calls -> vectors -> stores -> index

    content     what is embedded: `parts`, and contents made of them; one content is one vector
    tasks       the task vocabulary and both official ways to tell a model
    prepare     contents are checked against `models.ModelFacts` (media looked `inside`) and conditioned
    plan        twins are sent once; batches by count, tokens and bytes
    wire        batch -> JSON request, JSON reply -> rows and usage; pure
    calls       fan-out and order; each call tried by `attempts` as `pacing` decides, on `transport` and `engine`;
                inputs at fault go to `refusals`, vectors into `rows`; `recall` asks the `cache` first, and fills it
    quota       how fast calls may start: told, or learned from refusals; `gate` holds them until then
    vectors     counted, sized, finite, unit length where due; float32
    embedder    `Embedder`, the facade of all that
    stores      where `records` and vectors live
    index       `MultimodalIndex`: add, search, delete, on any store
    testing     what every store must pass, for pytest

Adding to an index is a stream of its own (`indexing`): files and items -> candidates -> chunks -> embedding -> written,
what is outdated removed at the end. What is longer than the model takes is cut by `windows`; what is too large for a
call goes through `uploads`. Searching it (`searching`) is a query for each modality, fused into `hits`, which open
their medium (`opening`) and show as a `strip` of pictures.

`spend` knows prices: estimates before, budgets meanwhile, reports afterwards. `tracking` and `telemetry` see every
call: usage for whoever asks, OpenTelemetry's spans and metrics.

Nothing heavy is imported with this module; what needs an extra is loaded when its name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemini_embed.calls.retries import RetryPolicy
from gemini_embed.content import Audio, Content, Image, Pdf, Text, Video
from gemini_embed.embedder import Embedder
from gemini_embed.errors import (
    ApiError,
    AuthenticationError,
    BudgetError,
    CacheError,
    Completed,
    ConfigurationError,
    ConnectionFailedError,
    EngineError,
    FingerprintMismatchError,
    GeminiEmbedError,
    InputError,
    MediaError,
    MissingExtraError,
    NotFoundError,
    QuotaError,
    QuotaUsedUpError,
    RefusedItemsError,
    ReplyError,
    RequestError,
    StoreError,
    StoreLockedError,
)
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.metering.tracking import UsageTracker, track_usage
from gemini_embed.models import ModelFacts
from gemini_embed.notices import GeminiEmbedWarning
from gemini_embed.quota import RateLimits
from gemini_embed.result import EmbeddingResult, RefusedItem, Usage
from gemini_embed.tasks import Task

if TYPE_CHECKING:
    from gemini_embed.adapters.embedding_function import GeminiEmbeddingFunction
    from gemini_embed.cache import VectorCache
    from gemini_embed.excerpt import Excerpt
    from gemini_embed.hits import Hit, Hits
    from gemini_embed.index import MultimodalIndex
    from gemini_embed.indexing.items import Item
    from gemini_embed.indexing.report import AddReport, SkippedItem
    from gemini_embed.metering.budget import Budget
    from gemini_embed.metering.estimates import Estimate
    from gemini_embed.records import Record
    from gemini_embed.stores.base import Store
    from gemini_embed.stores.edge import EdgeStore
    from gemini_embed.stores.milvus import MilvusStore
    from gemini_embed.stores.qdrant import QdrantStore
    from gemini_embed.windows import Cutting, Window

_LAZY = {
    "AddReport": "gemini_embed.indexing.report",
    "Budget": "gemini_embed.metering.budget",
    "EdgeStore": "gemini_embed.stores.edge",
    "Cutting": "gemini_embed.windows",
    "Estimate": "gemini_embed.metering.estimates",
    "Excerpt": "gemini_embed.excerpt",
    "GeminiEmbeddingFunction": "gemini_embed.adapters.embedding_function",
    "Hit": "gemini_embed.hits.hit",
    "Hits": "gemini_embed.hits.hits",
    "Item": "gemini_embed.indexing.items",
    "MilvusStore": "gemini_embed.stores.milvus",
    "MultimodalIndex": "gemini_embed.index",
    "QdrantStore": "gemini_embed.stores.qdrant",
    "Record": "gemini_embed.records",
    "SkippedItem": "gemini_embed.indexing.report",
    "Store": "gemini_embed.stores.base",
    "VectorCache": "gemini_embed.cache",
    "Window": "gemini_embed.windows",
}

__all__ = [
    "AddReport",
    "ApiError",
    "Audio",
    "AuthenticationError",
    "Budget",
    "BudgetError",
    "CacheError",
    "Completed",
    "ConfigurationError",
    "ConnectionFailedError",
    "Content",
    "Cutting",
    "EdgeStore",
    "Embedder",
    "EmbeddingResult",
    "EngineError",
    "Estimate",
    "Excerpt",
    "Fingerprint",
    "FingerprintMismatchError",
    "GeminiEmbedError",
    "GeminiEmbedWarning",
    "GeminiEmbeddingFunction",
    "Hit",
    "Hits",
    "Image",
    "InputError",
    "Item",
    "MediaError",
    "MilvusStore",
    "MissingExtraError",
    "ModelFacts",
    "MultimodalIndex",
    "NotFoundError",
    "Pdf",
    "QdrantStore",
    "QuotaError",
    "QuotaUsedUpError",
    "RateLimits",
    "Record",
    "RefusedItem",
    "RefusedItemsError",
    "ReplyError",
    "RequestError",
    "RetryPolicy",
    "SkippedItem",
    "Store",
    "StoreError",
    "StoreLockedError",
    "Task",
    "Text",
    "Usage",
    "UsageTracker",
    "VectorCache",
    "Video",
    "Window",
    "track_usage",
]


if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
