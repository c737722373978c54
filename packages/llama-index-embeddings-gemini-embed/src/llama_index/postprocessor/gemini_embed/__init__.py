"""A reranker for LlamaIndex: nodes of any retriever by their nearness to the query."""

from llama_index.postprocessor.gemini_embed.base import GeminiRerank

__all__ = ["GeminiRerank"]
