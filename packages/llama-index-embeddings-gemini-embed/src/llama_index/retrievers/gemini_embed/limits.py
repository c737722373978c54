"""Limits of the engines behind LlamaIndex's stores, told before anything is embedded."""

from __future__ import annotations

from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.retrievers.gemini_embed.kinds import MILVUS, POSTGRES, kind_of

from gemini_embed import ConfigurationError, Fingerprint, InputError, Record

_PGVECTOR_INDEXES = {False: 2_000, True: 4_000}
"""Dimensions that pgvector's indexes take; of half precision more."""
_MILVUS_TEXT_BYTES = 65_535


def check_limits(store: BasePydanticVectorStore, fingerprint: Fingerprint) -> None:
    """ConfigurationError for vectors that the store was not made for, or that its engine cannot index."""
    name, size = type(store).__name__, fingerprint.dimensions
    told = getattr(store, "embed_dim", None) or getattr(store, "dim", None)
    if isinstance(told, int) and told != size:
        raise ConfigurationError(
            f"the {name} was made for vectors of {told} dimensions, and the embedder makes {size}: give both the same"
        )
    is_half = bool(getattr(store, "use_halfvec", False))
    if kind_of(store) == POSTGRES and getattr(store, "hnsw_kwargs", None) and size > _PGVECTOR_INDEXES[is_half]:
        raise ConfigurationError(
            f"pgvector's indexes take {_PGVECTOR_INDEXES[is_half]:,} dimensions of such vectors, not {size:,}: make "
            "the store without hnsw_kwargs (it reads all then) or with use_halfvec=True (4,000), or dimensions=1536"
        )


def check_text(store: BasePydanticVectorStore, record: Record) -> None:
    """InputError for a text that the store's engine would refuse."""
    size = len(record.page_content.encode())
    if kind_of(store) == MILVUS and size > _MILVUS_TEXT_BYTES:
        raise InputError(
            f"Milvus holds texts of {_MILVUS_TEXT_BYTES:,} bytes, and this has {size:,}: split it, or use "
            "gemini_embed.MilvusStore, which keeps the beginning"
        )
