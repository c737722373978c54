"""The codes of a `QdrantStore`: what its server keeps of the vectors in memory."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from gemini_embed.stores.aliases import OfOneCollection
from gemini_embed.stores.base import opened
from gemini_embed.stores.precision import Precision, check_codes
from gemini_embed.stores.qdrant.client import is_local, no_quantization_here
from gemini_embed.stores.qdrant.collection import change_codes
from gemini_embed.stores.quantization import Quantization, check_name

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


class ClientCodes(OfOneCollection):
    """What `QdrantStore` does with codes."""

    takes_precision = True

    _codes = "none"
    """Those of the open collection."""
    _quantization: Quantization | None

    @abstractmethod
    def _ready(self) -> AbstractContextManager[QdrantClient]:
        """The client, for a request that is made once."""

    def check_precision(self, precision: Precision) -> None:
        check_codes(self, precision, self._codes)  # an exact search is what local mode makes anyway

    def kept_quantization(self) -> str:
        opened(self, self._pinned)
        return self._codes

    def requantize(self, quantization: Quantization) -> None:
        """Have the server hold these codes instead of what is there; it makes them of the vectors in its own time, and
        answers all the while."""
        check_name(quantization)
        with self._ready() as client:
            if is_local(client):
                raise no_quantization_here()
            self._codes = change_codes(client, self._name, quantization)
            self._quantization = None if self._quantization is None else quantization
