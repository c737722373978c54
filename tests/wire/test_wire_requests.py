"""What goes over the wire, byte for byte where it matters: every known model on every backend, task, side and title."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import CaptureServer
from gemini_embed import Content, Embedder, Image, Text
from gemini_embed.models import MODELS, ModelFacts

KEY = "key-for-wire-tests"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
PIXEL_PART = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PIXEL).decode()}}

# The official table of ai.google.dev/gemini-api/docs/embeddings, written out once more on purpose.
# task: (query prefix, document prefix without title, with title T, taskType of a query, of a document, takes titles)
DOCUMENT = ("title: none | text: ", "title: T | text: ")
Row = tuple[str, str, str, str | None, str | None, bool]


def symmetric(prefix: str, task_type: str) -> Row:
    return prefix, prefix, prefix, task_type, task_type, False


OFFICIAL: dict[str, Row] = {
    "search": ("task: search result | query: ", *DOCUMENT, "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", True),
    "question_answering": (
        "task: question answering | query: ",
        *DOCUMENT,
        "QUESTION_ANSWERING",
        "RETRIEVAL_DOCUMENT",
        True,
    ),
    "fact_checking": ("task: fact checking | query: ", *DOCUMENT, "FACT_VERIFICATION", "RETRIEVAL_DOCUMENT", True),
    "code_retrieval": (
        "task: code retrieval | query: ",
        *DOCUMENT,
        "CODE_RETRIEVAL_QUERY",
        "RETRIEVAL_DOCUMENT",
        True,
    ),
    "classification": symmetric("task: classification | query: ", "CLASSIFICATION"),
    "clustering": symmetric("task: clustering | query: ", "CLUSTERING"),
    "similarity": symmetric("task: sentence similarity | query: ", "SEMANTIC_SIMILARITY"),
    "raw": ("", "", "", None, None, False),
}
ROWS = [pytest.param(facts, id=f"{facts.backend}-{facts.name}") for facts in MODELS.values()]

pytestmark = pytest.mark.filterwarnings("ignore::gemini_embed.GeminiEmbedWarning")


@pytest.fixture
def embedder_for(capture: CaptureServer, fake_credentials: Any) -> Any:
    """An embedder of a row of ModelFacts that talks to `capture`."""
    made: list[Embedder] = []

    def make(facts: ModelFacts, *, overrides: Any = None, **options: Any) -> Embedder:
        access: dict[str, Any] = {"api_key": KEY}
        if facts.backend == "vertex":
            access = {"vertexai": True, "project": "p", "credentials": fake_credentials}
        # verify=False: a context of all CAs takes 0.1 s to make, and nothing here is encrypted
        made.append(Embedder(facts.name, base_url=capture.base_url, verify=False, facts=overrides, **access, **options))
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


def expected_body(facts: ModelFacts, text: str, task_type: str | None, title: str | None) -> dict[str, Any]:
    """The body of one text, as the endpoint's documentation has it."""
    if facts.endpoint == "predict":
        instance = {"content": text, "task_type": task_type, "title": title}
        return {"instances": [{k: v for k, v in instance.items() if v is not None}]}
    if facts.endpoint == "embedContent":
        return {"content": {"parts": [{"text": text}]}}
    request = {
        "model": f"models/{facts.name}",
        "content": {"parts": [{"text": text}]},
        "taskType": task_type,
        "title": title,
    }
    return {"requests": [{k: v for k, v in request.items() if v is not None}]}


def expected_path(facts: ModelFacts) -> str:
    if facts.backend == "developer":
        return f"/v1beta/models/{facts.name}:batchEmbedContents"
    method = "embedContent" if facts.name.startswith("gemini-embedding-2") else "predict"
    return f"/v1beta1/projects/p/locations/global/publishers/google/models/{facts.name}:{method}"


