"""Qdrant Edge: the engine in this process, in a folder of its own.

store         the store
words         words beside vectors
folder        its fingerprint, and the engine's shard;  pointer: other names of it
searches      a search in the engine's words
child         work in a process of its own, such as optimising
requantizing  other codes for a shard
log           its last entry, which is played back
memory        given back while mapped files grow
"""

from gemini_embed.stores.edge.store import EdgeStore

__all__ = ["EdgeStore"]
