"""A Qdrant server, or a collection of qdrant-client that lives in this process."""

from gemini_embed.stores.qdrant.store import QdrantStore

__all__ = ["QdrantStore"]
