"""The Developer API's batch jobs, called by hand: what the emulator's tests look at, apart from any client of ours."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator

MODEL = "gemini-embedding-2"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def line(text: str, key: str = "", size: int = 4) -> dict[str, Any]:
    """A line of an input file; the key is the text unless told."""
    request = {"content": {"parts": [{"text": text}]}, "outputDimensionality": size}
    return {"key": key or text, "request": request}


def inline(*texts: str, size: int = 4) -> dict[str, Any]:
    """The input config of requests that are sent with the call; the key is the text."""
    items = [
        {"request": {"content": {"parts": [{"text": text}]}, "outputDimensionality": size}, "metadata": {"key": text}}
        for text in texts
    ]
    return {"requests": {"requests": items}}


class JobCalls:
    """Calls of batch jobs and files; each gives the reply's JSON, or the reply where that is asked for."""

    def __init__(self, server: Emulator) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.base_url, headers={"x-goog-api-key": "k"}, verify=NO_TLS)

    def upload(self, data: bytes) -> str:
        """The name of a new file."""
        headers = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
        headers["x-goog-upload-header-content-type"] = "application/jsonl"
        started = self.http.post(
            "/upload/v1beta/files", json={"file": {"mimeType": "application/jsonl"}}, headers=headers
        )
        headers = {"x-goog-upload-offset": "0", "x-goog-upload-command": "upload, finalize"}
        sent = self.http.post(started.headers["x-goog-upload-url"], content=data, headers=headers)
        name: str = sent.json()["file"]["name"]
        return name

    def create(self, config: Any, *, model: str = MODEL, **batch: Any) -> httpx.Response:
        """The reply to a create call with this input config."""
        body = {"batch": {"displayName": "a job", "inputConfig": config, **batch}}
        return self.http.post(f"/v1beta/models/{model}:asyncBatchEmbedContent", json=body)

    def made(self, lines: Sequence[Any], *, model: str = MODEL, **batch: Any) -> str:
        """The name of a new job of these lines, in a file."""
        data = b"".join(json.dumps(one).encode() + b"\n" for one in lines)
        reply = self.create({"fileName": self.upload(data)}, model=model, **batch)
        assert reply.status_code == 200, reply.text
        name: str = reply.json()["name"]
        return name

    def of_texts(self, *texts: str, **options: Any) -> str:
        """The name of a new job of these texts, each its own key."""
        return self.made([line(text) for text in texts], **options)

    def get(self, name: str) -> dict[str, Any]:
        """A job."""
        job: dict[str, Any] = self.http.get(f"/v1beta/{name}").json()
        return job

    def state(self, name: str) -> str:
        """A job's state, without what stands before each."""
        state: str = self.get(name)["metadata"]["state"]
        return state.removeprefix("BATCH_STATE_")

    def listed(self, **query: Any) -> dict[str, Any]:
        """A page of the list."""
        page: dict[str, Any] = self.http.get("/v1beta/batches", params=query).json()
        return page

    def names(self) -> list[str]:
        """The names in the first page of the list."""
        return [job["name"] for job in self.listed().get("operations", [])]

    def download(self, name: str, before: str = "") -> bytes:
        """A job's file of results."""
        reply = self.http.get(f"{before}/v1beta/{result_of(name)}:download", params={"alt": "media"})
        assert reply.status_code == 200, reply.text
        return reply.content

    def answers(self, name: str) -> list[dict[str, Any]]:
        """The lines of a job's file of results."""
        return [json.loads(one) for one in self.download(name).splitlines()]

    def online(self, text: str, size: int = 4, model: str = MODEL) -> list[float]:
        """The vector of a text, asked for online."""
        body = {"content": {"parts": [{"text": text}]}, "outputDimensionality": size}
        reply = self.http.post(f"/v1beta/models/{model}:embedContent", json=body)
        values: list[float] = reply.json()["embedding"]["values"]
        return values


def result_of(name: str) -> str:
    """The file of results of a job."""
    return "files/batch-" + name.removeprefix("batches/")


@pytest.fixture
def jobs(emulator: Emulator) -> Iterator[JobCalls]:
    """Calls of batch jobs on the emulator."""
    calls = JobCalls(emulator)
    yield calls
    calls.http.close()
