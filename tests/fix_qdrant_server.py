"""Qdrant's REST interface over qdrant-client's local mode: enough to make, fill and search collections, and to give
them aliases."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import TypeAdapter
from qdrant_client import QdrantClient, models

FILTER = TypeAdapter(models.Filter | None)
MISSING = re.compile("Collection (.*) not found")
"""How local mode says it."""
ALIAS_CHANGES = TypeAdapter(list[models.AliasOperations])
SPARSE = TypeAdapter(dict[str, models.SparseVectorParams] | None)
CHANGES = TypeAdapter(list[models.UpdateOperation])


class QdrantServer(ThreadingHTTPServer):
    """Notes what it is asked, as `method path`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.searches: list[int] = []
        """How many each batch of them has, those of samples not counted."""
        self.samples: list[int] = []
        """How many of these it has."""
        self.params: list[dict[str, Any] | None] = []
        """How exactly each of these is to be made."""
        self.records_sent = 0
        """By scrolling."""
        self.lists_aliases = True
        self.payload_schema: dict[str, dict[str, str]] = {}
        """Payload indexes of each collection, which local mode has not."""
        self._client = QdrantClient(":memory:")
        self._codes: dict[str, Any] | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, body: Any) -> Any:
        """What Qdrant would answer."""
        with self._lock:
            if path in ("/aliases", "/collections/aliases"):
                self.asked.append(f"{method} {path[1:]}")
                return self._answer_about_aliases(method, body)
            if path == "/collections":
                return self._client.get_collections().model_dump(mode="json")
            _, _, name, *rest = path.split("/")
            self.asked.append(f"{method} {'/'.join(rest)}")
            return self._answer(method, name, "/".join(rest), body)

    def _answer_about_aliases(self, method: str, body: Any) -> Any:
        if method == "POST":
            return self._client.update_collection_aliases(ALIAS_CHANGES.validate_python(body["actions"]))
        if not self.lists_aliases:
            raise PermissionError
        return self._client.get_aliases().model_dump(mode="json")

    def _answer(self, method: str, name: str, what: str, body: Any) -> Any:
        client = self._client
        match method, what:
            case "GET", "exists":
                return {"exists": client.collection_exists(name)}
            case "PUT", "":
                sparse = SPARSE.validate_python(body.get("sparse_vectors"))
                dense = models.VectorParams(**body["vectors"])
                return client.create_collection(name, dense, sparse, metadata=body["metadata"])
            case "PUT", _ if what.startswith("vectors/"):
                client.create_vector_name(name, what.removeprefix("vectors/"), models.SparseVectorNameConfig(**body))
            case "PUT", "index":
                self.payload_schema.setdefault(name, {})[body["field_name"]] = body["field_schema"]
            case "PUT", "points/vectors":
                client.update_vectors(name, [models.PointVectors(**one) for one in body["points"]])
            case "POST", "points/batch":
                done = client.batch_update_points(name, CHANGES.validate_python(body["operations"]))
                return [one.model_dump(mode="json") for one in done]
            case "GET", "":
                info = client.get_collection(name).model_dump(mode="json")
                info["config"]["quantization_config"] = self._codes
                kinds = self.payload_schema.get(name, {})
                info["payload_schema"] = {field: {"data_type": kind, "points": 0} for field, kind in kinds.items()}
                return info
            case "PATCH", "":
                told = models.UpdateCollection(**body).model_dump(mode="json", exclude_none=True)
                if "quantization_config" in told:
                    self._codes = None if told["quantization_config"] == "Disabled" else told["quantization_config"]
                if "metadata" in told:
                    client.update_collection(name, metadata=told["metadata"])
                return True
            case "DELETE", "":
                return client.delete_collection(name)
            case "GET", "aliases":
                return client.get_collection_aliases(name).model_dump(mode="json")
            case "PUT", "points":
                batch = models.Batch(**body["batch"])
                client.upsert(name, batch)
            case "POST", "points/query/batch":
                searches = [models.QueryRequest(**one) for one in body["searches"]]
                self.samples.append(sum(one.prefetch is not None for one in searches))
                self.searches.append(len(searches) - self.samples[-1])
                self.params += [one.get("params") for one in body["searches"]]
                for one in searches:
                    one.params = None  # of codes, which local mode has not
                return [one.model_dump(mode="json") for one in client.query_batch_points(name, searches)]
            case "POST", "points/query":
                query = body["query"]["nearest"]
                nearest = client.query_points(name, query=query, limit=body["limit"], with_payload=False)
                return nearest.model_dump(mode="json")
            case "POST", "points/scroll":
                wanted = FILTER.validate_python(body.get("filter"))
                points, offset = client.scroll(
                    name, wanted, limit=body["limit"], offset=body.get("offset"), with_vectors=body["with_vector"]
                )
                self.records_sent += len(points)
                return {"points": [one.model_dump(mode="json") for one in points], "next_page_offset": offset}
            case "POST", "points/count":
                return {"count": client.count(name, FILTER.validate_python(body.get("filter"))).count}
            case "POST", "points/delete":
                kind = models.PointIdsList if "points" in body else models.FilterSelector
                client.delete(name, kind(**body))
            case "POST", "points":
                found = client.retrieve(name, body["ids"], with_vectors=bool(body.get("with_vector")))
                return [one.model_dump(mode="json") for one in found]
        return {"operation_id": 1, "status": "completed"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        assert isinstance(self.server, QdrantServer)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status, answer = 200, {"status": "ok", "time": 0.0}
        try:
            answer["result"] = self.server.answer(
                self.command, self.path.partition("?")[0], json.loads(body) if body else None
            )
        except PermissionError:
            status, answer["status"] = 403, {"error": "Forbidden: Global access is required"}
        except ValueError as error:
            missing = MISSING.fullmatch(str(error))
            if missing is None:
                raise
            status, answer["status"] = 404, {"error": f"Not found: Collection `{missing[1]}` doesn't exist!"}
        reply = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the base's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


@pytest.fixture
def qdrant_server() -> Iterator[QdrantServer]:
    """A running server."""
    server = QdrantServer()
    yield server
    server.shutdown()
    server.server_close()
