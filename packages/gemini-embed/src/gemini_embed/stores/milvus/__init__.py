"""Milvus: a server, Zilliz Cloud, or Milvus Lite in a file."""

from gemini_embed.stores.milvus.store import MilvusStore

__all__ = ["MilvusStore"]
