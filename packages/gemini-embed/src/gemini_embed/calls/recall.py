"""What one job finds in the cache and leaves there: items in, vectors out.

A vector is found again by what made it: the model, its options, the service, and the content as it is sent, with its
conditioning. Vectors are kept as they were served, so normalisation may change without asking again, and one of a
larger size answers for a smaller one where the model's facts say that shortening is exact.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from gemini_embed.cache import VectorCache
from gemini_embed.models import GOOGLE, ModelFacts
from gemini_embed.models.shortening import shortened
from gemini_embed.preparing import Entry, EntryPart, inline_data
from gemini_embed.service import Connection, ServiceName
from gemini_embed.wire import Options

KEY_VERSION = 1


class Recall:
    """The cache as one job sees it. Hashing and files stay off the loop's thread."""

    def __init__(
        self, cache: VectorCache, connection: Connection, service: ServiceName, facts: ModelFacts, options: Options
    ) -> None:
        self._cache = cache
        self._connection, self._service = connection, service
        self._facts = facts
        self._size = facts.size(options.dimensions)
        # auto_truncate is told too: a vector of a text that was cut is no answer to who wants such refused
        self._options = options

    async def known(self, items: Sequence[Entry]) -> dict[int, NDArray[np.float32]]:
        """Vectors that are there, as served, by the position of their item. Media must be loaded.

        Raises:
            CacheError: the file cannot be used.
        """
        return await asyncio.to_thread(self._known, items)

    async def keep(self, items: Sequence[Entry], vectors: NDArray[np.float32]) -> None:
        """Write row i of `vectors`, as served, for `items[i]`."""
        rows = {item.key: vector for item, vector in zip(items, vectors, strict=True) if item.key}
        await asyncio.to_thread(self._cache.put, self._facts.name, rows)

    def _known(self, items: Sequence[Entry]) -> dict[int, NDArray[np.float32]]:
        told = {item.position: _told(item) for item in items if not _may_change(item)}
        missing = [item for item in items if item.position in told]
        found: dict[int, NDArray[np.float32]] = {}
        for number, (service, size) in enumerate(self._kept_as()):
            if not missing:
                break
            begins = self._begins(service, size)
            keys = {item.position: _key(begins, told[item.position]) for item in missing}
            if number == 0:  # at the size asked for, in today's words
                for item in missing:  # also where it had a key: its file may hold something else by now
                    item.key = keys[item.position]
            vectors = self._cache.get(list(keys.values()))
            right = {place: vectors[key] for place, key in keys.items() if key in vectors}
            found |= {place: self._as_asked(row) for place, row in right.items() if size in (None, len(row))}
            missing = [item for item in missing if item.position not in found]
        size = self._size or next((len(vector) for vector in found.values()), 0)
        return {position: vector for position, vector in found.items() if len(vector) == size}

    def _kept_as(self) -> Iterator[tuple[str, int | None]]:
        """Where a vector may be kept, by service and size: as it is asked for, then in larger sizes."""
        now, earlier = of_service(self._connection, self._service.get()), _as_kept_earlier(self._connection)
        larger = self._facts.sizes_above(self._size) if self._size else []
        for size in (self._size, *larger):
            yield now, size
            if earlier != now:
                yield earlier, size

    def _as_asked(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """As the service would have served it at the size asked for."""
        if self._size is None or len(vector) <= self._size:
            return vector
        return shortened(vector, self._facts, self._size)

    def _begins(self, service: str, size: int | None) -> str:
        """What the texts that keys are made of begin with."""
        told = asdict(replace(self._options, dimensions=size))
        return json.dumps([KEY_VERSION, service, told], ensure_ascii=False, sort_keys=True).removesuffix("]")


def _key(begins: str, told: str) -> bytes:
    return hashlib.sha256(f"{begins}, {told}".encode()).digest()


def _told(item: Entry) -> str:
    """What an item is, as the end of a JSON list."""
    told = [item.task_type, item.title, [_told_part(part) for part in item.parts]]
    return json.dumps(told, ensure_ascii=False, sort_keys=True).removeprefix("[")


def _told_part(part: EntryPart) -> object:
    """A part as it is sent, but for bytes, which their hash stands for."""
    if isinstance(part, str):
        return {"text": part}
    assert isinstance(part, dict)  # noqa: S101  # media are loaded by now; tells the type checker
    data = inline_data(part)
    if data is None:
        return part
    return part | {"inlineData": part["inlineData"] | {"data": hashlib.sha256(data).hexdigest()}}


def _may_change(item: Entry) -> bool:
    """Whether it holds an object of Cloud Storage: another one may take its address at any time."""
    uris = (part["fileData"].get("fileUri", "") for part in item.parts if isinstance(part, dict) and "fileData" in part)
    return any(uri.startswith("gs://") for uri in uris)


def of_service(connection: Connection, service: str) -> str:
    """Vectors of the Developer API and of Vertex are kept apart: nobody promises that both serve the same weights. So
    are those of other services, or a test server's would be taken for the real ones. Regions share theirs."""
    return connection.backend if service == GOOGLE else f"{connection.backend} {service}"


def _as_kept_earlier(connection: Connection) -> str:
    """`of_service` as caches say it that are older than names of services: by the address alone."""
    address = urlsplit(connection.base_url)
    host = address.hostname or ""
    if host.endswith(".googleapis.com"):
        return connection.backend
    return f"{connection.backend} {host}:{address.port} {address.path}"
