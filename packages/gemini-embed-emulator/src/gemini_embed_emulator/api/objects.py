"""Cloud Storage's objects, kept in memory: those of `Settings.gcs`, and what was written since."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from gemini_embed_emulator.settings import Settings

_SCHEME = "gs://"


@dataclass(frozen=True)
class Pieces:
    """Bytes that are made whenever they are read: `make` begins anew, and `count` is how many pieces come, about."""

    make: Callable[[], Iterator[bytes]]
    count: int


@dataclass(frozen=True)
class StoredObject:
    """One object as it was written; `created` is in seconds of the store's clock."""

    bucket: str
    name: str
    content: bytes | Pieces
    content_type: str
    created: float
    generation: int

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, in order."""
        return self.content.make() if isinstance(self.content, Pieces) else iter((self.content,))

    @property
    def data(self) -> bytes:
        """Its bytes, all at once."""
        return b"".join(self.pieces())

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self._measured[0]

    @property
    def md5(self) -> str:
        """The digest that Cloud Storage tells, in base64."""
        return self._measured[1]

    @cached_property
    def _measured(self) -> tuple[int, str]:
        size, digest = 0, hashlib.md5(usedforsecurity=False)
        for piece in self.pieces():
            size += len(piece)
            digest.update(piece)
        return size, base64.b64encode(digest.digest()).decode()


class ObjectStore:
    """The buckets of one emulator. A bucket is there once something was written to it, or as `gcs_buckets` says."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._started = clock()
        self._written: dict[tuple[str, str], StoredObject | None] = {}
        self._generations = count(int(clock() * 1e6))

    def put(self, bucket: str, name: str, content: bytes | Pieces, content_type: str = "") -> StoredObject:
        """Write an object, in the place of one of this name."""
        made = StoredObject(bucket, name, content, content_type, self._clock(), next(self._generations))
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
        """Everything that is there, by gs:// address; read when it is looked at."""
        held = {address: data for address, data in self._settings.gcs.items() if split(address) not in self._written}
        written = {f"{_SCHEME}{o.bucket}/{o.name}": o for o in list(self._written.values()) if o}
        return _Contents({**held, **written})

    def clear(self) -> None:
        """Forget everything that was written or deleted."""
        self._written.clear()


class _Contents(Mapping[str, bytes]):
    def __init__(self, found: Mapping[str, bytes | StoredObject]) -> None:
        self._found = found

    def __getitem__(self, address: str) -> bytes:
        one = self._found[address]
        return one.data if isinstance(one, StoredObject) else one

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def split(address: str) -> tuple[str, str]:
    """Bucket and name of a gs:// address."""
    bucket, _, name = address.removeprefix(_SCHEME).partition("/")
    return bucket, name
