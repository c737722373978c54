"""`GeminiEmbeddings` as the side-by-side runner drives it: lists of Python floats, 16 requests in flight."""

from langchain_gemini_embed import GeminiEmbeddings

_embeddings: GeminiEmbeddings


def setup(base_url: str, model: str, dim: int) -> None:
    """Before the clock starts."""
    global _embeddings
    _embeddings = GeminiEmbeddings(
        model=model, api_key="k", base_url=base_url, output_dimensionality=dim, concurrency=16
    )


def embed_documents(texts: list[str]) -> list[list[float]]:
    """One row a text, in order."""
    return _embeddings.embed_documents(texts)


async def aembed_documents(texts: list[str]) -> list[list[float]]:
    """One row a text, in order."""
    return await _embeddings.aembed_documents(texts)
