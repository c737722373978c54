"""How a QdrantStore is told where its collection is, and what it asks of a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from gemini_embed import ConfigurationError, Fingerprint, QdrantStore, Record, StoreError
from qdrant_client import QdrantClient, models

FINGERPRINT = Fingerprint("m", 3072, "raw", "unit")
Call = tuple[str, str, Any]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "exactly one of location, url, path, client, not none", id="nowhere"),
        pytest.param({"url": "http://x", "path": "y"}, "not url and path", id="two-places"),
        pytest.param({"location": "http://x:6333"}, r"use url= \(a server\)", id="url-as-location"),
        pytest.param({"location": ":memory:", "api_key": "k"}, "goes with url=", id="key-without-url"),
        pytest.param({"location": ":memory:", "quantization": "int8"}, "needs a server", id="memory-ignores-int8"),
        pytest.param({"path": "x", "quantization": "int8"}, "needs a server", id="local-mode-ignores-int8"),
        pytest.param(
            {"url": "http://x", "quantization": "int4"}, "'int4' is none of 'int8', 'turbo4'", id="unknown-quantization"
        ),
        pytest.param({"url": "http://x", "oversampling": 0.5}, "from 1 up", id="oversampling"),
    ],
)
def test_arguments_that_cannot_be_honoured(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        QdrantStore(**options)


def test_the_key_is_not_in_the_repr() -> None:
    store = QdrantStore(url="http://127.0.0.1:1", api_key="very-secret", collection="c")
    assert repr(store) == "QdrantStore('http://127.0.0.1:1', collection='c')"


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1"):
        QdrantStore(url="http://127.0.0.1:1").open(FINGERPRINT)


class FakeServer(ThreadingHTTPServer):
    """Just enough of Qdrant's REST interface to make and fill one collection; it notes every call."""

    def __init__(self, keeps_metadata: bool) -> None:
        super().__init__(("127.0.0.1", 0), FakeServerHandler)
        self.keeps_metadata = keeps_metadata
        self.calls: list[Call] = []
        self.exists = False
        self.metadata: dict[str, Any] = {}
        self.knows_codes = True
        self.quantization: dict[str, Any] | None = None
        self.quantization_of_vectors: dict[str, Any] | None = None

    def answer(self, method: str, path: str, body: Any) -> Any:
        self.calls.append((method, path, body))
        match method, path.removeprefix("/collections/c"):
            case "GET", "/aliases":
                return {"aliases": []}
            case "GET", "/exists":
                return {"exists": self.exists}
            case "PUT", "":
                self.exists = True
                self.metadata |= body["metadata"] if self.keeps_metadata else {}
                return True
            case "GET", "":
                return self.info()
            case "POST", "/points/count":
                return {"count": 0}
            case "POST", "/points/query/batch":
                return [{"points": []} for _ in body["searches"]]
            case "PATCH", "":
                self.change(body)
                return True
            case _:
                return {"operation_id": 1, "status": "completed"}

    def change(self, body: Any) -> None:
        """As the model of qdrant-client reads it; a server that is too old leaves out what it does not know."""
        told = models.UpdateCollection(**body).model_dump(mode="json", exclude_none=True)
        if told != body:
            raise ValueError(f"{body} is not {told}")
        own = told.get("vectors", {}).get("")
        if self.knows_codes and own:
            self.quantization_of_vectors = own["quantization_config"]
        elif self.knows_codes and "quantization_config" in told:
            found = told["quantization_config"]
            self.quantization = None if found == "Disabled" else found

    def info(self) -> Any:
        client = QdrantClient(":memory:")
        client.create_collection("c", models.VectorParams(size=FINGERPRINT.dimensions, distance=models.Distance.COSINE))
        info = client.get_collection("c").model_dump(mode="json")
        client.close()
        info["config"] |= {"metadata": self.metadata, "quantization_config": self.quantization}
        info["config"]["params"]["vectors"]["quantization_config"] = self.quantization_of_vectors
        return info


class FakeServerHandler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        assert isinstance(self.server, FakeServer)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        result = self.server.answer(self.command, self.path.partition("?")[0], json.loads(body) if body else None)
        reply = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_PUT = do_POST = do_PATCH = answer  # noqa: N815 - the base's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


