"""A file of the folder, sent to a browser from any byte of it, as what can do no harm in the page's own name."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
from collections.abc import AsyncIterator
from typing import BinaryIO
from urllib.parse import quote

from gemini_embed import Hit
from starlette.responses import Response, StreamingResponse

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_SHOWN = re.compile(r"image/(png|jpeg|gif|webp|avif|bmp)|(audio|video)/[\w.+-]+|application/pdf|text/[\w.+-]+")


def file_response(hit: Hit, asked_range: str | None) -> Response:
    """The whole file of a hit, or the bytes that a player asks for.

    Raises:
        InputError: there is no such file inside of the folder.
    """
    file = hit.file()
    try:
        size = os.fstat(file.fileno()).st_size
        headers = _headers(hit) | {"accept-ranges": "bytes"}
        span = _span(asked_range, size)
        if span is None:
            file.close()
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        start, end = span
        if asked_range and (start, end) != (0, size):
            headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
        headers["content-length"] = str(end - start)
        status = 206 if "content-range" in headers else 200
        return StreamingResponse(_bytes(file, start, end), status, headers)
    except BaseException:
        file.close()
        raise


def _headers(hit: Hit) -> dict[str, str]:
    uri = hit.record.uri or hit.record.source or ""
    kind = hit.record.mime_type or mimetypes.guess_type(uri)[0] or "application/octet-stream"
    called = f"filename*=UTF-8''{quote(os.path.basename(uri), safe='')}"
    if not _SHOWN.fullmatch(kind):
        return {"content-type": "application/octet-stream", "content-disposition": f"attachment; {called}"}
    if kind.startswith("text/"):
        kind = "text/plain; charset=utf-8"  # a page of the folder's would run in this page's name
    # A browser's viewer of PDFs does not open in a sandbox.
    policy = {} if kind == "application/pdf" else {"content-security-policy": "default-src 'none'; sandbox"}
    return {"content-type": kind, "content-disposition": f"inline; {called}"} | policy


def _span(asked: str | None, size: int) -> tuple[int, int] | None:
    """(start, end) of what is asked for; all of it where the question is not understood; None past the end."""
    match = _RANGE.fullmatch(asked or "")
    if match is None or match[0] == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        return max(size - int(last), 0), size
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


async def _bytes(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    """Read in a thread; closed when the browser goes away, too."""
    with file:
        await asyncio.to_thread(file.seek, start)
        while start < end and (chunk := await asyncio.to_thread(file.read, min(CHUNK, end - start))):
            start += len(chunk)
            yield chunk
