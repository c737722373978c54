"""LlamaIndex's vector stores that we know the ways of, by name: their packages are not loaded to recognise them."""

from __future__ import annotations

CHROMA, DUCKDB, LANCE, MILVUS, POSTGRES, QDRANT = (
    "ChromaVectorStore",
    "DuckDBVectorStore",
    "LanceDBVectorStore",
    "MilvusVectorStore",
    "PGVectorStore",
    "QdrantVectorStore",
)
_KNOWN = frozenset({CHROMA, DUCKDB, LANCE, MILVUS, POSTGRES, QDRANT})


def kind_of(store: object) -> str | None:
    """Which of these a store is, or was made from; None for others."""
    return next((one.__name__ for one in type(store).__mro__ if one.__name__ in _KNOWN), None)
