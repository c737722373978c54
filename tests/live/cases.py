"""Requests that congruence tests hold to recordings and to google-genai; `make test-live` sends them to the service.

Of these tables the tests are made, and nothing here asks anybody.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fix_capture import CaptureServer
from fix_media import drawn, film, pdf, wav
from gemini_embed import Audio, Embedder, Image, Pdf, Video

GAPIC = "?%24alt=json%3Benum-encoding%3Dint"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
SOUND, FILM, PAGE = wav((440, 1)), film((drawn("red circle"), 1)), pdf("a page")
TYPES = {PIXEL: "image/png", SOUND: "audio/wav", FILM: "video/mp4", PAGE: "application/pdf"}
UPLOADED = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"


def items(model: str, *texts: str, **content: Any) -> list[dict[str, Any]]:
    return [{"model": f"models/{model}", "content": {"parts": [{"text": text}], **content}} for text in texts]


# (path, body as sent, sizes of the recorded vectors); none of the replies had usageMetadata
RECORDED = [
    pytest.param(
        "/v1beta/models/embedding-001:batchEmbedContents" + GAPIC,
        {
            "model": "models/embedding-001",
            "requests": items("embedding-001", "hello world", "goodbye world", "hello world", role="user"),
        },
        [768] * 3,
        id="go, genai-go 0.19 on gapic, June 2025",
    ),
    pytest.param(
        "/v1beta/models/gemini-embedding-001:batchEmbedContents",
        {"requests": items("gemini-embedding-001", *(f"test text {i}" for i in range(100)), role="user")},
        [3072] * 100,
        id="go, google-genai-sdk, August 2026",
    ),
    pytest.param(
        "/v1beta/models/text-embedding-004:embedContent" + GAPIC,
        {**items("text-embedding-004", "hello")[0], "taskType": 2, "title": "t"},
        [768],
        id="python, google-generativeai over REST: enums as numbers",
    ),
    pytest.param(
        "/v1beta/models/text-embedding-004:embedContent?key=k",
        {"model": "models/text-embedding-004", "content": {"parts": [{"text": "hello"}]}},
        [768],
        id="curl of the documentation",
    ),
]


def our_client(server: CaptureServer, backend: str, credentials: Any, model: str, **options: Any) -> Embedder:
    access: dict[str, Any] = {"api_key": "k"}
    if backend == "vertex":
        access = {"project": "p", "credentials": credentials}
    return Embedder(model, base_url=server.base_url, verify=False, **access, **options)


# (model, backend, our options, our call, the SDK's contents, the SDK's config)
SDK_CASES = [
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
