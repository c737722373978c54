"""`GeminiEmbeddingFunction`: the drop-in for the class of the same name in pymilvus's model package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemini_embed.adapters.genai_options import combined, from_config, from_http_options
from gemini_embed.embedder import DEFAULT_MODEL, Embedder
from gemini_embed.result import EmbeddingResult


class GeminiEmbeddingFunction:
    """Milvus's embedding function for Gemini, with one vector per text and queries told from documents.

    Args:
        model_name: see `Embedder`.
        api_key: else `GOOGLE_API_KEY` or `GEMINI_API_KEY`.
        config: google-genai's `EmbedContentConfig` or a dict of its fields: `output_dimensionality`, `task_type`.
            Fields that cannot be honoured raise.
        kwargs: everything else that `Embedder` takes; google-genai's `http_options` (`base_url`, `api_version`,
            `headers`, `timeout` in milliseconds) is understood too.
    """

    def __init__(self, model_name: str = DEFAULT_MODEL, api_key: Any = None, config: Any = None, **kwargs: Any) -> None:
        options = combined(
            {
                "config": from_config(config),
                "http_options": from_http_options(kwargs.pop("http_options", None)),
                "the arguments": kwargs,
            }
        )
        self.model_name = model_name
        self.embedder = Embedder(model_name, api_key=api_key, **options)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self.embedder.fingerprint.dimensions

    def encode_documents(self, documents: Sequence[str]) -> list[NDArray[np.float32]]:
        """One float32 array of shape (dim,) per document, in order."""
        return _rows(self.embedder.embed_documents(documents))

    def encode_queries(self, queries: Sequence[str]) -> list[NDArray[np.float32]]:
        """One float32 array of shape (dim,) per query, in order."""
        return _rows(self.embedder.embed(queries, side="query"))

    def __call__(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """The same as `encode_documents`."""
        return self.encode_documents(texts)


def _rows(result: EmbeddingResult) -> list[NDArray[np.float32]]:
    return list(result.values)
