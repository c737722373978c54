"""What LangChain's arguments become on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import CaptureServer
from gemini_embed import ConfigurationError, ConnectionFailedError, RetryPolicy
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiEmbeddings

KEY = "key-for-wire-tests"
TEXT_001 = {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "yeast"}]}}


def text_2(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "models/gemini-embedding-2", "content": {"parts": [{"text": text}]}, **more}


def both_doors(model: GeminiEmbeddings, door: str, *args: Any, **kwargs: Any) -> None:
    """The same call, sync and awaited."""
    getattr(model, door)(*args, **kwargs)
    asyncio.run(getattr(model, f"a{door}")(*args, **kwargs))


@pytest.mark.parametrize(
    ("constructor", "call", "expected"),
    [
        pytest.param({}, {}, [text_2("title: none | text: yeast")], id="default"),
        pytest.param({}, {"titles": ["Bread"]}, [text_2("title: Bread | text: yeast")], id="titles on -2"),
        pytest.param(
            {"model": "gemini-embedding-001"},
            {"titles": ["Bread"]},
            [{**TEXT_001, "taskType": "RETRIEVAL_DOCUMENT", "title": "Bread"}],
            id="titles on -001",
        ),
        pytest.param(
            {"task_type": "clustering"}, {}, [text_2("task: clustering | query: yeast")], id="task_type of the object"
        ),
        pytest.param(
            {"task_type": "clustering"},
            {"task_type": "CLASSIFICATION"},
            [text_2("task: classification | query: yeast")],
            id="task_type of the call",
        ),
        pytest.param({}, {"task_type": "TASK_TYPE_UNSPECIFIED"}, [text_2("yeast")], id="no task"),
        pytest.param(
            {"output_dimensionality": 768},
            {},
            [text_2("title: none | text: yeast", outputDimensionality=768)],
            id="size of the object",
        ),
        pytest.param(
            {"output_dimensionality": 768},
            {"output_dimensionality": 4},
            [text_2("title: none | text: yeast", outputDimensionality=4)],
            id="size of the call",
        ),
    ],
)
def test_documents(capture: CaptureServer, constructor: Any, call: Any, expected: Any) -> None:
    with (model := GeminiEmbeddings(api_key=KEY, base_url=capture.base_url, **constructor)).embedder:
        both_doors(model, "embed_documents", ["yeast"], **call)
    assert [request.json["requests"] for request in capture.requests] == [expected] * 2


@pytest.mark.parametrize(
    ("constructor", "call", "expected"),
    [
        pytest.param({}, {}, text_2("task: search result | query: yeast"), id="default"),
        pytest.param(
            {"task": "code_retrieval", "dimensions": 768},
            {},
            text_2("task: code retrieval | query: yeast", outputDimensionality=768),
            id="of the object",
        ),
        pytest.param(
            {"task": "code_retrieval", "dimensions": 768},
            {"task_type": "fact_verification", "output_dimensionality": 4},
            text_2("task: fact checking | query: yeast", outputDimensionality=4),
            id="of the call",
        ),
        pytest.param(
            {},
            {"task_type": "RETRIEVAL_DOCUMENT"},
            text_2("title: none | text: yeast"),
            id="the side that the call names",
        ),
    ],
)
def test_queries(capture: CaptureServer, constructor: Any, call: Any, expected: Any) -> None:
    with (model := GeminiEmbeddings(api_key=KEY, base_url=capture.base_url, **constructor)).embedder:
        both_doors(model, "embed_query", "yeast", **call)
    assert [request.json["requests"] for request in capture.requests] == [[expected]] * 2


async def test_a_title_of_a_query_is_refused(capture: CaptureServer) -> None:
    model: Any = GeminiEmbeddings(api_key=KEY, base_url=capture.base_url)
    with pytest.raises(ConfigurationError, match="a query has no title"):
        model.embed_query("yeast", title="Bread")
    with pytest.raises(ConfigurationError, match="a query has no title"):
        await model.aembed_query("yeast", title="Bread")
    assert capture.requests == []


@pytest.mark.parametrize(
    ("constructor", "call", "sizes"),
    [
        pytest.param({}, {}, [100, 50], id="the limit of the model"),
        pytest.param({"batch_size": 60}, {}, [60, 60, 30], id="batch_size of the object"),
        pytest.param({"batch_size": 60}, {"batch_size": 75}, [75, 75], id="batch_size of the call"),
        pytest.param({"concurrency": 1}, {"batch_size": 1000}, [100, 50], id="more than the limit"),
    ],
)
def test_batches(capture: CaptureServer, constructor: Any, call: Any, sizes: list[int]) -> None:
    with (model := GeminiEmbeddings(api_key=KEY, base_url=capture.base_url, **constructor)).embedder:
        vectors = model.embed_documents([f"text {i}" for i in range(150)], **call)
    assert len(vectors) == 150
    assert sorted((len(request.json["requests"]) for request in capture.requests), reverse=True) == sizes


def test_path_version_and_headers(capture: CaptureServer) -> None:
    model = GeminiEmbeddings(
        api_key=KEY, base_url=capture.base_url, api_version="v1", additional_headers={"x-team": "search"}
    )
    with model.embedder:
        model.embed_query("yeast")
    (request,) = capture.requests
    assert request.path == "/v1/models/gemini-embedding-2:batchEmbedContents"
    assert request.headers["x-goog-api-key"] == KEY
    assert request.headers["x-team"] == "search"


def test_vertex(capture: CaptureServer, fake_credentials: Any) -> None:
    model = GeminiEmbeddings(
        model="models/gemini-embedding-001",
        project="p",
        location="europe-west1",
        credentials=fake_credentials,
        base_url=capture.base_url,
    )
    with model.embedder:
        model.embed_documents(["yeast", "flour"], titles=["Bread", None])
    (request,) = capture.requests
    root = "/v1beta1/projects/p/locations/europe-west1/publishers/google"
    assert request.path == f"{root}/models/gemini-embedding-001:predict"
    assert request.json["instances"] == [
        {"content": "yeast", "task_type": "RETRIEVAL_DOCUMENT", "title": "Bread"},
        {"content": "flour", "task_type": "RETRIEVAL_DOCUMENT"},
    ]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"request_options": {"timeout": 0.05}}, id="request_options"),
        pytest.param({"client_args": {"timeout": 0.05}}, id="client_args"),
        pytest.param({"timeout_s": 0.05}, id="timeout_s"),
    ],
)
def test_a_timeout_is_kept(
    emulator: Emulator, make_langchain: Callable[..., GeminiEmbeddings], where: dict[str, Any]
) -> None:
    emulator.latency_s = 5
    model = make_langchain(retry=RetryPolicy(max_attempts=1), **where)
    with pytest.raises(ConnectionFailedError, match=r"timeout_s=0\.05"):
        model.embed_query("yeast")
