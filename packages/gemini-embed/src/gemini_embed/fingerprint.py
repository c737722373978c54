"""What vectors must share to be comparable: the fingerprint that every store keeps beside its vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gemini_embed.errors import ConfigurationError, FingerprintMismatchError, StoreError
from gemini_embed.models import EMULATOR, GOOGLE, ModelFacts
from gemini_embed.notices import warn
from gemini_embed.tasks import ConditionMedia, Task, is_symmetric

_VERSION = 1
_FIELDS = ("model", "dimensions", "conditioning", "normalization", "version")
"""What every kept record has. Those since 0.1.0 have `service` too."""
_TASKS = {"retrieval": "search"}
"""Tasks whose name in `conditioning` is another."""
_AS_QUERY = ";media=none"
"""Ends `conditioning` in older records of condition_media="none", whose document vectors are those of "query"."""


@dataclass(frozen=True)
class Fingerprint:
    """How a set of vectors was made; two sets with different fingerprints must never meet in one index.

    Attributes:
        model: plain model name, such as "gemini-embedding-2".
        dimensions: length of every vector.
        conditioning: how documents were told to the model, such as "prefix:retrieval", "prefix:clustering" or "raw".
        normalization: "unit" (length 1) or "as_served".
        version: of this record's own format.
        service: who made them where that is not Google: "emulator", or another's address or name; None is Google.
        kept_conditioning: how a store's record says `conditioning`, where it says it in older words.
        tells_service: whether its record names the service, Google's too; older records do not, and may be of any.
    """

    model: str
    dimensions: int
    conditioning: str
    normalization: str
    version: int = _VERSION
    service: str | None = None
    kept_conditioning: str | None = field(default=None, compare=False, repr=False)
    tells_service: bool = field(default=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """16 hex digits that stand for how vectors are made; part of every record's id.

        The service is no part of it: a store has those of one service only, and its ids stay when that gets a name.
        """
        told = {name: value for name, value in self.to_dict().items() if name in _FIELDS}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of `Embedder` that make such vectors, but for `normalize`, which depends on the model."""
        told, _, media = self.conditioning.partition(";media=")
        task = told.rpartition(":")[2]
        given = {"model": self.model, "dimensions": self.dimensions, "task": _TASKS.get(task, task)}
        return given | ({"condition_media": media} if media else {})

    def to_dict(self) -> dict[str, Any]:
        """A JSON object, as stores keep it."""
        told = {name: getattr(self, name) for name in _FIELDS}
        told["conditioning"] = self.kept_conditioning or self.conditioning
        return told | {"service": self.service or GOOGLE} if self.tells_service or self.service else told

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fingerprint:
        """Read what `to_dict` wrote. StoreError when it is damaged or of a newer version of this library."""
        version = data.get("version")
        if version != _VERSION:
            raise StoreError(
                f"the store's fingerprint has version {version!r}, this library reads version {_VERSION}: "
                "upgrade gemini-embed, or use another store"
            )
        missing = [name for name in _FIELDS if name not in data]
        if missing:
            raise StoreError(f"the store's fingerprint is damaged: {', '.join(missing)} missing")
        service, conditioning = data.get("service"), str(data["conditioning"])
        made = cls(**{name: data[name] for name in _FIELDS}, tells_service=service is not None)
        made = replace(made, service=None if service == GOOGLE else service)
        if conditioning.endswith(_AS_QUERY):
            made = replace(made, conditioning=conditioning.removesuffix(_AS_QUERY), kept_conditioning=conditioning)
        return made

    def difference(self, other: Fingerprint) -> str:
        """In words, field by field, what `other` has instead; "" when the two are equal."""
        mine = {"service": GOOGLE} | self.to_dict() | {"conditioning": self.conditioning}
        theirs = {"service": GOOGLE} | other.to_dict() | {"conditioning": other.conditioning}
        names = [name for name in (*_FIELDS, "service") if mine[name] != theirs[name]]
        return ", ".join(f"{name} {mine[name]!r} against {theirs[name]!r}" for name in names)

    def check(self, wanted: Fingerprint, *, where: str) -> Fingerprint:
        """The store's fingerprint (self) if that is `wanted`.

        A record that was made before services were kept may be of any: one that is not Google's is believed, with a
        warning, and named in what is returned.

        Raises:
            FingerprintMismatchError: it is not; the message has the way out.
        """
        if self == wanted:
            return self
        named = replace(self, service=wanted.service)
        if self.service == wanted.service or named != wanted:
            raise FingerprintMismatchError(
                f"{where} holds vectors made another way (there against here): {self.difference(wanted)}. "
                "Search it with an embedder of the same settings, or add your sources to a new store (Migration "
                "does, with what is in this one): vectors made in different ways cannot be compared"
            )
        if self.tells_service:
            raise FingerprintMismatchError(
                f"{where} was made with {_called(self.service)}, and this embedder asks {_called(wanted.service)}: the "
                "vectors of different services cannot be compared. Ask the one it was made with, or add your sources "
                "to a new store; where the address leads to the same service after all, say so by "
                f"service={self.service or GOOGLE!r}"
            )
        warn(
            f"{where} was made before stores kept which service made their vectors: it is taken for one made with "
            f"{_called(wanted.service)}, which this embedder asks. If it was made with Google's service, search and "
            'add to it with that only (service="google" where a proxy leads there)'
        )
        return replace(named, tells_service=False)


