"""`GeminiEmbedding` as the side-by-side runner drives it: lists of Python floats, 16 requests in flight."""

from llama_index.embeddings.gemini_embed import GeminiEmbedding

_embedding: GeminiEmbedding


def setup(base_url: str, model: str, dim: int) -> None:
    """Before the clock starts."""
    global _embedding
    _embedding = GeminiEmbedding(model, api_key="k", base_url=base_url, dimensions=dim, concurrency=16)


def embed_documents(texts: list[str]) -> list[list[float]]:
    """One row a text, in order."""
    return _embedding.get_text_embedding_batch(texts)


async def aembed_documents(texts: list[str]) -> list[list[float]]:
    """One row a text, in order."""
    return await _embedding.aget_text_embedding_batch(texts)
