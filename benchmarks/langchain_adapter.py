"""`GeminiEmbeddings` as the side-by-side benchmark drives it: `setup`, then calls of its choice (make bench)."""

from langchain_gemini_embed import GeminiEmbeddings

_embeddings: GeminiEmbeddings


def setup(base_url: str, model: str, dim: int) -> None:
    """Before the clock starts."""
    global _embeddings
    _embeddings = GeminiEmbeddings(model=model, api_key="k", base_url=base_url, output_dimensionality=dim)


def embed_documents(texts: list[str]) -> list[list[float]]:
    """One row a text, in order."""
    return _embeddings.embed_documents(texts)


async def aembed_documents(texts: list[str]) -> list[list[float]]:
    """One row a text, in order."""
    return await _embeddings.aembed_documents(texts)