@pytest.mark.parametrize("facts", ROWS)
@pytest.mark.parametrize("task", OFFICIAL)
def test_every_row_task_side_and_title(
    facts: ModelFacts, task: str, embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    query, untitled, titled, query_type, document_type, takes_titles = OFFICIAL[task]
    embedder = embedder_for(facts, task=task)
    embedder.embed_query("hello")
    embedder.embed_documents(["hello"])
    embedder.embed_documents(["hello"], titles=["T"])

    by_prefix = facts.name.startswith("gemini-embedding-2")
    title = "T" if takes_titles else None
    sent: list[tuple[str, str | None, str | None]]
    if by_prefix:
        sent = [(query + "hello", None, None), (untitled + "hello", None, None), (titled + "hello", None, None)]
    else:
        sent = [("hello", query_type, None), ("hello", document_type, None), ("hello", document_type, title)]
    assert [r.json for r in capture.requests] == [expected_body(facts, *one) for one in sent]
    assert {r.path for r in capture.requests} == {expected_path(facts)}
    assert {r.query.get("prettyPrint") for r in capture.requests} == {"false"}


@pytest.mark.parametrize("facts", ROWS)
def test_dimensions(facts: ModelFacts, embedder_for: Callable[..., Embedder], capture: CaptureServer) -> None:
    if not facts.shortens:
        embedder_for(facts, dimensions=facts.default_dimensions).embed_query("x")
        assert "outputDimensionality" not in capture.requests[0].body.decode()
        return
    embedder_for(facts, dimensions=256).embed_query("x")
    body = capture.requests[0].json
    told = {
        "batchEmbedContents": lambda: body["requests"][0]["outputDimensionality"],
        "embedContent": lambda: body["embedContentConfig"],
        "predict": lambda: body["parameters"],
    }[facts.endpoint]()
    assert told == (256 if facts.endpoint == "batchEmbedContents" else {"outputDimensionality": 256})


@pytest.mark.parametrize("facts", [row for row in ROWS if row.values[0].endpoint == "predict"])  # type: ignore[union-attr]  # pytest says object
def test_overflow_error_tells_predict_not_to_cut(
    facts: ModelFacts, embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    embedder_for(facts, overflow="error").embed_query("x")
    assert capture.requests[0].json["parameters"] == {"autoTruncate": False}


@pytest.mark.parametrize("title", [None, "", "   "], ids=["none", "empty", "blank"])
@pytest.mark.parametrize("name", ["gemini-embedding-2", "gemini-embedding-001"])
def test_no_title_is_said_as_the_pages_say_it(
    title: str | None, name: str, embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    embedder_for(MODELS[name, "developer"]).embed_documents(["x"], titles=[title])
    (request,) = capture.requests[0].json["requests"]
    assert "title" not in request
    assert request["content"]["parts"][0]["text"] == ("title: none | text: x" if name.endswith("2") else "x")


def test_each_document_keeps_its_own_title(embedder_for: Callable[..., Embedder], capture: CaptureServer) -> None:
    embedder_for(MODELS["gemini-embedding-001", "developer"]).embed_documents(["a", "b", "c"], titles=["A", None, "C"])
    assert [(r["content"]["parts"][0]["text"], r.get("title")) for r in capture.requests[0].json["requests"]] == [
        ("a", "A"),
        ("b", None),
        ("c", "C"),
    ]


@pytest.mark.parametrize("text", ["title: none | text: x", "task: search result | query: x"])
def test_text_that_looks_like_a_prefix_is_text(
    text: str, embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    embedder_for(MODELS["gemini-embedding-2", "developer"]).embed_documents([text])
    assert capture.requests[0].json["requests"][0]["content"]["parts"] == [{"text": f"title: none | text: {text}"}]


SIDES = ("document", "query")
MEDIA_CASES = [
    # (condition_media, side) -> is the text beside an image prefixed
    pytest.param("query", "document", "cat", id="default-document-as-it-is"),
    pytest.param("query", "query", "task: search result | query: cat", id="default-query-prefixed"),
    pytest.param("both", "document", "title: none | text: cat", id="both-document"),
    pytest.param("both", "query", "task: search result | query: cat", id="both-query"),
    pytest.param("none", "document", "cat", id="none-document"),
    pytest.param("none", "query", "cat", id="none-query"),
]


@pytest.mark.parametrize("backend", ["developer", "vertex"])
@pytest.mark.parametrize(("condition_media", "side", "text"), MEDIA_CASES)
def test_text_beside_an_image(
    backend: str,
    condition_media: str,
    side: Any,
    text: str,
    embedder_for: Callable[..., Embedder],
    capture: CaptureServer,
) -> None:
    embedder = embedder_for(MODELS["gemini-embedding-2", backend], condition_media=condition_media)  # type: ignore[index]  # backend is a plain str
    embedder.embed([[Image(PIXEL), "cat"]], side=side)
    content = {"parts": [PIXEL_PART, {"text": text}]}
    expected: dict[str, Any] = {"content": content}
    if backend == "developer":
        expected = {"requests": [{"model": "models/gemini-embedding-2", "content": content}]}
    assert capture.requests[0].json == expected


@pytest.mark.parametrize("side", SIDES)
def test_an_image_alone_gets_no_text(side: Any, embedder_for: Callable[..., Embedder], capture: CaptureServer) -> None:
    embedder_for(MODELS["gemini-embedding-2", "developer"]).embed([Image(PIXEL)], side=side)
    assert capture.requests[0].json["requests"][0]["content"] == {"parts": [PIXEL_PART]}


def test_only_the_first_of_several_texts_is_prefixed(
    embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    embedder_for(MODELS["gemini-embedding-2", "developer"]).embed([[Text("a"), Image(PIXEL), "b"]], side="query")
    parts = capture.requests[0].json["requests"][0]["content"]["parts"]
    assert parts == [{"text": "task: search result | query: a"}, PIXEL_PART, {"text": "b"}]


def test_a_list_is_several_contents_and_a_nested_list_is_one(
    embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    result = embedder_for(MODELS["gemini-embedding-2", "developer"], task="raw").embed(
        ["a", ["b", "c"], Content("d", title="unused")]
    )
    texts = [[p["text"] for p in r["content"]["parts"]] for r in capture.requests[0].json["requests"]]
    assert texts == [["a"], ["b", "c"], ["d"]]
    assert len(result) == 3


def test_interleaved_texts_are_joined_on_predict(embedder_for: Callable[..., Embedder], capture: CaptureServer) -> None:
    embedder_for(MODELS["gemini-embedding-001", "vertex"]).embed([["a", "b"]])
    assert capture.requests[0].json["instances"] == [{"content": "a\nb", "task_type": "RETRIEVAL_DOCUMENT"}]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        pytest.param("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", id="the-method-decides-the-side"),
        pytest.param("retrieval_document", "RETRIEVAL_DOCUMENT", id="lower-case"),
        pytest.param("Semantic_Similarity", "SEMANTIC_SIMILARITY", id="any-case"),
        pytest.param("CODE_RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", id="asymmetric-documents"),
        pytest.param("task_type_unspecified", None, id="unspecified-is-raw"),
        pytest.param("clustering", "CLUSTERING", id="ours"),
    ],
)
def test_the_apis_task_names_at_every_door(
    given: str, sent: str | None, embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    facts = MODELS["gemini-embedding-001", "developer"]
    embedder_for(facts, task=given).embed_documents(["x"])
    embedder_for(facts).embed_documents(["x"], task=given)
    embedder_for(facts).embed(["x"], task=given)
    assert [r.json["requests"][0].get("taskType") for r in capture.requests] == [sent] * 3


@pytest.mark.parametrize(
    "name", ["gemini-embedding-001", "models/gemini-embedding-001", "publishers/google/models/gemini-embedding-001"]
)
@pytest.mark.parametrize("backend", ["developer", "vertex"])
def test_model_names_with_and_without_their_folder(
    name: str, backend: str, capture: CaptureServer, fake_credentials: Any
) -> None:
    access: dict[str, Any] = {"api_key": KEY} if backend == "developer" else {"project": "p"}
    if backend == "vertex":
        access["credentials"] = fake_credentials
    with Embedder(name, base_url=capture.base_url, **access) as embedder:
        embedder.embed_query("x")
    assert embedder.model == "gemini-embedding-001"
    assert capture.requests[0].path == expected_path(MODELS["gemini-embedding-001", backend])  # type: ignore[index]  # backend is a plain str


def test_an_unknown_model_is_sent_and_the_service_decides(
    embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    facts = ModelFacts(name="gemini-embedding-9", backend="developer", endpoint="batchEmbedContents")
    embedder_for(facts, dimensions=99).embed_documents(["x"], titles=["T"])
    assert capture.requests[0].json["requests"] == [
        {
            "model": "models/gemini-embedding-9",
            "content": {"parts": [{"text": "x"}]},
            "taskType": "RETRIEVAL_DOCUMENT",
            "title": "T",
            "outputDimensionality": 99,
        }
    ]


def test_the_facts_can_be_overridden(embedder_for: Callable[..., Embedder], capture: CaptureServer) -> None:
    facts = ModelFacts(name="gemini-embedding-9", backend="developer", endpoint="batchEmbedContents")
    overrides = {"conditioning": "prefix", "max_batch_items": 2}
    embedder_for(facts, overrides=overrides).embed_documents(["a", "b", "c"])
    texts = sorted([r["content"]["parts"][0]["text"] for r in c.json["requests"]] for c in capture.requests)
    assert texts == [["title: none | text: a", "title: none | text: b"], ["title: none | text: c"]]
    assert all("taskType" not in r for c in capture.requests for r in c.json["requests"])


HEADER_CASES = [
    pytest.param({}, {"x-goog-api-key": KEY, "content-type": "application/json"}, id="key-and-json"),
    pytest.param({"headers": {"X-Team": "blue"}}, {"x-team": "blue", "x-goog-api-key": KEY}, id="extra"),
    pytest.param({"headers": {"User-Agent": "mine/1"}}, {"user-agent": "mine/1"}, id="replaced"),
    pytest.param({"headers": {"Content-Type": "application/json; charset=UTF-8"}},
                 {"content-type": "application/json; charset=UTF-8"}, id="replaced-in-another-case"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), HEADER_CASES)
def test_headers(
    options: dict[str, Any], expected: dict[str, str], embedder_for: Callable[..., Embedder], capture: CaptureServer
) -> None:
    embedder_for(MODELS["gemini-embedding-2", "developer"], **options).embed_query("x")
    sent = capture.requests[0].headers
    assert {name: sent.get(name) for name in expected} == expected


def test_text_travels_as_utf8(embedder_for: Callable[..., Embedder], capture: CaptureServer) -> None:
    text = 'Grüße, 世界 \U0001f30d \x00 "quoted" \\ \u2028 end'
    embedder_for(MODELS["gemini-embedding-2", "developer"], task="raw").embed_query(text)
    assert capture.requests[0].json["requests"][0]["content"]["parts"][0]["text"] == text
    assert "世界".encode() in capture.requests[0].body
    assert json.loads(capture.requests[0].body.decode("utf-8")) == capture.requests[0].json


@pytest.mark.parametrize(
    ("location", "host"),
    [
        pytest.param("global", "https://aiplatform.googleapis.com", id="global"),
        pytest.param("us", "https://aiplatform.us.rep.googleapis.com", id="us"),
        pytest.param("eu", "https://aiplatform.eu.rep.googleapis.com", id="eu"),
        pytest.param("europe-west4", "https://europe-west4-aiplatform.googleapis.com", id="region"),
    ],
)
def test_vertex_hosts(location: str, host: str) -> None:
    from gemini_embed.service.connection import connect

    address = connect(project="p", location=location, environ={}).url("gemini-embedding-001", "predict")
    wanted = f"{host}/v1beta1/projects/p/locations/{location}/publishers/google/models/gemini-embedding-001:predict"
    assert address == wanted
