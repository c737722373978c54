"""Gemini embeddings and a multimodal retriever for LangChain, on the core package gemini-embed.

options     the constructor's vocabulary: the official class's and ours, honoured or refused by name
fields      what the constructor takes, kept as it is (`fixed`);  sides: tasks that name a side of a search
embeddings  `GeminiEmbeddings`, LangChain's `Embeddings`, for media too
usage       what calls used, told to LangChain's callbacks
blocks      LangChain's content blocks and messages in
documents   documents in and out;  loaders: LangChain's document loaders as readers of files
retriever   `GeminiMultimodalRetriever` over a `gemini_embed.MultimodalIndex`
hypotheses  what an answer might say, written by a chain;  reranking: `GeminiRerank`, a document compressor
answers     what was found as content blocks, for the next message
tools       the retriever as an agent's tools;  results: what they answer, numbered
history     their media as messages for a chat model, and what an answer cites;  agents: the same as middleware
vectorstores  over LangChain's own stores, each in a file of `stores/`
ready       vectors that are made, for stores that would ask for them again
sparse      `GeminiBm25`, words beside vectors for langchain-qdrant
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemini_embed import ApiError, GeminiEmbedError

from langchain_gemini_embed.embeddings import GeminiEmbeddings
from langchain_gemini_embed.usage import USAGE_EVENT

if TYPE_CHECKING:
    from langchain_gemini_embed.answers import to_content_blocks
    from langchain_gemini_embed.history import cited, with_media
    from langchain_gemini_embed.loaders import from_loader
    from langchain_gemini_embed.reranking import GeminiRerank
    from langchain_gemini_embed.retriever import GeminiMultimodalRetriever
    from langchain_gemini_embed.sparse import GeminiBm25

__all__ = [
    "USAGE_EVENT",
    "ApiError",
    "GeminiBm25",
    "GeminiEmbedError",
    "GeminiEmbeddings",
    "GeminiMultimodalRetriever",
    "GeminiRerank",
    "cited",
    "from_loader",
    "to_content_blocks",
    "with_media",
]

# langchain_core.retrievers takes seconds to import, and who only embeds does not need it
_LAZY = {
    "GeminiBm25": "langchain_gemini_embed.sparse",
    "GeminiMultimodalRetriever": "langchain_gemini_embed.retriever",
    "GeminiRerank": "langchain_gemini_embed.reranking",
    "cited": "langchain_gemini_embed.history",
    "from_loader": "langchain_gemini_embed.loaders",
    "to_content_blocks": "langchain_gemini_embed.answers",
    "with_media": "langchain_gemini_embed.history",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
