"""Gemini embeddings and a multimodal retriever for LangChain, on the core package gemini-embed.

options     the constructor's vocabulary: the official class's and ours, honoured or refused by name
embeddings  `GeminiEmbeddings`, LangChain's `Embeddings` for texts and images
usage       what calls used, told to LangChain's callbacks
blocks      LangChain's content blocks, messages and documents in, documents out
retriever   `GeminiMultimodalRetriever` over a `gemini_embed.MultimodalIndex`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_gemini_embed.embeddings import GeminiEmbeddings
from langchain_gemini_embed.usage import USAGE_EVENT

if TYPE_CHECKING:
    from langchain_gemini_embed.retriever import GeminiMultimodalRetriever

__all__ = ["USAGE_EVENT", "GeminiEmbeddings", "GeminiMultimodalRetriever"]


def __getattr__(name: str) -> Any:
    # langchain_core.retrievers takes seconds to import, and who only embeds does not need it
    if name == "GeminiMultimodalRetriever":
        from langchain_gemini_embed.retriever import GeminiMultimodalRetriever

        return GeminiMultimodalRetriever
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
