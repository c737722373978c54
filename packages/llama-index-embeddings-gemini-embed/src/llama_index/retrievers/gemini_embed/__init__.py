"""A retriever for LlamaIndex over texts, images, recordings, videos and PDFs in one index.

queries     what a query bundle asks for
filters     `MetadataFilters` and the core's neutral filters, both ways
nodes       nodes in and out;  readers: LlamaIndex's readers as readers of files
base        `GeminiMultimodalRetriever`
node_store  any of LlamaIndex's vector stores as a store of the core
their_stores  those, asked in the words that each of them understands;  flat: metadata as they hold them
kinds       which of LlamaIndex's stores one is, subclasses too
limits      what their engines cannot take, told before it is paid
sparse      words beside vectors for LlamaIndex's own Qdrant store
tool        the retriever as an agent's tools
results     what those answer: numbered words, pictures, nodes
held        media that tools found, as blocks of a user's message
tool_media  `ToolMedia`: those, put where a model reads them
agents      `MediaFunctionAgent`, which does that by itself; not loaded with the others
"""

from llama_index.retrievers.gemini_embed.base import GeminiMultimodalRetriever
from llama_index.retrievers.gemini_embed.node_store import NodesLeftOutError, NodeStore
from llama_index.retrievers.gemini_embed.queries import MultimodalQuery
from llama_index.retrievers.gemini_embed.readers import from_reader
from llama_index.retrievers.gemini_embed.sparse import GeminiBm25, sparse_doc_fn, sparse_query_fn

__all__ = [
    "GeminiBm25",
    "GeminiMultimodalRetriever",
    "MultimodalQuery",
    "NodeStore",
    "NodesLeftOutError",
    "from_reader",
    "sparse_doc_fn",
    "sparse_query_fn",
]
