"""A Qdrant server that goes away while an index adds, and comes back or does not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from gemini_embed import Embedder, MultimodalIndex, QdrantStore, StoreError

SIZE = 128
INFO: dict[str, Any] = {
    "status": "green",
    "optimizer_status": "ok",
    "segments_count": 1,
    "config": {
        "params": {"vectors": {"size": SIZE, "distance": "Cosine"}},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
        },
    },
    "payload_schema": {},
}


class QdrantServer:
    """Enough of Qdrant's REST interface to add to a collection; it can be stopped and started on the same port."""

    def __init__(self) -> None:
        self.points: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.exists = False
        self.upserts = 0
        self.on_upsert: Callable[[], None] = lambda: None
        self._http: ThreadingHTTPServer | None = None
        self.port = 0

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"qdrant": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def answer(self, method: str, path: str, body: Any) -> Any:
        match method, path.removeprefix("/collections/c"):
            case "GET", "/aliases":
                return {"aliases": []}
            case "GET", "/exists":
                return {"exists": self.exists}
            case "PUT", "":
                self.exists, self.metadata = True, body["metadata"]
                return True
            case "GET", "":
                return INFO | {"config": INFO["config"] | {"metadata": self.metadata}}
            case "PUT", "/points":
                self.upserts += 1
                self.on_upsert()
                batch = body["batch"]
                self.points |= dict(zip(batch["ids"], batch["payloads"], strict=True))
            case "POST", "/points":
                return [{"id": id_, "payload": self.points[id_]} for id_ in body["ids"] if id_ in self.points]
            case "POST", "/points/scroll":
                return {"points": [], "next_page_offset": None}
        return {"operation_id": 1, "status": "completed"}


class _Handler(BaseHTTPRequestHandler):
    qdrant: QdrantServer

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        result = self.qdrant.answer(self.command, self.path.partition("?")[0], json.loads(body) if body else None)
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
def server() -> Iterator[QdrantServer]:
    server = QdrantServer()
    server.start()
    yield server
    server.stop()


def index_on(server: QdrantServer, embedder: Embedder, retry_for_s: float) -> MultimodalIndex:
    store = QdrantStore(url=f"http://127.0.0.1:{server.port}", collection="c", retry_for_s=retry_for_s)
    return MultimodalIndex(embedder, store)


@pytest.mark.parametrize("away_s", [1.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_adding_rides_out_a_server_that_goes_and_returns(
    server: QdrantServer, make_embedder: Callable[..., Embedder], emulator: Any, away_s: float
) -> None:
    def go_away() -> None:
        server.on_upsert = lambda: None

        def leave_and_return() -> None:
            server.stop()
            time.sleep(away_s)
            server.start()

        threading.Thread(target=leave_and_return).start()

    with index_on(server, make_embedder(dimensions=SIZE), retry_for_s=60) as index:
        server.on_upsert = go_away
        report = index.add((f"text {i}" for i in range(500)), batch_size=50)
    assert (report.added, len(server.points)) == (500, 500)
    assert emulator.requests.items_billed == 500


def test_a_server_that_stays_away_costs_no_vectors(
    server: QdrantServer, make_embedder: Callable[..., Embedder], emulator: Any, tmp_path: Any
) -> None:
    embedder = make_embedder(dimensions=SIZE, cache=tmp_path / "cache.db")
    with index_on(server, embedder, retry_for_s=0.5) as index:
        server.on_upsert = lambda: threading.Thread(target=server.stop).start()
        with pytest.raises(StoreError, match=r"127\.0\.0\.1") as caught:
            index.add((f"text {i}" for i in range(500)), batch_size=50)
        assert caught.value.completed is not None
        assert len(server.points) < 500
        billed = emulator.requests.items_billed
        server.on_upsert = lambda: None
        server.start()
        report = index.add((f"text {i}" for i in range(500)), batch_size=50)
    assert len(server.points) == 500
    assert report.usage.cached > 0
    assert emulator.requests.items_billed - billed == 500 - report.usage.cached - report.reused, "only the rest is paid"
