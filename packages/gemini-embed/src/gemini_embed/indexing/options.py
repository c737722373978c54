"""How items are added, as the caller says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from gemini_embed.indexing.candidates import Reader
from gemini_embed.indexing.describing import Describe
from gemini_embed.result import OnError
from gemini_embed.windows import Cutting

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


class AddOptions(TypedDict, total=False):
    """The options of `MultimodalIndex.add`, which describes them."""

    batch_size: int
    on_error: OnError | None
    max_cost_usd: float | None
    cutting: Cutting
    describe: Describe | None
    progress: bool | None


@dataclass(frozen=True, kw_only=True)
class How:
    """How items are added, see `MultimodalIndex.add`."""

    batch_size: int = 500
    on_error: OnError = "raise"
    cutting: Cutting = field(default_factory=Cutting)
    describe: Describe | None = None
    progress: bool | None = None

    def reader(self, embedder: Embedder) -> Reader:
        """What reads items for this embedder."""
        self.cutting.check(embedder.facts)
        return Reader(
            embedder.fingerprint.digest,
            embedder.facts,
            root=embedder.root,
            cutting=self.cutting,
            fetch=embedder.fetch,
            describes=self.describe is not None,
        )
