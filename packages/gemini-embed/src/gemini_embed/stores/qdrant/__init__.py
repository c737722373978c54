"""A Qdrant server, or a collection of qdrant-client that lives in this process.

store         the store
searches      many of them in one request, with samples to compare their hits with
codes         what its server keeps of vectors in memory;  words: words beside them
collection    its making, and its fingerprint;  aliases: its other names
requests      what is asked of it, and answered;  client: qdrant-client, connected
away          requests asked again while a server is away
"""

from gemini_embed.stores.qdrant.store import QdrantStore

__all__ = ["QdrantStore"]
