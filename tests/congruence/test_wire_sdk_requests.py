"""google-genai's own requests, captured, equal ours case by case: the two cannot drift apart.

Allowed differences: `inline_data` for `inlineData` and the like, `role`, the alphabet of base64, the query string, and
on Vertex's :embedContent the place of the options, which google-genai 2.x still writes at the top level.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import CaptureServer, Received
from gemini_embed import Embedder
from live.cases import SDK_CASES, TYPES, our_client

OPTIONS = {"taskType", "title", "outputDimensionality", "autoTruncate"}


def sdk_client(server: CaptureServer, backend: str, credentials: Any) -> Any:
    from google import genai

    http_options: Any = {"base_url": server.base_url, "api_version": "v1beta" if backend == "developer" else "v1beta1"}
    if backend == "developer":
        return genai.Client(api_key="k", http_options=http_options)
    return genai.Client(
        vertexai=True, project="p", location="global", credentials=credentials, http_options=http_options
    )


def normal(value: Any) -> Any:
    """A body with camelCase keys and without roles."""
    if isinstance(value, list):
        return [normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "data" in value:  # the SDK writes base64 for URLs, which proto3's JSON reads as well
        value = {**value, "data": value["data"].replace("-", "+").replace("_", "/")}
    return {re.sub(r"_([a-z])", lambda m: m[1].upper(), k): normal(v) for k, v in value.items() if k != "role"}


def said(request: Received) -> tuple[str, Any]:
    """(path, body) of a request, with the options of :embedContent where they belong."""
    body = normal(request.json)
    if request.path.endswith(":embedContent"):
        moved = {name: body.pop(name) for name in OPTIONS & body.keys()}
        if moved or "embedContentConfig" in body:
            body["embedContentConfig"] = {**body.get("embedContentConfig", {}), **moved}
    return request.path, body


@pytest.mark.parametrize(("model", "backend", "options", "call", "contents", "config"), SDK_CASES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:google")
def test_equal_requests(
    model: str,
    backend: str,
    options: dict[str, Any],
    call: Callable[[Embedder], Any],
    contents: list[Any],
    config: dict[str, Any],
    capture: CaptureServer,
    fake_credentials: Any,
) -> None:
    from google.genai import types

    def part(piece: Any) -> Any:
        if isinstance(piece, dict):
            return types.Part.model_validate(piece)
        return types.Part.from_bytes(data=piece, mime_type=TYPES[piece]) if isinstance(piece, bytes) else piece

    theirs = [[part(p) for p in c] if isinstance(c, list) else c for c in contents]
    with our_client(capture, backend, fake_credentials, model, **options) as embedder:
        call(embedder)
    client = sdk_client(capture, backend, fake_credentials)
    client.models.embed_content(model=model, contents=theirs, config=types.EmbedContentConfig(**config))
    ours, sdks = capture.requests
    assert said(ours) == said(sdks)
    for header in ("x-goog-api-key", "authorization"):
        assert ours.headers.get(header) == sdks.headers.get(header)
