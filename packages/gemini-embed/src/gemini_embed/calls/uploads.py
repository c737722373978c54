"""Media too large to be sent inline, put into the Files API by google-genai: one upload for equal bytes, deleted when
the job that needed it is over, or kept and used again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, TypeVar

from gemini_embed.errors import ApiError, ConnectionFailedError, InputError, MediaError
from gemini_embed.preparing import Entry, WirePart, base64_size, inline_data
from gemini_embed.service import Connection
from gemini_embed.service.sdk import Sdk
from gemini_embed.transport import HttpOptions

FIRST_LOOK_S = 0.1
LONGEST_LOOK_S = 5.0
"""Between two looks whether a file is ACTIVE; each wait is twice the one before."""
PROCESSING_S = 600.0
"""How long a file may take to become ACTIVE."""
DELETING_S = 10.0
LEAST_LIFE = timedelta(minutes=10)
"""A kept file that expires sooner is uploaded anew."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class KeptFiles:
    """Files that stay in the Files API after use, and are used again while they live there."""

    def __init__(self) -> None:
        self._files: dict[bytes, Any] = {}

    def get(self, digest: bytes) -> Any:
        """google-genai's `File` of these bytes, None when there is none that lives long enough."""
        file = self._files.get(digest)
        expires_at = getattr(file, "expiration_time", None)
        if expires_at is not None and expires_at - datetime.now(UTC) < LEAST_LIFE:
            return None
        return file

    def keep(self, files: Mapping[bytes, Any]) -> None:
        """Remember them."""
        self._files.update(files)

    def forget(self, digests: Iterable[bytes]) -> None:
        """They may be gone."""
        for digest in digests:
            self._files.pop(digest, None)


class Uploads:
    """The files that one job has put there."""

    def __init__(self, connection: Connection, http: HttpOptions, kept: KeptFiles | None = None) -> None:
        self._sdk = Sdk(connection, http)
        self._kept = kept
        self._files: dict[bytes, asyncio.Task[Any]] = {}
        self._reused: set[bytes] = set()

    async def fitting(self, item: Entry, max_bytes: int) -> Entry:
        """The item, its largest media by reference until the rest fits a call of `max_bytes`.

        Raises:
            MediaError: the service could not process a file.
            RequestError: an upload failed for good.
        """
        parts, size_bytes = [*item.parts], item.size_bytes
        for place in sorted(range(len(parts)), key=lambda place: base64_size(inline_data(parts[place])), reverse=True):
            if size_bytes <= max_bytes:
                break
            part = parts[place]
            assert isinstance(part, dict)  # noqa: S101  # media are loaded by now; tells the type checker
            size_bytes -= base64_size(inline_data(part))
            try:
                parts[place] = await self._by_reference(part)
            except InputError as e:
                raise e.at(item.position) from e.__cause__
        return replace(item, parts=parts, size_bytes=size_bytes)

    async def without_large_parts(self, item: Entry, max_part_bytes: int) -> Entry:
        """The item, its media of more bytes than that by reference. Raises as `fitting` does."""
        parts, size_bytes = [*item.parts], item.size_bytes
        for place, part in enumerate(item.parts):
            data = inline_data(part)
            if data is not None and len(data) > max_part_bytes:
                assert isinstance(part, dict)  # noqa: S101  # it has data; tells the type checker
                parts[place] = await self._by_reference(part)
                size_bytes -= base64_size(data)
        return replace(item, parts=parts, size_bytes=size_bytes)

    def handed_over(self) -> list[str]:
        """The names of the files put there, which are another's to delete from now on."""
        names = [str(task.result().name) for task in self._files.values() if task.done() and not task.exception()]
        self._files.clear()
        return names

    async def _by_reference(self, part: WirePart) -> WirePart:
        mime_type, data = part["inlineData"]["mimeType"], part["inlineData"]["data"]
        digest = hashlib.sha256(data).digest()
        file: Any = self._kept.get(digest) if self._kept else None
        if file is not None:
            self._reused.add(digest)
        else:
            if digest not in self._files:
                self._files[digest] = asyncio.create_task(self._uploaded(data, mime_type))
            file = await asyncio.shield(self._files[digest])
        rest = {name: value for name, value in part.items() if name != "inlineData"}
        return {"fileData": {"mimeType": mime_type, "fileUri": file.uri}, **rest}

    async def _uploaded(self, data: bytes, mime_type: str) -> Any:
        """google-genai's `File`, once it is ACTIVE."""
        config = {"mime_type": mime_type}
        file = await self._asked(lambda client: client.files.upload(file=BytesIO(data), config=config))
        name = file.name
        wait_s, until = FIRST_LOOK_S, asyncio.get_running_loop().time() + PROCESSING_S
        while (state := getattr(file.state, "name", None)) == "PROCESSING":
            if asyncio.get_running_loop().time() > until:
                raise MediaError(f"{name} is still being processed after {PROCESSING_S:g} s", "damaged")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_LOOK_S)
            file = await self._asked(lambda client: client.files.get(name=name))
        if state == "FAILED":
            raise MediaError(f"the service could not process {len(data)} bytes of {mime_type}: {file.error}", "damaged")
        return file

    def forget_reused(self) -> None:
        """After a refusal, since a kept file may be there no more: the next call uploads it anew."""
        if self._kept is not None:
            self._kept.forget(self._reused)

    async def done(self) -> None:
        """Take away what was put there, unless it is to be kept. What cannot be deleted goes by itself in 48 hours."""
        if not self._files:
            return
        outcomes = await asyncio.gather(*self._files.values(), return_exceptions=True)
        files = {
            digest: outcome
            for digest, outcome in zip(self._files, outcomes, strict=True)
            if not isinstance(outcome, BaseException)
        }
        self._files.clear()
        if self._kept is not None:
            self._kept.keep(files)
            return
        try:
            async with asyncio.timeout(DELETING_S):
                await asyncio.gather(*(self._deleted(file.name) for file in files.values()))
        except (ApiError, ConnectionFailedError, TimeoutError) as e:
            logger.warning("uploaded files could not be deleted, they expire after 48 hours: %s", e)

    async def _deleted(self, name: str) -> None:
        await self._asked(lambda client: client.files.delete(name=name))

    async def _asked(self, call: Callable[[Any], T]) -> T:
        return await self._sdk.ask(call, what="Files API")
