"""Cloud Storage's objects, kept in memory: those of `Settings.gcs`, and what was written since."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from gemini_embed_emulator.settings import Settings

_SCHEME = "gs://"


@dataclass(frozen=True)
class StoredObject:
    """One object as it was written; `created` is in seconds of the store's clock."""

    bucket: str
    name: str
    data: bytes
    content_type: str
    created: float
    generation: int

    @cached_property
    def md5(self) -> str:
        """The digest that Cloud Storage tells, in base64."""
        return base64.b64encode(hashlib.md5(self.data, usedforsecurity=False).digest()).decode()


class ObjectStore:
    """The buckets of one emulator. A bucket is there once something was written to it, or as `gcs_buckets` says."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._started = clock()
        self._written: dict[tuple[str, str], StoredObject | None] = {}
        self._generations = count(int(clock() * 1e6))

    def put(self, bucket: str, name: str, data: bytes, content_type: str = "") -> StoredObject:
        """Write an object, in the place of one of this name."""
        made = StoredObject(bucket, name, data, content_type, self._clock(), next(self._generations))
        self._written[bucket, name] = made
        return made

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """The object, None where there is none."""
        if (bucket, name) in self._written:
            return self._written[bucket, name]
        data = self._settings.gcs.get(f"{_SCHEME}{bucket}/{name}")
        if data is None:
            return None
        return StoredObject(bucket, name, data, "application/octet-stream", self._started, int(self._started * 1e6))

    def opened(self, address: str) -> bytes | None:
        """The bytes behind a gs:// address, None where nothing is."""
        found = self.find(*split(address))
        return found.data if found else None

    def delete(self, bucket: str, name: str) -> None:
        """Forget an object."""
        self._written[bucket, name] = None

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """The names in a bucket that begin so, in the order of their bytes, as Cloud Storage lists them."""
        found = [name for held, name in map(split, self.all()) if held == bucket and name.startswith(prefix)]
        return sorted(found, key=str.encode)

    def has_bucket(self, bucket: str) -> bool:
        """Whether there is such a bucket. An emptied one stays."""
        if self._settings.gcs_buckets is not None:
            return bucket in self._settings.gcs_buckets
        return any(held == bucket for held, _ in [*self._written, *map(split, self._settings.gcs)])

    def takes(self, bucket: str) -> bool:
        """Whether this bucket can be written to: one that nobody has named is made by writing, unless all are named."""
        return self._settings.gcs_buckets is None or bucket in self._settings.gcs_buckets

    def all(self) -> Mapping[str, bytes]:
        """Everything that is there, by gs:// address."""
        held = {address: data for address, data in self._settings.gcs.items() if split(address) not in self._written}
        written = {f"{_SCHEME}{o.bucket}/{o.name}": o.data for o in list(self._written.values()) if o}
        return {**held, **written}

    def clear(self) -> None:
        """Forget everything that was written or deleted."""
        self._written.clear()


def split(address: str) -> tuple[str, str]:
    """Bucket and name of a gs:// address."""
    bucket, _, name = address.removeprefix(_SCHEME).partition("/")
    return bucket, name