@pytest.fixture
def start_server() -> Iterator[Callable[..., FakeServer]]:
    started: list[FakeServer] = []

    def start(*, keeps_metadata: bool = True) -> FakeServer:
        started.append(FakeServer(keeps_metadata))
        Thread(target=started[-1].serve_forever, daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_on_a_server_indexes_come_before_points_and_requests_stay_small(
    start_server: Callable[..., FakeServer],
) -> None:
    server = start_server()
    store = QdrantStore(url=f"http://127.0.0.1:{server.server_port}", collection="c")
    store.open(FINGERPRINT)
    records = [Record(str(UUID(int=i)), "", {}) for i in range(200)]
    store.upsert(records, np.random.default_rng(1).normal(size=(200, 3072)).astype(np.float32))
    store.close()
    created = next(body for method, path, body in server.calls if (method, path) == ("PUT", "/collections/c"))
    assert created["metadata"] == {"gemini_embed": FINGERPRINT.to_dict()}
    writes = [(path.rpartition("/")[2], body) for method, path, body in server.calls if method == "PUT"][1:]
    assert [(what, body["field_name"]) for what, body in writes[:2]] == [
        ("index", "metadata.source"),
        ("index", "metadata.modality"),
    ]
    points = [body["batch"]["ids"] for what, body in writes[2:] if what == "points"]
    assert [id_ for ids in points for id_ in ids] == [record.id for record in records]
    assert max(len(json.dumps(body)) for _, body in writes) < 8 * 2**20


def test_a_server_is_asked_for_int8_and_for_rescoring(start_server: Callable[..., FakeServer]) -> None:
    server = start_server()
    url = f"http://127.0.0.1:{server.server_port}"
    store = QdrantStore(url=url, collection="c", quantization="int8", oversampling=2.5)
    store.open(FINGERPRINT)
    store.search(np.ones(3072, np.float32), 10)
    store.close()
    (changed,) = [body for method, path, body in server.calls if (method, path) == ("PATCH", "/collections/c")]
    assert changed == {"quantization_config": {"scalar": {"type": "int8", "always_ram": True}}}
    ((asked,),) = [body["searches"] for _, path, body in server.calls if path.endswith("/query/batch")]
    assert asked["params"] == {"quantization": {"rescore": True, "oversampling": 2.5}}


BINARY = {"binary": {"always_ram": True}}
INT8 = {"scalar": {"type": "int8", "quantile": 0.99}}


@pytest.mark.parametrize(
    ("there", "of_vectors", "is_error"),
    [
        pytest.param(BINARY, None, True, id="binary"),
        pytest.param(None, {"product": {"compression": "x16"}}, True, id="product-of-the-vectors"),
        pytest.param(INT8, BINARY, True, id="the-vectors-have-their-own"),
        pytest.param(INT8, None, False, id="int8"),
        pytest.param(BINARY, INT8, False, id="int8-of-the-vectors"),
    ],
)
def test_another_quantisation_is_not_taken_for_int8(
    there: Any, of_vectors: Any, is_error: bool, start_server: Callable[..., FakeServer]
) -> None:
    """What is there stays: it is said, or it is what was asked for."""
    server = start_server()
    server.exists, server.metadata = True, {"gemini_embed": FINGERPRINT.to_dict()}
    server.quantization, server.quantization_of_vectors = there, of_vectors
    url = f"http://127.0.0.1:{server.server_port}"
    QdrantStore(url=url, collection="c").open(FINGERPRINT)
    asked = QdrantStore(url=url, collection="c", quantization="int8")
    with (
        pytest.raises(ConfigurationError, match=r"holds the codes .*, you ask for quantization='int8'")
        if is_error
        else nullcontext()
    ):
        asked.open(FINGERPRINT)
    assert not [call for call in server.calls if call[0] == "PATCH"]


@pytest.mark.parametrize("of_vectors", [None, BINARY])
def test_other_codes_are_one_request_and_no_embedding(of_vectors: Any, start_server: Callable[..., FakeServer]) -> None:
    """Of the collection, and of the vectors too where they have their own, which hold then."""
    server = start_server()
    server.quantization_of_vectors = of_vectors
    store = QdrantStore(url=f"http://127.0.0.1:{server.server_port}", collection="c")
    store.open(FINGERPRINT)
    server.calls.clear()
    for name in ("turbo1", "binary"):
        store.requantize(name)
        assert store.kept_quantization() == name
    changes = [body for method, _, body in server.calls if method == "PATCH"]
    assert changes[0] == {"quantization_config": {"turbo": {"bits": "bits1", "always_ram": True}}}
    assert len(changes) == (2 if of_vectors is None else 4)
    with pytest.raises(ConfigurationError, match="none of 'int8'"):
        store.requantize("int4")  # type: ignore[arg-type]  # a mistake
    store.close()


def test_codes_are_taken_away(start_server: Callable[..., FakeServer]) -> None:
    server = start_server()
    store = QdrantStore(url=f"http://127.0.0.1:{server.server_port}", collection="c", quantization="turbo4")
    store.open(FINGERPRINT)
    assert store.kept_quantization() == "turbo4"
    store.requantize("none")
    changes = [body for method, _, body in server.calls if method == "PATCH"]
    assert changes[-1] == {"quantization_config": "Disabled"}
    assert store.kept_quantization() == "none"
    store.close()


def test_a_server_that_does_not_know_the_codes_is_told_of(start_server: Callable[..., FakeServer]) -> None:
    server = start_server()
    server.knows_codes = False
    store = QdrantStore(url=f"http://127.0.0.1:{server.server_port}", collection="c", quantization="turbo1")
    with pytest.raises(StoreError, match="was asked for the codes 'turbo1' and holds 'none'"):
        store.open(FINGERPRINT)
    store.close()


def test_codes_in_local_mode_cannot_be_changed() -> None:
    store = QdrantStore(":memory:")
    store.open(FINGERPRINT)
    assert store.kept_quantization() == "none"
    with pytest.raises(ConfigurationError, match="needs a server"):
        store.requantize("turbo1")
    store.close()


def test_int8_in_a_local_client_of_yours_is_refused() -> None:
    client = QdrantClient(":memory:")
    with pytest.raises(ConfigurationError, match="needs a server"):
        QdrantStore(client=client, quantization="int8").open(FINGERPRINT)
    client.close()


def test_a_server_that_keeps_no_metadata_is_too_old(start_server: Callable[..., FakeServer]) -> None:
    server = start_server(keeps_metadata=False)
    with pytest.raises(StoreError, match=r"use Qdrant 1\.16\+"):
        QdrantStore(url=f"http://127.0.0.1:{server.server_port}", collection="c").open(FINGERPRINT)