def _called(service: str | None) -> str:
    return {None: "Google's service", EMULATOR: "the emulator"}.get(service, f"the service {service!r}")


def fingerprint_of(
    facts: ModelFacts,
    dimensions: int | None,
    task: Task,
    media: ConditionMedia,
    normalize: bool | None,
    service: str = GOOGLE,
) -> Fingerprint:
    """The fingerprint of document vectors made with these settings by this service.

    Raises:
        ConfigurationError: the model's size is not known; pass dimensions=.
    """
    size = facts.size(dimensions)
    if size is None:
        raise ConfigurationError(f"the size of {facts.name}'s vectors is not known here: pass dimensions=")
    way = facts.conditioning
    # What is kept is how documents are conditioned: all asymmetric tasks do that alike, and may query one index.
    kind = task if is_symmetric(task) else "retrieval"
    conditioning = "raw" if task == "raw" or way == "none" else f"{way}:{kind}"
    if way == "prefix" and task != "raw" and media == "both":  # "query" and "none" leave documents with media alone
        conditioning += f";media={media}"
    unit = scaled_to_unit(facts, size, normalize) or _served_with_unit_length(facts, size)
    normalization = "unit" if unit else "as_served"
    by = None if service == GOOGLE else service
    return Fingerprint(facts.name, size, conditioning, normalization, service=by, tells_service=True)


def resized(kept: Fingerprint, facts: ModelFacts, dimensions: int, normalize: bool | None) -> Fingerprint:
    """`kept`, of vectors made with these settings, as it is of their shorter ones."""
    if dimensions == kept.dimensions:
        return kept
    unit = scaled_to_unit(facts, dimensions, normalize) or _served_with_unit_length(facts, dimensions)
    return replace(kept, dimensions=dimensions, normalization="unit" if unit else "as_served")


def scaled_to_unit(facts: ModelFacts, dimensions: int | None, normalize: bool | None) -> bool:
    """Whether vectors are made unit length here: as told, else where the service should but does not. `dimensions` is
    what is asked for; what comes of None is the facts' affair."""
    if normalize is not None:
        return normalize
    size = facts.size(dimensions)
    return size is not None and not _served_with_unit_length(facts, size)


def _served_with_unit_length(facts: ModelFacts, dimensions: int) -> bool:
    return facts.shortened_unit_length or dimensions == facts.max_dimensions
