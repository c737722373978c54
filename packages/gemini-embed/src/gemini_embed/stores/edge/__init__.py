"""Qdrant Edge: the engine in this process, in a folder of its own.

store     the store
words     words beside vectors
folder    its fingerprint, the engine's shard, and the child process that optimises it
memory    given back while mapped files grow
"""

from gemini_embed.stores.edge.store import EdgeStore

__all__ = ["EdgeStore"]
