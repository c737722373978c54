"""What one job finds in the cache and leaves there: items in, vectors out.

A vector is found again by what made it: the model, its options, the service, and the content as it is sent, with its
conditioning. Vectors are kept as they were served, so normalisation may change without asking again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from gemini_embed.cache import VectorCache
from gemini_embed.models import GOOGLE, ModelFacts
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
        self._model = facts.name
        self._size = facts.size(options.dimensions)
        # auto_truncate stays in: a vector of a text that was cut is no answer to who wants such refused
        self._told = asdict(replace(options, dimensions=self._size))

    async def known(self, items: Sequence[Entry]) -> dict[int, NDArray[np.float32]]:
        """Vectors that are there, as served, by the position of their item. Media must be loaded.

        Raises:
            CacheError: the file cannot be used.
        """
        return await asyncio.to_thread(self._known, items)

    async def keep(self, items: Sequence[Entry], vectors: NDArray[np.float32]) -> None:
        """Write row i of `vectors`, as served, for `items[i]`."""
        rows = {item.key: vector for item, vector in zip(items, vectors, strict=True) if item.key}
        await asyncio.to_thread(self._cache.put, self._model, rows)

    def _known(self, items: Sequence[Entry]) -> dict[int, NDArray[np.float32]]:
        told = {item.position: _told(item) for item in items if not _may_change(item)}
        asked = [item for item in items if item.position in told]
        of_service = _of_service(self._connection, self._service.get())
        for item in asked:
            item.key = self._key(of_service, told[item.position])
        found = self._cache.get([item.key for item in asked])
        vectors = {item.position: found[item.key] for item in asked if item.key in found}
        if (earlier := _as_kept_earlier(self._connection)) != of_service:
            old = {self._key(earlier, told[one.position]): one.position for one in asked if one.position not in vectors}
            vectors |= {old[key]: vector for key, vector in self._cache.get(list(old)).items()}
        size = self._size or next((len(vector) for vector in vectors.values()), 0)
        return {position: vector for position, vector in vectors.items() if len(vector) == size}

    def _key(self, service: str, told: list[Any]) -> bytes:
        text = json.dumps([KEY_VERSION, service, self._told, *told], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).digest()


def _told(item: Entry) -> list[Any]:
    return [item.task_type, item.title, [_told_part(part) for part in item.parts]]


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


def _of_service(connection: Connection, service: str) -> str:
    """Vectors of the Developer API and of Vertex are kept apart: nobody promises that both serve the same weights. So
    are those of other services, or a test server's would be taken for the real ones. Regions share theirs."""
    return connection.backend if service == GOOGLE else f"{connection.backend} {service}"


def _as_kept_earlier(connection: Connection) -> str:
    """`_of_service` as caches say it that are older than names of services: by the address alone."""
    address = urlsplit(connection.base_url)
    host = address.hostname or ""
    if host.endswith(".googleapis.com"):
        return connection.backend
    return f"{connection.backend} {host}:{address.port} {address.path}"
