"""`gemini_embed.Embedder` that was told the quotas which `bench_e.py` gives its server."""

import numpy as np
from gemini_embed import Embedder, RateLimits
from numpy.typing import NDArray

_embedder: Embedder


def setup(base_url: str, model: str, dim: int) -> None:
    """Before the clock starts."""
    global _embedder
    limits = RateLimits(requests_per_minute=300, tokens_per_minute=100_000, count_items=False)
    _embedder = Embedder(model, api_key="k", base_url=base_url, dimensions=dim, concurrency=16, rate_limits=limits)


def embed_documents(texts: list[str]) -> NDArray[np.float32]:
    """One row a text, in order."""
    return _embedder.embed_documents(texts).values
