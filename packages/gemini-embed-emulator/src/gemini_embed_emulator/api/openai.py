"""The OpenAI-compatible embeddings of the Developer API: /v1beta/openai/embeddings."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import numpy as np

from gemini_embed_emulator.errors import ApiError

from . import schema
from .developer import DeveloperApi
from .reply import Reply

PATH = "/v1beta/openai/embeddings"
_EMBEDDINGS: schema.Spec = {
    "input": "any",
    "model": "string",
    "dimensions": "int32",
    "encodingFormat": "string",
    "user": "string",
}


def embeddings(developer: DeveloperApi, body: Any) -> Reply:
    """A vector for each text of `input`, in OpenAI's form.

    Raises ApiError as a batch of the same texts does, and 400 for an input that is no text.
    """
    request = schema.read(_EMBEDDINGS, body)
    name = request.get("model", "").removeprefix("models/")
    if not name:
        raise ApiError(400, "model is not specified")
    form = request.get("encodingFormat", "float")
    if form not in ("float", "base64"):
        raise ApiError(400, f"Invalid encoding_format: {form}. Valid values are float and base64.")
    options = {"outputDimensionality": request["dimensions"]} if "dimensions" in request else {}
    items = [
        {"model": f"models/{name}", "content": {"parts": [{"text": text}]}, **options}
        for text in _texts(request.get("input"))
    ]
    reply = developer.batch_embed_contents(name, "v1beta", {"requests": items})
    rows = (reply.payload or {})["embeddings"]
    payload: dict[str, Any] = {
        "object": "list",
        "data": [
            # The first has no index, as measured in September 2026: a zero is left out.
            {"object": "embedding", **({"index": i} if i else {}), "embedding": _written(row["values"], form)}
            for i, row in enumerate(rows)
        ],
        "model": request["model"],
    }
    if "usageMetadata" in (reply.payload or {}):  # a published reply of text-embedding-004 has none here either
        payload["usage"] = {"prompt_tokens": reply.tokens, "total_tokens": reply.tokens}
    return replace(reply, payload=payload)


def _texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ApiError(400, "Invalid value at 'input': a text or a list of texts is expected, not token numbers.")
    return texts


def _written(values: Any, form: str) -> Any:
    """The vector as it is, or as base64 of little-endian float32, which OpenAI's clients ask for by default."""
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode() if form == "base64" else values
