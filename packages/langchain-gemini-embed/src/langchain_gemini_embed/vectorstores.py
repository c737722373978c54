"""An index over the collection of one of LangChain's vector stores, which both can write and search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gemini_embed import ConfigurationError, MultimodalIndex, Store

from langchain_gemini_embed.embeddings import GeminiEmbeddings
from langchain_gemini_embed.stores.chroma import ChromaStore
from langchain_gemini_embed.stores.faiss import FaissStore
from langchain_gemini_embed.stores.in_memory import InMemoryStore
from langchain_gemini_embed.stores.lancedb import LanceStore
from langchain_gemini_embed.stores.pgvector import PGVectorStore
from langchain_gemini_embed.stores.shared import milvus_of, qdrant_of
from langchain_gemini_embed.stores.texts import TextsStore

if TYPE_CHECKING:
    from langchain_core.vectorstores import VectorStore

_STORES: Mapping[str, Callable[[Any], Store]] = {
    "langchain_chroma.Chroma": ChromaStore,
    "langchain_community.FAISS": FaissStore,
    "langchain_core.InMemoryVectorStore": InMemoryStore,
    "langchain_lancedb.LanceDB": LanceStore,
    "langchain_milvus.Milvus": milvus_of,
    "langchain_postgres.PGVector": PGVectorStore,
    "langchain_qdrant.QdrantVectorStore": qdrant_of,
}
"""Package and class of a store, or of one that it is derived from."""


def index_over(vectorstore: VectorStore) -> MultimodalIndex:
    """The index whose store is what `vectorstore` holds, and whose embedder is that of its embeddings.

    A collection that holds vectors already is taken over: its embeddings are what it was filled with. A store
    that is none of `_STORES` takes texts only.

    Raises:
        ConfigurationError: other embeddings than ours, or another layout than the usual.
    """
    embeddings = vectorstore.embeddings or getattr(vectorstore, "_embedding_function", None)  # LanceDB tells it so only
    if not isinstance(embeddings, GeminiEmbeddings):
        raise ConfigurationError(
            f"the store's embeddings are {type(embeddings).__name__}: its vectors can be compared with ours only if it "
            "was made with GeminiEmbeddings"
        )
    return MultimodalIndex(embeddings.embedder, _store_of(vectorstore))


def _store_of(vectorstore: VectorStore) -> Store:
    names = [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(vectorstore).__mro__]
    known = next((name for name in names if name in _STORES), None)
    return TextsStore(vectorstore) if known is None else _STORES[known](vectorstore)
