"""Milvus: a server, Zilliz Cloud, or Milvus Lite in a file.

store         the store
collection    its making, its index, its fingerprint;  aliases: its other names
rows          records as rows;  filters: the neutral filter as Milvus's expressions
searches      hits and counts;  iterating: rows in the order of their ids
together      several requests at once
lite          the server that Milvus Lite runs in this process
"""

from gemini_embed.stores.milvus.store import Consistency, MilvusStore

__all__ = ["Consistency", "MilvusStore"]
