"""Gemini embeddings for LlamaIndex: `GeminiEmbedding`, and the errors to catch beside it."""

from llama_index.embeddings.gemini_embed.base import GeminiEmbedding

from gemini_embed import ApiError, GeminiEmbedError

__all__ = ["ApiError", "GeminiEmbedError", "GeminiEmbedding"]
