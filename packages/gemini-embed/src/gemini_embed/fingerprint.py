"""What vectors must share to be comparable: the fingerprint that every store keeps beside its vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gemini_embed.errors import ConfigurationError, FingerprintMismatchError, StoreError
from gemini_embed.models import ModelFacts
from gemini_embed.tasks import ConditionMedia, Task, is_symmetric

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


def fingerprint_of(
    facts: ModelFacts, dimensions: int | None, task: Task, media: ConditionMedia, normalize: bool | None
) -> Fingerprint:
    """The fingerprint of vectors made with these settings.

    Raises:
        ConfigurationError: the model's size is not known; pass dimensions=.
    """
    size = dimensions or facts.default_dimensions
    if size is None:
        raise ConfigurationError(f"the size of {facts.name}'s vectors is not known here: pass dimensions=")
    way = facts.conditioning
    # What is kept is how documents are conditioned: all asymmetric tasks do that alike, and may query one index.
    kind = task if is_symmetric(task) else "retrieval"
    conditioning = "raw" if task == "raw" or way == "none" else f"{way}:{kind}"
    if way == "prefix" and task != "raw" and media != "query":
        conditioning += f";media={media}"
    unit = scaled_to_unit(facts, size, normalize) or _served_with_unit_length(facts, size)
    return Fingerprint(facts.name, size, conditioning, "unit" if unit else "as_served")


def scaled_to_unit(facts: ModelFacts, dimensions: int | None, normalize: bool | None) -> bool:
    """Whether vectors of this size are made unit length here: as told, else where the service should but does not."""
    if normalize is not None:
        return normalize
    return dimensions is not None and not _served_with_unit_length(facts, dimensions)


def _served_with_unit_length(facts: ModelFacts, dimensions: int) -> bool:
    return facts.shortened_unit_length or dimensions == facts.max_dimensions
