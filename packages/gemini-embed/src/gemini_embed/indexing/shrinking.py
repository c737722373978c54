"""An index copied at a smaller size: shorter vectors, the fingerprint and the ids that go with them, no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_embed.errors import ConfigurationError
from gemini_embed.fingerprint import Fingerprint, resized
from gemini_embed.indexing.identity import renewed
from gemini_embed.models import checked_dimensions
from gemini_embed.models.shortening import shortened, unit_rows
from gemini_embed.stores import Batch

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


class Shrinking:
    """What becomes of an index made with `kept` where the same embedder asks for `dimensions`.

    Raises:
        ConfigurationError: a size that is larger, or that the model cannot have; a model of which it is not known that
            shortening is exact.
    """

    def __init__(self, embedder: Embedder, kept: Fingerprint, dimensions: int) -> None:
        facts = embedder.facts
        checked_dimensions(dimensions, facts)
        if dimensions > kept.dimensions:
            raise ConfigurationError(
                f"dimensions={dimensions}: the index has vectors of {kept.dimensions}, and what they lack cannot be "
                "made of them: add your sources to a new index of that size"
            )
        if dimensions < kept.dimensions and not facts.shortens_exactly:
            raise ConfigurationError(
                f"dimensions={dimensions}: it is not known whether the beginning of a vector of {facts.name} is what "
                "the service answers at that size; facts={'shortens_exactly': True} if you know that it is"
            )
        self._facts = facts
        self._kept = kept
        self.fingerprint = resized(kept, facts, dimensions, embedder.normalize)
        """Of an embedder with the same settings and `dimensions`."""

    def batch(self, batch: Batch) -> Batch:
        """Some records with the vectors and the ids that they have at the smaller size."""
        if self.fingerprint == self._kept:
            return batch
        vectors = shortened(batch.vectors, self._facts, self.fingerprint.dimensions)
        if self.fingerprint.normalization == "unit":
            vectors = unit_rows(vectors)
        was, becomes = self._kept.digest, self.fingerprint.digest
        return Batch([renewed(record, was, becomes) for record in batch.records], vectors)
