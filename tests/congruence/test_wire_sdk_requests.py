"""google-genai's own requests, captured, equal ours case by case: the two cannot drift apart.

Allowed differences: `inline_data` for `inlineData` and the like, `role`, the alphabet of base64, the query string, and
on Vertex's :embedContent the place of the options, which google-genai 2.x still writes at the top level.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import CaptureServer, Received
from fix_media import drawn, film, pdf, wav
from gemini_embed import Audio, Embedder, Image, Pdf, Video

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
SOUND, FILM, PAGE = wav((440, 1)), film((drawn("red circle"), 1)), pdf("a page")
TYPES = {PIXEL: "image/png", SOUND: "audio/wav", FILM: "video/mp4", PAGE: "application/pdf"}
UPLOADED = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"
OPTIONS = {"taskType", "title", "outputDimensionality", "autoTruncate"}


def sdk_client(server: CaptureServer, backend: str, credentials: Any) -> Any:
    from google import genai

    http_options: Any = {"base_url": server.base_url, "api_version": "v1beta" if backend == "developer" else "v1beta1"}
    if backend == "developer":
        return genai.Client(api_key="k", http_options=http_options)
    return genai.Client(
        vertexai=True, project="p", location="global", credentials=credentials, http_options=http_options
    )


def our_client(server: CaptureServer, backend: str, credentials: Any, model: str, **options: Any) -> Embedder:
    access: dict[str, Any] = {"api_key": "k"}
    if backend == "vertex":
        access = {"project": "p", "credentials": credentials}
    return Embedder(model, base_url=server.base_url, verify=False, **access, **options)


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


# (model, backend, our options, our call, the SDK's contents, the SDK's config)
CASES = [
    pytest.param("gemini-embedding-001", "developer", {"task": "raw"}, lambda e: e.embed_query("hello"),
                 ["hello"], {}, id="one-text"),
    pytest.param("gemini-embedding-001", "developer", {"dimensions": 768}, lambda e: e.embed_query("hello"),
                 ["hello"], {"task_type": "RETRIEVAL_QUERY", "output_dimensionality": 768}, id="query-and-size"),
    pytest.param("gemini-embedding-001", "developer", {}, lambda e: e.embed_documents(["a", "b"]),
                 ["a", "b"], {"task_type": "RETRIEVAL_DOCUMENT"}, id="documents"),
    pytest.param("gemini-embedding-001", "developer", {}, lambda e: e.embed_documents(["a"], titles=["T"]),
                 ["a"], {"task_type": "RETRIEVAL_DOCUMENT", "title": "T"}, id="title"),
    pytest.param("gemini-embedding-001", "developer", {"task": "similarity"}, lambda e: e.embed_documents(["a"]),
                 ["a"], {"task_type": "SEMANTIC_SIMILARITY"}, id="similarity"),
    pytest.param("gemini-embedding-2", "developer", {}, lambda e: e.embed_query("hello"),
                 ["task: search result | query: hello"], {}, id="2-query-by-prefix"),
    pytest.param("gemini-embedding-2", "developer", {"task": "raw", "dimensions": 256},
                 lambda e: e.embed_documents(["a", "b"]), [["a"], ["b"]], {"output_dimensionality": 256},
                 id="2-one-content-a-text"),
    pytest.param("gemini-embedding-2", "developer", {"task": "raw"}, lambda e: e.embed([["a", "b"]]),
                 ["a", "b"], {}, id="2-interleaved"),
    pytest.param("gemini-embedding-2", "developer", {"task": "raw"}, lambda e: e.embed([[Image(PIXEL), "a red dot"]]),
                 [[PIXEL, "a red dot"]], {}, id="2-image-and-text"),
    pytest.param("gemini-embedding-001", "vertex", {"dimensions": 768}, lambda e: e.embed_query("hello"),
                 ["hello"], {"task_type": "RETRIEVAL_QUERY", "output_dimensionality": 768}, id="predict"),
    pytest.param("text-embedding-005", "vertex", {}, lambda e: e.embed_documents(["a", "b"], titles=["T", "T"]),
                 ["a", "b"], {"task_type": "RETRIEVAL_DOCUMENT", "title": "T"}, id="predict-several-with-title"),
    pytest.param("text-embedding-005", "vertex", {"task": "raw", "overflow": "error"}, lambda e: e.embed_query("a"),
                 ["a"], {"auto_truncate": False}, id="predict-no-cutting"),
    pytest.param("gemini-embedding-2", "vertex", {"task": "raw"}, lambda e: e.embed_query("hello"),
                 ["hello"], {}, id="embedContent"),
    pytest.param("gemini-embedding-2", "vertex", {"task": "raw", "dimensions": 256}, lambda e: e.embed_query("hello"),
                 ["hello"], {"output_dimensionality": 256}, id="embedContent-and-size"),
    pytest.param("gemini-embedding-2", "vertex", {"task": "raw"}, lambda e: e.embed([[Image(PIXEL), "a red dot"]]),
                 [[PIXEL, "a red dot"]], {}, id="embedContent-image-and-text"),
    pytest.param("gemini-embedding-2", "developer", {"task": "raw"},
                 lambda e: e.embed([["listen", Audio(SOUND)], [Pdf(PAGE)], [Video(FILM)]]),
                 [["listen", SOUND], [PAGE], [FILM]], {}, id="2-audio-video-pdf"),
    pytest.param("gemini-embedding-2", "vertex", {"task": "raw"}, lambda e: e.embed([[Pdf(PAGE), "a page"]]),
                 [[PAGE, "a page"]], {}, id="embedContent-pdf"),
    pytest.param("gemini-embedding-2", "developer", {"task": "raw"},
                 lambda e: e.embed([Video(UPLOADED, mime_type="video/mp4", start_s=1.5, end_s=20, fps=2)]),
                 [[{"file_data": {"file_uri": UPLOADED, "mime_type": "video/mp4"},
                    "video_metadata": {"start_offset": "1.5s", "end_offset": "20s", "fps": 2}}]], {}, id="2-excerpt"),
    pytest.param("gemini-embedding-2", "vertex", {"task": "raw"}, lambda e: e.embed([Audio("gs://b/talk.mp3")]),
                 [[{"file_data": {"file_uri": "gs://b/talk.mp3", "mime_type": "audio/mpeg"}}]], {}, id="gs"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "backend", "options", "call", "contents", "config"), CASES)
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
