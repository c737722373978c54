"""The emulator's files: uploads as google-genai and by hand, and what a part may name as its file."""

from __future__ import annotations

import base64
import io
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fix_media import wav
from gemini_embed_emulator import Emulator, tone_speech

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
VERTEX = "/v1/projects/p/locations/global/publishers/google/models/gemini-embedding-2:embedContent"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates
FACT = "The red circle is kept in drawer seven"
SHORT = wav((440, 1))


def post(server: Emulator, part: Any, path: str = ONE) -> httpx.Response:
    headers = {"authorization": "Bearer t"} if path == VERTEX else {"x-goog-api-key": "k"}
    return httpx.post(server.base_url + path, json={"content": {"parts": [part]}}, headers=headers, verify=NO_TLS)


def vector(server: Emulator, part: Any) -> list[float]:
    values: list[float] = post(server, part).json()["embedding"]["values"]
    return values


def inline(mime_type: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


SPOKEN = inline("audio/wav", tone_speech(FACT))


class Files:
    """The Files API, by hand."""

    def __init__(self, server: Emulator) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.base_url, headers={"x-goog-api-key": "k"}, verify=NO_TLS)

    def start(self, mime_type: str = "audio/wav", **file: Any) -> str:
        headers = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
        headers["x-goog-upload-header-content-type"] = mime_type
        reply = self.http.post("/upload/v1beta/files", json={"file": file}, headers=headers)
        assert (reply.status_code, reply.content) == (200, b"")
        assert reply.headers["x-goog-upload-status"] == "active"
        assert reply.headers["x-goog-upload-control-url"] == reply.headers["x-goog-upload-url"]
        return reply.headers["x-goog-upload-url"]

    def send(self, url: str, data: bytes, offset: int = 0, command: str = "upload, finalize") -> httpx.Response:
        headers = {"x-goog-upload-offset": str(offset), "x-goog-upload-command": command}
        return httpx.post(url, content=data, headers=headers, verify=NO_TLS)

    def kept(self, data: bytes, mime_type: str = "audio/wav") -> dict[str, Any]:
        made: dict[str, Any] = self.send(self.start(mime_type), data).json()["file"]
        return made


@pytest.fixture
def files(emulator: Emulator) -> Iterator[Files]:
    made = Files(emulator)
    yield made
    made.http.close()


def test_an_uploaded_file_is_embedded_like_its_bytes(emulator: Emulator, files: Files) -> None:
    url = files.start(display_name="fact.wav")
    data = tone_speech(FACT)
    first = files.send(url, data[:1000], command="upload")
    assert (first.status_code, first.content, first.headers["x-goog-upload-size-received"]) == (200, b"", "1000")
    file = files.send(url, data[1000:], offset=1000).json()["file"]
    assert file["uri"] == f"https://generativelanguage.googleapis.com/v1beta/{file['name']}"
    assert (file["state"], file["mimeType"], file["sizeBytes"]) == ("ACTIVE", "audio/wav", str(len(data)))
    assert (file["displayName"], file["source"]) == ("fact.wav", "UPLOADED")
    by_file = vector(emulator, {"fileData": {"fileUri": file["uri"], "mimeType": "audio/wav"}})
    assert by_file == vector(emulator, SPOKEN)


def test_files_are_listed_read_and_deleted(files: Files) -> None:
    names = [files.kept(SHORT)["name"] for _ in range(3)]
    page = files.http.get("/v1beta/files?pageSize=2").json()
    rest = files.http.get(f"/v1beta/files?pageToken={page['nextPageToken']}").json()
    assert [file["name"] for file in (*page["files"], *rest["files"])] == names[::-1]  # newest first
    assert files.http.get(f"/v1beta/{names[0]}").json()["name"] == names[0]
    assert files.http.delete(f"/v1beta/{names[0]}").json() == {}
    gone = files.http.get(f"/v1beta/{names[0]}")
    assert (gone.status_code, "or it may not exist" in gone.json()["error"]["message"]) == (403, True)


def test_a_file_is_active_after_a_moment_and_gone_after_a_while(emulator: Emulator, files: Files) -> None:
    emulator.file_processing_s = 3600
    file = files.kept(SHORT)
    part = {"fileData": {"fileUri": file["uri"]}}
    assert file["state"] == "PROCESSING"
    refused = post(emulator, part).json()["error"]
    assert (refused["status"], "not in an ACTIVE state" in refused["message"]) == ("FAILED_PRECONDITION", True)
    emulator.file_processing_s = 0
    assert post(emulator, part).status_code == 200
    emulator.file_lifetime_s = 0
    assert post(emulator, part).status_code == 403


def test_an_upload_needs_a_key_and_goes_on_where_it_stopped(emulator: Emulator, files: Files) -> None:
    keyless = httpx.post(f"{emulator.base_url}/upload/v1beta/files", json={}, verify=NO_TLS)
    assert keyless.status_code == 403
    other = files.http.post("/upload/v1beta/files?uploadType=multipart", content=b"--x")
    assert (other.status_code, "resumable protocol only" in other.json()["error"]["message"]) == (501, True)
    url = files.start()
    assert files.send(url, b"abc", offset=7).status_code == 400
    asked = files.send(url, b"", command="query")
    assert asked.headers["x-goog-upload-size-received"] == "0"
    assert files.send(url.replace("upload_id=", "upload_id=x"), b"abc").status_code == 404


def test_an_upload_may_be_given_up(files: Files) -> None:
    url = files.start()
    assert files.send(url, b"", command="cancel").headers["x-goog-upload-status"] == "cancelled"
    assert files.send(url, b"abc").status_code == 404


@pytest.mark.parametrize("command", ["send", "start, upload", "query, upload"])
def test_commands_that_there_are_not_are_refused(files: Files, command: str) -> None:
    refused = files.send(files.start(), b"abc", command=command)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == f"Invalid X-Goog-Upload-Command: {command}"


def test_vertex_reads_the_objects_it_is_told_of(emulator: Emulator) -> None:
    emulator.gcs = {"gs://bucket/fact.wav": tone_speech(FACT)}

    def ask(uri: str) -> httpx.Response:
        return post(emulator, {"fileData": {"fileUri": uri, "mimeType": "audio/wav"}}, VERTEX)

    assert ask("gs://bucket/fact.wav").json()["embedding"] == post(emulator, SPOKEN).json()["embedding"]
    assert ask("gs://bucket/other.wav").status_code == 403
    assert ask("https://example.com/a.wav").status_code == 400


def test_google_genai_uploads_waits_and_deletes(emulator: Emulator) -> None:
    from google import genai

    emulator.file_processing_s = 0.3
    client = genai.Client(api_key="k", http_options={"base_url": emulator.base_url, "api_version": "v1beta"})
    file = client.files.upload(file=io.BytesIO(SHORT), config={"mime_type": "audio/wav"})
    assert (str(file.state), file.mime_type) == ("FileState.PROCESSING", "audio/wav")
    emulator.file_processing_s = 0
    assert str(client.files.get(name=file.name or "").state) == "FileState.ACTIVE"
    client.files.delete(name=file.name or "")
    assert list(client.files.list()) == []
    client.close()
