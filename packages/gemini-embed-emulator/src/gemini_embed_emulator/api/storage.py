"""Cloud Storage's JSON API, as much of it as goes with batch jobs: objects uploaded, listed, downloaded, deleted."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.http import ReceivedRequest, Streamed

from . import schema
from .objects import ObjectStore, StoredObject
from .query import asks_for, whole_number
from .reply import Reply

PATH = re.compile(r"(?P<how>/upload|/download)?/storage/v1/b/(?P<bucket>[^/]+)/o(?:/(?P<name>.+))?", re.DOTALL)
_HOST = "https://storage.googleapis.com"
_GRANULARITY = 256 * 2**10
_PAGE_SIZE = 1000
_MEASURED = ("size", "md5Hash")
"""Fields for which all bytes of an object are read."""
_REASONS = {
    400: "invalid",
    401: "authError",
    404: "notFound",
    410: "gone",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
}
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class StorageError(ApiError):
    """A refusal in the words and the form of Cloud Storage, which names a reason instead of a status."""

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        one = {"message": self.message, "domain": "global", "reason": _REASONS.get(self.code, "backendError")}
        return {"error": {"code": self.code, "message": self.message, "errors": [one]}}


@dataclass
class _Upload:
    """A resumable upload that has begun."""

    name: str
    content_type: str
    only_new: bool
    data: bytearray = field(default_factory=bytearray)
    made: StoredObject | None = None
    """What came of it; whoever asks again is told again."""


class StorageApi:
    """Answers calls below /storage/v1; raises StorageError for what Cloud Storage refuses."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._uploads: dict[str, _Upload] = {}

    def answer(self, match: re.Match[str], request: ReceivedRequest) -> Reply | None:
        """The good answer to a request whose path has matched `PATH`; None where there is no such call."""
        how, bucket, name = match["how"], match["bucket"], match["name"]
        if how == "/upload":
            return self._upload(bucket, request) if request.method in ("POST", "PUT") and not name else None
        if request.method in ("GET", "HEAD"):
            if not name:
                return self._list(bucket, request.query) if how is None else None
            found = self._found(bucket, name)
            media = how == "/download" or request.query.get("alt") == "media"
            if media:
                return _media(found, request.headers.get("range", ""))
            return Reply(_resource(found, measured=any(asks_for(request.query, name) for name in _MEASURED)))
        if request.method == "DELETE" and name and how is None:
            self._found(bucket, name)
            self._objects.delete(bucket, name)
            return Reply(None, status=204)
        return None

    def clear(self) -> None:
        """Forget the uploads that have begun."""
        self._uploads.clear()

    def _list(self, bucket: str, query: Mapping[str, str]) -> Reply:
        """A page of objects whose name begins with `prefix`, in the order of their names."""
        if not self._objects.has_bucket(bucket):
            raise _no_bucket()
        after = _decoded(query.get("pageToken", ""))
        names = [name for name in self._objects.names(bucket, query.get("prefix", "")) if name.encode() > after]
        size = min(whole_number(query, "maxResults", _PAGE_SIZE) or _PAGE_SIZE, _PAGE_SIZE)
        page: dict[str, Any] = {"kind": "storage#objects"}
        if len(names) > size:
            page["nextPageToken"] = base64.urlsafe_b64encode(names[size - 1].encode()).decode()
        if names:
            measured = any(asks_for(query, "items", name) for name in _MEASURED)
            page["items"] = [_resource(self._found(bucket, name), measured=measured) for name in names[:size]]
        return Reply(page)

    def _upload(self, bucket: str, request: ReceivedRequest) -> Reply:
        """An object in one request (media, multipart), or one step of a resumable upload."""
        if not self._objects.takes(bucket):
            raise _no_bucket()
        query, kind = request.query, request.query.get("uploadType", "")
        if "upload_id" in query:
            return self._continued(bucket, request)
        content_type = request.headers.get("content-type", "")
        only_new = query.get("ifGenerationMatch") == "0"
        if kind == "media":
            return self._written(bucket, _Upload(_name(query, {}), content_type, only_new, bytearray(request.body)))
        if kind == "multipart":
            told, part_type, data = _parts(request.body, content_type)
            kept = _Upload(_name(query, told), told.get("contentType", part_type), only_new, bytearray(data))
            return self._written(bucket, kept)
        if kind != "resumable":
            raise StorageError(400, f"Invalid Value for uploadType: {kind}")
        told = _metadata(request.body)
        content_type = told.get("contentType") or request.headers.get("x-upload-content-type", "")
        upload_id = secrets.token_urlsafe(24)
        self._uploads[upload_id] = _Upload(_name(query, told), content_type, only_new)
        url = f"http://{request.headers.get('host', 'localhost')}{quote(request.path)}?uploadType=resumable"
        return Reply(None, headers={"location": f"{url}&upload_id={upload_id}", "x-guploader-uploadid": upload_id})

    def _continued(self, bucket: str, request: ReceivedRequest) -> Reply:
        """The next bytes of a resumable upload, or the question how many have come."""
        upload = self._uploads.get(request.query["upload_id"])
        if upload is None:
            raise StorageError(404, "No such upload.")
        if upload.made:
            return Reply(_resource(upload.made))
        said = request.headers.get("content-range")
        match = _RANGE.fullmatch(said or f"bytes 0-{max(len(request.body) - 1, 0)}/{len(request.body)}")
        if match is None:
            raise StorageError(400, f"Failed to parse Content-Range header: {said}")
        if match[1] is not None and request.body:
            if int(match[1]) != len(upload.data):
                raise StorageError(503, f"The upload continues at byte {len(upload.data)}.")
            upload.data += request.body
        if match[3] == "*" or len(upload.data) < int(match[3]):
            if len(upload.data) % _GRANULARITY:
                raise StorageError(400, "A chunk that is not the last is a multiple of 256 KiB.")
            held = {"range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
            return Reply(None, status=308, headers=held)
        return self._written(bucket, upload)

    def _written(self, bucket: str, upload: _Upload) -> Reply:
        if upload.only_new and self._objects.find(bucket, upload.name):
            raise StorageError(412, "At least one of the pre-conditions you specified did not hold.")
        upload.made = self._objects.put(bucket, upload.name, bytes(upload.data), upload.content_type)
        upload.data.clear()
        return Reply(_resource(upload.made))

    def _found(self, bucket: str, name: str) -> StoredObject:
        found = self._objects.find(bucket, name)
        if found is None:
            raise (
                StorageError(404, f"No such object: {bucket}/{name}")
                if self._objects.has_bucket(bucket)
                else _no_bucket()
            )
        return found


def _no_bucket() -> StorageError:
    return StorageError(404, "The specified bucket does not exist.")


def _name(query: Mapping[str, str], told: Mapping[str, Any]) -> str:
    name = str(query.get("name") or told.get("name") or "")
    if not 1 <= len(name.encode()) <= 1024 or "\r" in name or "\n" in name:
        raise StorageError(400, "Required parameter: name" if not name else f"Invalid object name: {name[:100]}")
    return name


def _metadata(body: bytes) -> dict[str, Any]:
    told = schema.parse_json(body)
    if not isinstance(told, dict):
        raise StorageError(400, "Parse Error")
    return told


def _parts(body: bytes, content_type: str) -> tuple[dict[str, Any], str, bytes]:
    """(metadata, the type of the bytes, the bytes) of a multipart/related body."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    parts = body.split(b"--" + boundary[1].encode())[1:-1] if boundary else []
    if len(parts) != 2:
        raise StorageError(400, "A multipart upload has two parts: metadata in JSON, and the bytes.")
    (_, _, told), (head, _, data) = (part.partition(b"\r\n\r\n") for part in parts)
    found = re.search(rb"(?i)content-type:\s*([^\r\n]+)", head)
    return _metadata(told), found[1].decode("latin-1") if found else "", data.removesuffix(b"\r\n")


def _media(found: StoredObject, wanted: str) -> Reply:
    """The bytes, or those from where a `Range` header says. A digest is told of those that are at hand."""
    headers = {
        "content-type": found.content_type or "application/octet-stream",
        "x-goog-generation": str(found.generation),
    }
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if isinstance(found.content, bytes):
        headers["x-goog-hash"] = f"md5={found.md5}"
    elif match is None:
        return Reply(None, streamed=Streamed(found.pieces(), found.content.count, headers))
    if match is None:
        return Reply(None, body=found.data, headers=headers)
    start = int(match[1])
    part, total = _within(found, start, int(match[2]) + 1 if match[2] else None)
    if start >= total:
        raise StorageError(416, "The requested range cannot be satisfied.")
    headers["content-range"] = f"bytes {start}-{start + len(part) - 1}/{total}"
    return Reply(None, body=part, status=206, headers=headers)


def _within(found: StoredObject, start: int, stop: int | None) -> tuple[bytes, int]:
    """The bytes from `start` until before `stop`, or the end; and how many there are in all."""
    kept, total = list[bytes](), 0
    for piece in found.pieces():
        kept.append(piece[max(start - total, 0) : None if stop is None else max(stop - total, 0)])
        total += len(piece)
    return b"".join(kept), total


def _resource(found: StoredObject, *, measured: bool = True) -> dict[str, Any]:
    """The Object resource; what all bytes have to be read for is in it only if `measured`."""
    path = f"storage/v1/b/{found.bucket}/o/{quote(found.name, safe='')}"
    time = datetime.fromtimestamp(found.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "kind": "storage#object",
        "id": f"{found.bucket}/{found.name}/{found.generation}",
        "selfLink": f"{_HOST}/{path}",
        "mediaLink": f"{_HOST}/download/{path}?generation={found.generation}&alt=media",
        "name": found.name,
        "bucket": found.bucket,
        "generation": str(found.generation),
        "metageneration": "1",
        **({"contentType": found.content_type} if found.content_type else {}),
        "storageClass": "STANDARD",
        **({"size": str(found.size), "md5Hash": found.md5} if measured else {}),
        "timeCreated": time,
        "updated": time,
    }


def _decoded(token: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(token)
    except ValueError:
        raise StorageError(400, f"Invalid page token: {token[:100]}") from None
