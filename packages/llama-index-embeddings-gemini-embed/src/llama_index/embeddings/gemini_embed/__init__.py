"""Gemini embeddings for LlamaIndex: `GeminiEmbedding`."""

from llama_index.embeddings.gemini_embed.base import GeminiEmbedding

__all__ = ["GeminiEmbedding"]
