"""`GeminiEmbeddingFunction`: the drop-in for the class of the same name in pymilvus's model package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemini_embed.embedder import DEFAULT_MODEL, Embedder
from gemini_embed.errors import ConfigurationError
from gemini_embed.result import EmbeddingResult


class GeminiEmbeddingFunction:
    """Milvus's embedding function for Gemini, with one vector per text and queries told from documents.

    Args:
        model_name: see `Embedder`.
        api_key: else `GEMINI_API_KEY` or `GOOGLE_API_KEY`.
        config: google-genai's `EmbedContentConfig` or a dict of its fields: `output_dimensionality`, `task_type`.
            Fields that cannot be honoured raise.
        kwargs: everything else that `Embedder` takes; google-genai's `http_options` (`base_url`, `api_version`,
            `headers`, `timeout` in milliseconds) is understood too.
    """

    def __init__(self, model_name: str = DEFAULT_MODEL, api_key: Any = None, config: Any = None, **kwargs: Any) -> None:
        options = {**_from_config(config), **_from_http_options(kwargs.pop("http_options", None)), **kwargs}
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


def _fields(given: Any) -> dict[str, Any]:
    """The fields that are set, of a dict or of one of google-genai's types, in snake_case."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {name: value for name, value in given.items() if value is not None}
    fields: dict[str, Any] = given.model_dump(exclude_none=True)
    return fields


def _from_config(config: Any) -> dict[str, Any]:
    fields = _fields(config)
    known = {"output_dimensionality": "dimensions", "task_type": "task"}
    if unknown := sorted(set(fields) - set(known)):
        raise ConfigurationError(
            f"config {', '.join(unknown)} cannot be honoured here: {', '.join(known)} can; for what is too long "
            "see Embedder(overflow=), titles go with Embedder.embed_documents(titles=)"
        )
    return {known[name]: value for name, value in fields.items()}


def _from_http_options(http_options: Any) -> dict[str, Any]:
    fields = _fields(http_options)
    if "timeout" in fields:
        fields["timeout_s"] = fields.pop("timeout") / 1000
    if unknown := sorted(set(fields) - {"base_url", "api_version", "headers", "timeout_s"}):
        raise ConfigurationError(f"http_options {', '.join(unknown)} cannot be honoured: see Embedder's own arguments")
    return fields
