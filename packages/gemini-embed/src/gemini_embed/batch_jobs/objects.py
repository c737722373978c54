"""Objects of Cloud Storage over our own session: uploaded in resumable steps, listed, streamed, deleted.

Each call is tried again as `RetryPolicy` says. An upload and a download go on from the byte that they had come to.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from io import SEEK_END
from typing import IO
from urllib.parse import quote, urlencode, urlsplit

from gemini_embed.batch_jobs.asking import tried
from gemini_embed.batch_jobs.downloading import blocks_of
from gemini_embed.batch_jobs.staging import split_uri
from gemini_embed.calls.retries import RetryPolicy
from gemini_embed.errors import NotFoundError, ReplyError
from gemini_embed.service import HttpSession
from gemini_embed.wire.batch_jobs import plain
from gemini_embed.wire.replies import as_array, as_object, parse

CHUNK_BYTES = 8 * 2**20
"""Of one step of an upload; Cloud Storage wants multiples of 256 KiB."""
WHAT = "Cloud Storage"
_DONE = (200, 201)
_MORE_TO_COME = 308


class Objects:
    """Objects by their gs:// addresses, asked for at `base_url`."""

    def __init__(self, session: HttpSession, base_url: str, retry: RetryPolicy) -> None:
        self._session = session
        self._base_url = base_url
        self._retry = retry
        self._how = (session, retry)

    async def upload(self, file: IO[bytes], uri: str, content_type: str) -> None:
        """Write an object from an open file, in the place of one of this name."""
        size = await asyncio.to_thread(file.seek, 0, SEEK_END)
        bucket, name = split_uri(uri)
        query = urlencode({"uploadType": "resumable", "name": name})
        told = {"x-upload-content-type": content_type, "x-upload-content-length": str(size)}
        begun = await tried(
            lambda: self._session.call(
                "POST", f"{self._base_url}/upload/storage/v1/b/{bucket}/o?{query}", model=WHAT, headers=told
            ),
            *self._how,
        )
        # The answer may name another of Google's hosts; the token goes where the user said.
        place = urlsplit(begun.header("location"))
        upload = _Upload(self._session, f"{self._base_url}{place.path}?{place.query}", file, size)
        while not await tried(upload.step, *self._how):
            pass

    async def names(self, folder: str) -> list[str]:
        """The gs:// addresses of all objects in a folder, in the order of their names."""
        bucket, prefix = split_uri(f"{folder}/")
        found: list[str] = []
        token = ""
        while True:
            told = {"prefix": prefix, "fields": "items/name,nextPageToken", **({"pageToken": token} if token else {})}
            url = f"{self._base_url}/storage/v1/b/{bucket}/o?{urlencode(told)}"
            names, token = _read_names(await tried(partial(self._session.ask, "GET", url, model=WHAT), *self._how))
            found += [f"gs://{bucket}/{name}" for name in names]
            if not token:
                return found

    async def blocks(self, uri: str) -> AsyncGenerator[bytes, None]:
        """An object's lines, as they come, many at a time; see `blocks_of`."""
        url = f"{self._url(uri)}?alt=media"

        def stream(start: int) -> AsyncGenerator[bytes, None]:
            return self._session.stream(url, model=WHAT, start=start)

        async with aclosing(blocks_of(stream, self._retry)) as blocks:
            async for block in blocks:
                yield block

    async def delete(self, uri: str) -> None:
        """Take an object away. What is gone is fine."""
        try:
            await tried(
                lambda: self._session.call("DELETE", self._url(uri), model=WHAT, accepts=(200, 204)),
                *self._how,
            )
        except NotFoundError:
            return

    def _url(self, uri: str) -> str:
        bucket, name = split_uri(uri)
        return f"{self._base_url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"


class _Upload:
    """A resumable upload: after a step that has failed it asks how much has come."""

    def __init__(self, session: HttpSession, url: str, file: IO[bytes], size: int) -> None:
        self._session = session
        self._url = url
        self._file = file
        self._size = size
        self._offset = 0
        self._unsure = False

    async def step(self) -> bool:
        """Send the next chunk; True when all is there."""
        body = b"" if self._unsure else await asyncio.to_thread(self._chunk)
        until = self._offset + len(body)
        span = f"{self._offset}-{until - 1}" if body else "*"
        self._unsure = True
        answer = await self._session.call(
            "PUT",
            self._url,
            body,
            model=WHAT,
            headers={"content-range": f"bytes {span}/{self._size}", "content-type": "application/octet-stream"},
            accepts=(*_DONE, _MORE_TO_COME),
        )
        self._unsure = False
        if answer.status_code in _DONE:
            return True
        held = re.fullmatch(r"bytes=0-(\d+)", answer.header("range"))
        offset = int(held[1]) + 1 if held else 0
        if body and offset <= self._offset:
            raise ReplyError(f"an upload stays at byte {offset} of {self._size}", model=WHAT)
        self._offset = offset
        return False

    def _chunk(self) -> bytes:
        self._file.seek(self._offset)
        return self._file.read(CHUNK_BYTES)


def _read_names(body: bytes) -> tuple[list[str], str]:
    def read(reply: object) -> tuple[list[str], str]:
        page = as_object(plain(reply))
        names = [str(as_object(item)["name"]) for item in as_array(page.get("items") or [])]
        return names, str(page.get("nextPageToken") or "")

    return parse(body, read)
