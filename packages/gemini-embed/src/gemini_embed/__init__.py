"""gemini-embed: Gemini embeddings done right, for texts and media, on the Developer API and on Vertex AI.

The data path, one direction:

    content -> tasks -> preparing -> wire -> calls -> vectors -> stores -> index

The house, from the ground up. A room imports rooms of lower rows only, none beside it. The tests read these rows and
hold every import to them, so a new room gets a row here.

    1   `result` `excerpt` `notices` `tokens` `secret`   words that need no other word
    1   `marking`                    where words of a query stand in a text, for readers
    2   `errors` `records`           the tree of errors; what an index holds
    3   `tasks` `checks`             what vectors are for; arguments checked
    3   `cache_file`                 the SQLite file of the cache
    3   `engine/`                    how work runs: one loop in one thread, both doors, steps
    3   `transport/`                 bytes over sockets
    3   `quota/`                     how fast calls may start: told, or learned from refusals
    4   `models/`                    what is known of each model on each backend
    4   `cache`                      vectors by key, on disk
    4   `isolation/`                 work in a child process that is started again
    5   `service/`                   who is asked, in whose name
    5   `media/`                     bytes of media: had, recognised, looked into
    5   `fingerprint`                what vectors must share to meet in one index
    6   `content/`                   what is embedded: contents made of parts; one content is one vector
    6   `windows/`                   media and texts longer than the model takes, cut
    7   `preparing/`                 contents to entries to batches, as the model's facts allow
    7   `readers/`                   files read as passages with places: pages, notebooks, mail, documents, tables, code
    7   `hits/`                      what is found, its medium opened, shown
    8   `wire/`                      entries to JSON, JSON to rows and usage; pure
    8   `metering/`                  prices, estimates, budgets; usage trackers and OpenTelemetry
    8   `stores/`                    where records and vectors live: `qdrant/`, `edge/`, `milvus/` behind one contract
    9   `describing/`                what media say, written by chat models: transcripts, captions, scans
    9   `calls/`                     one call: tried, sifted, recalled from the cache, put back in order
    10  `batch_jobs/`                the Batch API at half price: submitted, found again, collected into the cache
    11  `embedder/`                  `Embedder`, the first door
    12  `indexing/`                  how things come in: places, items, candidates, batches, written
    12  `searching/`                 how they are found: a query for each modality, fused, merged
    13  `index`                      `MultimodalIndex`, the second door
    13  `adapters/`                  what stands in front of the embedder for others
    13  `testing/`                   what every store must pass, for pytest
    14  `agents/`                    numbers for sources, media for a model, tools that read
    14  `analysis/`                  groups, labels and outliers of vectors
    14  `evaluation/`                how well an index finds, measured on the index itself
    14  `migrating/`                 an index embedded anew by another model, put in the place of the old one
    14  `scale/`                     stages over batches of rows, for engines that run on several workers
    15  `daft`                       those stages on Daft
    15  `ray`                        those stages on Ray Data

Each room's `__init__` says its files, and hands on the names others need most; the rest is imported from its file.

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
    BatchDeadlineError,
    BatchError,
    BatchFailedError,
    BatchMismatchError,
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
    StoreMovedError,
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
    from gemini_embed.batch_jobs.batches import Batches
    from gemini_embed.batch_jobs.limits import BatchLimits
    from gemini_embed.batch_jobs.run import BatchRun
    from gemini_embed.batch_jobs.status import BatchStatus
    from gemini_embed.cache import VectorCache
    from gemini_embed.describing import Description, GeminiDescriber, Sentence
    from gemini_embed.excerpt import Excerpt
    from gemini_embed.hits import Hit, Hits
    from gemini_embed.index import MultimodalIndex
    from gemini_embed.indexing.items import Item
    from gemini_embed.indexing.report import AddReport, FolderReport, SkippedItem
    from gemini_embed.metering.batch_estimates import BatchEstimate
    from gemini_embed.metering.budget import Budget
    from gemini_embed.metering.estimates import Estimate
    from gemini_embed.migrating.from_milvus import FromMilvus
    from gemini_embed.migrating.from_qdrant import FromQdrant
    from gemini_embed.migrating.migration import Migration
    from gemini_embed.migrating.report import MigrationEstimate, MigrationReport
    from gemini_embed.migrating.verification import Verification
    from gemini_embed.records import Record
    from gemini_embed.searching.lexical import Words
    from gemini_embed.searching.reranking import Reranked, arerank, rerank
    from gemini_embed.stores.base import Store
    from gemini_embed.stores.edge import EdgeStore
    from gemini_embed.stores.lexical import Lexical
    from gemini_embed.stores.milvus import MilvusStore
    from gemini_embed.stores.precision import Precision
    from gemini_embed.stores.qdrant import QdrantStore
    from gemini_embed.windows import Cutting, Window

_LAZY = {
    "AddReport": "gemini_embed.indexing.report",
    "BatchEstimate": "gemini_embed.metering.batch_estimates",
    "BatchLimits": "gemini_embed.batch_jobs.limits",
    "BatchRun": "gemini_embed.batch_jobs.run",
    "BatchStatus": "gemini_embed.batch_jobs.status",
    "Batches": "gemini_embed.batch_jobs.batches",
    "Budget": "gemini_embed.metering.budget",
    "Cutting": "gemini_embed.windows",
    "Description": "gemini_embed.describing",
    "EdgeStore": "gemini_embed.stores.edge",
    "Estimate": "gemini_embed.metering.estimates",
    "Excerpt": "gemini_embed.excerpt",
    "FolderReport": "gemini_embed.indexing.report",
    "FromMilvus": "gemini_embed.migrating.from_milvus",
    "FromQdrant": "gemini_embed.migrating.from_qdrant",
    "GeminiDescriber": "gemini_embed.describing",
    "GeminiEmbeddingFunction": "gemini_embed.adapters.embedding_function",
    "Hit": "gemini_embed.hits.hit",
    "Hits": "gemini_embed.hits.hits",
    "Item": "gemini_embed.indexing.items",
    "Lexical": "gemini_embed.stores.lexical",
    "Migration": "gemini_embed.migrating.migration",
    "MigrationEstimate": "gemini_embed.migrating.report",
    "MigrationReport": "gemini_embed.migrating.report",
    "MilvusStore": "gemini_embed.stores.milvus",
    "MultimodalIndex": "gemini_embed.index",
    "Precision": "gemini_embed.stores.precision",
    "QdrantStore": "gemini_embed.stores.qdrant",
    "Record": "gemini_embed.records",
    "Reranked": "gemini_embed.searching.reranking",
    "Sentence": "gemini_embed.describing",
    "SkippedItem": "gemini_embed.indexing.report",
    "Store": "gemini_embed.stores.base",
    "VectorCache": "gemini_embed.cache",
    "Verification": "gemini_embed.migrating.verification",
    "Window": "gemini_embed.windows",
    "Words": "gemini_embed.searching.lexical",
    "arerank": "gemini_embed.searching.reranking",
    "rerank": "gemini_embed.searching.reranking",
}

__all__ = [
    "AddReport",
    "ApiError",
    "Audio",
    "AuthenticationError",
    "BatchDeadlineError",
    "BatchError",
    "BatchEstimate",
    "BatchFailedError",
    "BatchLimits",
    "BatchMismatchError",
    "BatchRun",
    "BatchStatus",
    "Batches",
    "Budget",
    "BudgetError",
    "CacheError",
    "Completed",
    "ConfigurationError",
    "ConnectionFailedError",
    "Content",
    "Cutting",
    "Description",
    "EdgeStore",
    "Embedder",
    "EmbeddingResult",
    "EngineError",
    "Estimate",
    "Excerpt",
    "Fingerprint",
    "FingerprintMismatchError",
    "FolderReport",
    "FromMilvus",
    "FromQdrant",
    "GeminiDescriber",
    "GeminiEmbedError",
    "GeminiEmbedWarning",
    "GeminiEmbeddingFunction",
    "Hit",
    "Hits",
    "Image",
    "InputError",
    "Item",
    "Lexical",
    "MediaError",
    "Migration",
    "MigrationEstimate",
    "MigrationReport",
    "MilvusStore",
    "MissingExtraError",
    "ModelFacts",
    "MultimodalIndex",
    "NotFoundError",
    "Pdf",
    "Precision",
    "QdrantStore",
    "QuotaError",
    "QuotaUsedUpError",
    "RateLimits",
    "Record",
    "RefusedItem",
    "RefusedItemsError",
    "ReplyError",
    "RequestError",
    "Reranked",
    "RetryPolicy",
    "Sentence",
    "SkippedItem",
    "Store",
    "StoreError",
    "StoreLockedError",
    "StoreMovedError",
    "Task",
    "Text",
    "Usage",
    "UsageTracker",
    "VectorCache",
    "Verification",
    "Video",
    "Window",
    "Words",
    "arerank",
    "rerank",
    "track_usage",
]


if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
