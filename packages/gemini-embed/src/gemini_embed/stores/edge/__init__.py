"""Qdrant Edge: the engine in this process, in a folder of its own."""

from gemini_embed.stores.edge.store import EdgeStore

__all__ = ["EdgeStore"]
