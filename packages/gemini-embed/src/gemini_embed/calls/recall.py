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
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from gemini_embed.cache import VectorCache
from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Entry, EntryPart, inline_data
from gemini_embed.service import Connection
from gemini_embed.wire import Options

KEY_VERSION = 1


class Recall:
    """The cache as one job sees it. Hashing and files stay off the loop's thread."""

    def __init__(self, cache: VectorCache, connection: Connection, facts: ModelFacts, options: Options) -> None:
        self._cache = cache
        self._model = facts.name
        self._size = options.dimensions or facts.default_dimensions
        # auto_truncate stays in: a vector of a text that was cut is no answer to who wants such refused
        told = asdict(replace(options, dimensions=self._size))
        self._about_call = [KEY_VERSION, _service(connection), told]

    async def known(self, items: Sequence[Entry]) -> dict[int, NDArray[np.float32]]:
        """Vectors that are there, as served, by the position of their item. Media must be loaded.

        Raises:
            CacheError: the file cannot be used.
        """
        return await asyncio.to_thread(self._known, items)

    async def keep(self, items: Sequence[Entry], vectors: NDArray[np.float32]) -> None:
        """Write row i of `vectors`, as served, for `items[i]`."""
        rows = {item.key: vector for item, vector in zip(items, vectors, strict=True)}
        await asyncio.to_thread(self._cache.put, self._model, rows)

    def _known(self, items: Sequence[Entry]) -> dict[int, NDArray[np.float32]]:
        for item in items:
            item.key = self._key(item)
        found = self._cache.get([item.key for item in items])
        size = self._size or next((len(vector) for vector in found.values()), 0)
        vectors = {item.position: found[item.key] for item in items if item.key in found}
        return {position: vector for position, vector in vectors.items() if len(vector) == size}

    def _key(self, item: Entry) -> bytes:
        told = [*self._about_call, item.task_type, item.title, [_told(part) for part in item.parts]]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).digest()


def _told(part: EntryPart) -> object:
    """A part as it is sent, but for bytes, which their hash stands for."""
    if isinstance(part, str):
        return {"text": part}
    assert isinstance(part, dict)  # noqa: S101  # media are loaded by now; tells the type checker
    data = inline_data(part)
    if data is None:
        return part
    return part | {"inlineData": part["inlineData"] | {"data": hashlib.sha256(data).hexdigest()}}


def _service(connection: Connection) -> str:
    """Vectors of the Developer API and of Vertex are kept apart: nobody promises that both serve the same weights. So
    are those of other addresses, or a test server's would be taken for the real ones. Regions share theirs."""
    address = urlsplit(connection.base_url)
    host = address.hostname or ""
    if host.endswith(".googleapis.com"):
        return connection.backend
    return f"{connection.backend} {host}:{address.port} {address.path}"
