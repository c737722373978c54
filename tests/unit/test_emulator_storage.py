"""The emulator's Cloud Storage: objects uploaded in each of three ways, listed in pages, read in part, deleted."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each client the loading of certificates
CHUNK = 256 * 2**10
LONG = bytes(range(256)) * 2500
EMBED = "/v1/projects/p/locations/global/publishers/google/models/gemini-embedding-2:embedContent"


@pytest.fixture
def storage(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.base_url, headers={"authorization": "Bearer t"}, verify=NO_TLS) as client:
        yield client


def put(storage: httpx.Client, name: str, data: bytes = b"x", **query: str) -> httpx.Response:
    told = {"uploadType": "media", "name": name, **query}
    return storage.post("/upload/storage/v1/b/bucket/o", params=told, content=data)


def reason(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["errors"][0]["reason"]


def by_multipart(storage: httpx.Client) -> httpx.Response:
    told = json.dumps({"name": "a/b.jsonl", "contentType": "application/jsonl"}).encode()
    body = b"--sep\r\nContent-Type: application/json\r\n\r\n" + told + b"\r\n--sep\r\n"
    body += b"Content-Type: text/plain\r\n\r\n" + LONG + b"\r\n--sep--\r\n"
    headers = {"content-type": "multipart/related; boundary=sep"}
    return storage.post("/upload/storage/v1/b/bucket/o?uploadType=multipart", content=body, headers=headers)


def by_media(storage: httpx.Client) -> httpx.Response:
    headers = {"content-type": "application/jsonl"}
    query = {"uploadType": "media", "name": "a/b.jsonl"}
    return storage.post("/upload/storage/v1/b/bucket/o", params=query, content=LONG, headers=headers)


def by_steps(storage: httpx.Client) -> httpx.Response:
    began = storage.post(
        "/upload/storage/v1/b/bucket/o?uploadType=resumable",
        json={"name": "a/b.jsonl"},
        headers={"x-upload-content-type": "application/jsonl"},
    )
    session = began.headers["location"]
    part = {"content-range": f"bytes 0-{CHUNK - 1}/{len(LONG)}"}
    sent = httpx.put(session, content=LONG[:CHUNK], headers=part, verify=NO_TLS)
    assert (sent.status_code, sent.headers["range"]) == (308, f"bytes=0-{CHUNK - 1}")
    asked = httpx.put(session, headers={"content-range": f"bytes */{len(LONG)}"}, verify=NO_TLS)
    assert (asked.status_code, asked.headers["range"]) == (308, f"bytes=0-{CHUNK - 1}")
    rest = {"content-range": f"bytes {CHUNK}-{len(LONG) - 1}/{len(LONG)}"}
    done = httpx.put(session, content=LONG[CHUNK:], headers=rest, verify=NO_TLS)
    again = httpx.put(session, headers={"content-range": f"bytes */{len(LONG)}"}, verify=NO_TLS)
    assert again.json() == done.json(), "whoever missed the answer is told again"
    return done


@pytest.mark.parametrize("upload", [by_media, by_multipart, by_steps])
def test_an_object_is_kept_however_it_is_uploaded(upload: Any, storage: httpx.Client, emulator: Emulator) -> None:
    told = upload(storage).json()
    assert (told["name"], told["bucket"], told["size"]) == ("a/b.jsonl", "bucket", str(len(LONG)))
    assert told["contentType"] == "application/jsonl"
    assert emulator.objects == {"gs://bucket/a/b.jsonl": LONG}
    path = "/storage/v1/b/bucket/o/a%2Fb.jsonl"
    assert storage.get(path).json() == told
    whole = storage.get(path, params={"alt": "media"})
    assert (whole.content, whole.headers["content-type"]) == (LONG, "application/jsonl")
    assert storage.get("/download" + path + "?alt=media").content == LONG


def test_a_part_of_an_object_is_read(storage: httpx.Client) -> None:
    put(storage, "long", LONG)
    rest = storage.get("/storage/v1/b/bucket/o/long?alt=media", headers={"range": "bytes=1000-"})
    assert (rest.status_code, rest.content) == (206, LONG[1000:])
    assert rest.headers["content-range"] == f"bytes 1000-{len(LONG) - 1}/{len(LONG)}"
    beyond = storage.get("/storage/v1/b/bucket/o/long?alt=media", headers={"range": f"bytes={len(LONG)}-"})
    assert reason(beyond) == (416, "requestedRangeNotSatisfiable")


def test_objects_are_listed_by_prefix_in_pages(storage: httpx.Client) -> None:
    for name in ("out/2", "out/10", "in/1", "out/é"):
        put(storage, name)
    first = storage.get("/storage/v1/b/bucket/o?prefix=out/&maxResults=2").json()
    assert [item["name"] for item in first["items"]] == ["out/10", "out/2"]
    told = {"prefix": "out/", "maxResults": "2", "pageToken": first["nextPageToken"]}
    rest = storage.get("/storage/v1/b/bucket/o", params=told).json()
    assert ([item["name"] for item in rest["items"]], "nextPageToken" in rest) == (["out/é"], False)
    assert "items" not in storage.get("/storage/v1/b/bucket/o?prefix=none").json()


def test_a_deleted_object_is_gone_and_its_bucket_stays(storage: httpx.Client, emulator: Emulator) -> None:
    put(storage, "one")
    gone = storage.delete("/storage/v1/b/bucket/o/one")
    assert (gone.status_code, gone.content, emulator.objects) == (204, b"", {})
    assert reason(storage.delete("/storage/v1/b/bucket/o/one")) == (404, "notFound")
    assert "items" not in storage.get("/storage/v1/b/bucket/o").json()


def test_buckets_are_made_by_writing_or_are_those_that_are_named(storage: httpx.Client, emulator: Emulator) -> None:
    assert reason(storage.get("/storage/v1/b/bucket/o")) == (404, "notFound")
    emulator.gcs_buckets = ["other"]
    assert reason(put(storage, "one")) == (404, "notFound")
    assert storage.get("/storage/v1/b/other/o").json() == {"kind": "storage#objects"}


def test_an_object_that_must_be_new_is_not_written_over(storage: httpx.Client, emulator: Emulator) -> None:
    assert put(storage, "one", b"1", ifGenerationMatch="0").status_code == 200
    assert reason(put(storage, "one", b"2", ifGenerationMatch="0")) == (412, "conditionNotMet")
    assert put(storage, "one", b"3").status_code == 200
    assert emulator.objects == {"gs://bucket/one": b"3"}


def test_what_settings_hold_is_there_too(storage: httpx.Client, emulator: Emulator) -> None:
    emulator.gcs = {"gs://bucket/given": b"1"}
    put(storage, "new", b"2")
    names = [item["name"] for item in storage.get("/storage/v1/b/bucket/o").json()["items"]]
    assert names == ["given", "new"]
    storage.delete("/storage/v1/b/bucket/o/given")
    assert emulator.objects == {"gs://bucket/new": b"2"}


def test_vertex_reads_what_was_uploaded(storage: httpx.Client, emulator: Emulator) -> None:
    from fix_media import wav

    put(storage, "talk.wav", wav((440, 1)))
    part = {"fileData": {"fileUri": "gs://bucket/talk.wav", "mimeType": "audio/wav"}}
    reply = storage.post(EMBED, json={"content": {"parts": [part]}})
    assert len(reply.json()["embedding"]["values"]) == 3072


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("GET", "/storage/v1/b/bucket/o", {"authorization": ""}, 401, id="nobody"),
        pytest.param("GET", "/storage/v1/b/bucket/o", {"authorization": "", "x-goog-api-key": "k"}, 401, id="key"),
        pytest.param("GET", "/storage/v1/b/bucket/o", {"authorization": "Bearer invalid"}, 401, id="bad-token"),
        pytest.param("POST", "/upload/storage/v1/b/bucket/o?uploadType=media", {}, 400, id="no-name"),
        pytest.param("POST", "/upload/storage/v1/b/bucket/o?uploadType=odd&name=a", {}, 400, id="odd-kind"),
        pytest.param("PUT", "/upload/storage/v1/b/bucket/o?upload_id=none", {}, 404, id="no-such-upload"),
        pytest.param("PATCH", "/storage/v1/b/bucket/o/one", {}, 404, id="no-such-call"),
        pytest.param("GET", "/v1beta/models?alt=media", {"x-goog-api-key": "k"}, 501, id="json-as-media"),
    ],
)
def test_refusals(method: str, path: str, headers: dict[str, str], status: int, storage: httpx.Client) -> None:
    assert storage.request(method, path, headers=headers).status_code == status
