"""`gemini_embed.Embedder` as the side-by-side runner drives it: float32 rows, 16 requests in flight like the floor."""

import numpy as np
from gemini_embed import Embedder
from numpy.typing import NDArray

_embedder: Embedder


def setup(base_url: str, model: str, dim: int) -> None:
    """Before the clock starts."""
    global _embedder
    _embedder = Embedder(model, api_key="k", base_url=base_url, dimensions=dim, concurrency=16)


def embed_documents(texts: list[str]) -> NDArray[np.float32]:
    """One row a text, in order."""
    return _embedder.embed_documents(texts).values


async def aembed_documents(texts: list[str]) -> NDArray[np.float32]:
    """One row a text, in order."""
    return (await _embedder.aembed_documents(texts)).values
