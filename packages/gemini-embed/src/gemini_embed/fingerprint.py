"""What vectors must share to be comparable: the fingerprint that every store keeps beside its vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gemini_embed.errors import FingerprintMismatchError, StoreError

_VERSION = 1


@dataclass(frozen=True)
class Fingerprint:
    """How a set of vectors was made; two sets with different fingerprints must never meet in one index.

    Attributes:
        model: plain model name, such as "gemini-embedding-2".
        dimensions: length of every vector.
        conditioning: how documents were told to the model, such as "prefix:retrieval", "prefix:clustering" or "raw".
        normalization: "unit" (length 1) or "as_served".
        version: of this record's own format.
    """

    model: str
    dimensions: int
    conditioning: str
    normalization: str
    version: int = _VERSION

    @property
    def digest(self) -> str:
        """16 hex digits that stand for all fields; part of every record's id."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """A JSON object, as stores keep it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fingerprint:
        """Read what `to_dict` wrote. StoreError when it is damaged or of a newer version of this library."""
        version = data.get("version")
        if version != _VERSION:
            raise StoreError(
                f"the store's fingerprint has version {version!r}, this library reads version {_VERSION}: "
                "upgrade gemini-embed, or use another store"
            )
        missing = [field.name for field in fields(cls) if field.name not in data]
        if missing:
            raise StoreError(f"the store's fingerprint is damaged: {', '.join(missing)} missing")
        return cls(**{field.name: data[field.name] for field in fields(cls)})

    def difference(self, other: Fingerprint) -> str:
        """In words, field by field, what `other` has instead; "" when the two are equal."""
        pairs = ((field.name, getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return ", ".join(f"{name} {mine!r} against {theirs!r}" for name, mine, theirs in pairs if mine != theirs)

    def check(self, wanted: Fingerprint, *, where: str) -> None:
        """Raise FingerprintMismatchError, with the way out, unless the store's fingerprint (self) is `wanted`."""
        if difference := self.difference(wanted):
            raise FingerprintMismatchError(
                f"{where} holds vectors made another way (there against here): {difference}. "
                "Search it with an embedder of the same settings, or add your sources to a new store: "
                "vectors made in different ways cannot be compared"
            )
