"""The Files API: resumable uploads, files that are ACTIVE after a moment and gone after a while. Kept in memory."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from gemini_embed_emulator.clock import Clock, timestamp
from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.http import ReceivedRequest
from gemini_embed_emulator.settings import Settings

from . import schema
from .paging import page_of
from .parts import Blob
from .reply import Reply

_HOST = "https://generativelanguage.googleapis.com"
_GRANULARITY = 8 * 2**20
_PAGE_SIZE = 10
_STEPS = ({"upload"}, {"finalize"}, {"upload", "finalize"}, {"query"}, {"cancel"})
_ACTIVE, _PROCESSING = "ACTIVE", "PROCESSING"
_CREATE: schema.Spec = {"file": {"name": "string", "displayName": "string", "mimeType": "string", "sizeBytes": "any"}}


@dataclass
class StoredFile:
    """One file; times are seconds of the store's clock."""

    name: str
    mime_type: str
    display_name: str
    created: float
    data: bytearray = field(default_factory=bytearray)
    uploaded: float | None = None
    """When the upload was finished, None before."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the finished upload, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


class FileStore:
    """The files of one emulator."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._files: dict[str, StoredFile] = {}
        self._uploads: dict[str, StoredFile] = {}

    def upload(self, request: ReceivedRequest) -> Reply:
        """A step of a resumable upload: `start`, `query`, `cancel`, or `upload` and `finalize`, alone or together."""
        commands = {command.strip() for command in request.headers.get("x-goog-upload-command", "").split(",")}
        if commands == {"start"}:
            return self._start(request)
        if commands == {""}:
            message = "The emulator takes uploads by the resumable protocol only: X-Goog-Upload-Command is missing."
            raise ApiError(501, message)
        if commands not in _STEPS:
            raise ApiError(400, f"Invalid X-Goog-Upload-Command: {request.headers['x-goog-upload-command']}")
        file = self._uploads.get(request.query.get("upload_id", ""))
        if file is None:
            raise ApiError(404, "Upload not found.")
        if commands == {"cancel"}:
            del self._uploads[request.query["upload_id"]]
            return Reply(None, headers=_upload_headers("cancelled", file))
        if "upload" in commands:
            if request.headers.get("x-goog-upload-offset") != str(len(file.data)):
                raise ApiError(400, f"The upload continues at {len(file.data)}.")
            self._check_room(file, len(request.body))
            file.data += request.body
        if "finalize" not in commands:
            return Reply(None, headers=_upload_headers("active", file))
        file.uploaded = self._clock()
        self._files[file.name] = file
        del self._uploads[request.query["upload_id"]]
        return Reply({"file": self._resource(file)}, headers=_upload_headers("final", file))

    def _start(self, request: ReceivedRequest) -> Reply:
        self._drop_expired()
        told = schema.read(_CREATE, schema.parse_json(request.body)).get("file", {})
        mime_type = request.headers.get("x-goog-upload-header-content-type") or told.get("mimeType", "")
        name = told.get("name") or f"files/{secrets.token_hex(6)}"
        if not re.fullmatch(r"files/[a-z0-9-]{1,40}", name):
            raise ApiError(400, f"Invalid file name: {name}")
        if name in self._files:
            raise ApiError(409, f"Requested entity already exists: {name}", status="ALREADY_EXISTS")
        file = StoredFile(name, mime_type, told.get("displayName", ""), self._clock())
        upload_id = secrets.token_urlsafe(24)
        self._uploads[upload_id] = file
        query = f"upload_id={upload_id}&upload_protocol=resumable"
        url = f"http://{request.headers.get('host', 'localhost')}{request.path}?{query}"
        headers = {
            "x-goog-upload-url": url,
            "x-goog-upload-control-url": url,
            "x-goog-upload-chunk-granularity": str(_GRANULARITY),
            **_upload_headers("active", file),
        }
        return Reply(None, headers=headers)

    def get(self, name: str) -> Reply:
        """One file's metadata."""
        return Reply(self._resource(self._find(name)))

    def delete(self, name: str) -> Reply:
        """Forget a file."""
        del self._files[self._find(name).name]
        return Reply({})

    def list_files(self, query: Mapping[str, str], others: Iterable[dict[str, Any]] = ()) -> Reply:
        """All files and those `others`, newest first, a page of `pageSize` from `pageToken` on."""
        living = [self._resource(file) for file in reversed(self._files.values()) if not self._is_expired(file)]
        living = sorted([*living, *others], key=itemgetter("createTime"), reverse=True)
        return Reply(page_of(living, query, "files", _PAGE_SIZE))

    def download(self, name: str) -> Reply:
        """Nothing: what was uploaded cannot be downloaded [P]."""
        raise ApiError(400, f"The file {self._find(name).name} was uploaded: only generated files can be downloaded.")

    def content(self, name: str) -> tuple[bytearray, float]:
        """What an uploaded file holds, and when it is gone. Raises ApiError 404 where it is, or never was."""
        file = self._files.get(name)
        if file is None or self._is_expired(file):
            raise ApiError(404, "Requested entity was not found.")
        return file.data, file.created + self._settings.file_lifetime_s

    def clear(self) -> None:
        """Forget every file and every upload that has begun."""
        self._files.clear()
        self._uploads.clear()

    def opened(self, file_data: Mapping[str, Any]) -> Blob:
        """The bytes behind a part's `fileData`. Raises ApiError for what is not an uploaded, ACTIVE file."""
        uri = file_data.get("fileUri", "")
        match = re.search(r"(?:^|/)(files/[^/?]+)$", uri)
        if match is None:
            raise ApiError(400, f"Invalid or unsupported file uri: {uri}")
        file = self._find(match[1])
        if self._state(file) != _ACTIVE:
            message = f"The File {file.name[6:]} is not in an ACTIVE state and usage is not allowed."
            raise ApiError(400, message, status="FAILED_PRECONDITION")
        return Blob(file_data.get("mimeType") or file.mime_type, bytes(file.data))

    def _drop_expired(self) -> None:
        """Free the memory of files whose time is over, and of uploads that nobody has ended by then."""
        for files in (self._files, self._uploads):
            for name in [name for name, file in files.items() if self._is_expired(file)]:
                del files[name]

    def _check_room(self, file: StoredFile, more: int) -> None:
        """Raise ApiError where `more` bytes are too many for this file, or for all [P]."""
        limit = self._settings.max_file_bytes
        if len(file.data) + more > limit:
            raise ApiError(400, f"The file is larger than {limit} bytes, the most that a file may have.")
        limit = self._settings.max_files_bytes
        if sum(len(one.data) for one in (*self._files.values(), *self._uploads.values())) + more > limit:
            raise ApiError(429, f"The project's files may hold {limit} bytes together: delete some.")

    def _find(self, name: str) -> StoredFile:
        file = self._files.get(name)
        if file is None or self._is_expired(file):
            message = f"You do not have permission to access the File {name[6:]} or it may not exist."
            raise ApiError(403, message)
        return file

    def _is_expired(self, file: StoredFile) -> bool:
        return self._clock() >= file.created + self._settings.file_lifetime_s

    def _state(self, file: StoredFile) -> str:
        ready = (file.uploaded or 0.0) + self._settings.file_processing_s
        return _ACTIVE if self._clock() >= ready else _PROCESSING

    def _resource(self, file: StoredFile) -> dict[str, Any]:
        """The File object, as recorded."""
        resource = {
            "name": file.name,
            "displayName": file.display_name,
            "mimeType": file.mime_type,
            "sizeBytes": str(len(file.data)),
            "createTime": timestamp(file.created),
            "updateTime": timestamp(file.uploaded or file.created),
            "expirationTime": timestamp(file.created + self._settings.file_lifetime_s),
            "sha256Hash": base64.b64encode(
                file.digest.encode()
            ).decode(),  # of the hexadecimal text, as the service does
            "uri": f"{_HOST}/v1beta/{file.name}",
            "state": self._state(file),
            "source": "UPLOADED",
        }
        return {key: value for key, value in resource.items() if value}


def _upload_headers(status: str, file: StoredFile) -> dict[str, str]:
    return {"x-goog-upload-status": status, "x-goog-upload-size-received": str(len(file.data))}
