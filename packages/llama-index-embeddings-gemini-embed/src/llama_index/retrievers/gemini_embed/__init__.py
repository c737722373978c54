"""A retriever for LlamaIndex over texts, images, recordings, videos and PDFs in one index.

queries     what a query bundle asks for
filters     `MetadataFilters` and the core's neutral filters, both ways
nodes       nodes in and out
base        `GeminiMultimodalRetriever`
node_store  any of LlamaIndex's vector stores as a store of the core
their_stores  those, asked in the words that each of them understands
tool        the retriever as an agent's tool
"""

from llama_index.retrievers.gemini_embed.base import GeminiMultimodalRetriever
from llama_index.retrievers.gemini_embed.node_store import NodesLeftOutError, NodeStore
from llama_index.retrievers.gemini_embed.queries import MultimodalQuery

__all__ = ["GeminiMultimodalRetriever", "MultimodalQuery", "NodeStore", "NodesLeftOutError"]
