"""A retriever for LlamaIndex over texts and images in one index: `GeminiMultimodalRetriever`."""

from llama_index.retrievers.gemini_embed.base import GeminiMultimodalRetriever

__all__ = ["GeminiMultimodalRetriever"]
