"""Milvus: a server, Zilliz Cloud, or Milvus Lite in a file."""

from gemini_embed.stores.milvus.store import Consistency, MilvusStore

__all__ = ["Consistency", "MilvusStore"]
