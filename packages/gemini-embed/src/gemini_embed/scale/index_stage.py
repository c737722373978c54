"""`IndexStage`: rows embedded and written to a store in one step, with a report for each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Any

from gemini_embed.checks import one_of, switch
from gemini_embed.indexing import AddReport
from gemini_embed.indexing.items import Item
from gemini_embed.indexing.report import Tally
from gemini_embed.result import OnError
from gemini_embed.scale.columns import Columns, ContentColumns
from gemini_embed.scale.sharing import Share
from gemini_embed.scale.stage import Stage
from gemini_embed.scale.tables import Table

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder
    from gemini_embed.index import MultimodalIndex


REPORTED: dict[str, type] = {
    "source": str,
    "added": int,
    "reused": int,
    "skipped": bool,
    "reason": str,
    "replaced": int,
    "tokens": float,
    "usd": float,
    "seconds": float,
}
"""The columns of a report."""
ROWS_AT_ONCE = 500
"""Engines hand over partitions of any size: these are embedded and written in parts, four of them ahead of the one that
is written, so that a large one neither fills the memory nor is lost whole with its worker."""


class IndexStage(Stage["MultimodalIndex"]):
    """Adds the rows of a batch to an index. What was paid for is in the store when the call returns, whatever becomes
    of the engine; rows that come again, as after the death of a worker, are found there and not embedded again.

    A row is a whole source: a file, a document, an independent text. An add replaces what its sources held, so rows
    that are parts of one source, in several batches, would remove each other: these want `replace=False`, and
    `index.tidy(before=stage.began_at)` once, at the end.

    Args:
        index: over a store that the workers reach, a server's; in the process that made it, over any.
        content: what is embedded, see `ContentColumns`.
        source: the column that says what the row belongs to; None: its path or address, else a hash of it.
        metadata: columns that are kept with the record and open to filters.
        title: the column of the title, embedded with the content.
        replace: whether older records of the row's source go.
        on_error: "skip" reports rows that cannot be read or embedded; "raise" fails the batch, whose other rows are
            in the store.
        share: of the quota, for one worker: a part, such as 1/8, or a `Broker`.

    Raises:
        StoreError: in pickling, an index over an embedded store, which one process at a time has open.
    """

    def __init__(
        self,
        index: MultimodalIndex,
        *,
        content: ContentColumns = "text",
        source: str | None = None,
        metadata: Sequence[str] = (),
        title: str | None = None,
        replace: bool = True,
        on_error: OnError = "skip",
        share: Share = 1.0,
    ) -> None:
        super().__init__(index, Columns(content, source, metadata, title), share)
        self._replace = switch("replace", replace)
        self._on_error: OnError = one_of("on_error", on_error, OnError)
        self.began_at = time.time()
        """Seconds since 1970, for `index.tidy(before=)`: the workers' clocks do not matter."""

    def __repr__(self) -> str:
        return f"IndexStage({self._held!r})"

    def __call__(self, batch: Any) -> Any:
        """Embed and write the rows of a dict of arrays, a pyarrow.Table or a pandas.DataFrame.

        Returns:
            A batch of the same kind, with a row for each row: its `source`, how many of its records were `added` and
            `reused`, whether it was `skipped` and the `reason`; in its first row the `replaced`, `tokens` and `usd` of
            the whole batch (NaN where they are not known) and its `seconds`.

        Raises:
            StoreError: the store is away; the engine may call again.
            QuotaUsedUpError: for today; it says until when.
        """
        table = Table.of(batch)
        rows = table.rows(self.columns.wanted(table.names))
        items = [self.columns.item(row) for row in rows]
        if not self._replace:
            items = [_marked(item, self.began_at) for item in items]
        tally = Tally()
        with self._at_work() as index:
            report = index.add_told(
                items,
                tally,
                on_error=self._on_error,
                replace=self._replace,
                batch_size=ROWS_AT_ONCE,
                progress=False,
            )
        return table.made(_report(items, report, tally), REPORTED)

    def _embedder_of(self, held: MultimodalIndex) -> Embedder:
        return held.embedder


def _marked(item: Item, began_at: float) -> Item:
    return replaced(item, metadata={"added_at": began_at, **(item.metadata or {})})


def _report(items: Sequence[Item], report: AddReport, tally: Tally) -> dict[str, list[Any]]:
    places = range(len(items))
    reasons = {one.position: one.reason for one in report.skipped}

    def of_batch(value: float | None) -> list[float]:
        return [float("nan") if value is None else float(value) if place == 0 else 0.0 for place in places]

    return {
        "source": [item.source for item in items],
        "added": [tally.added[place] for place in places],
        "reused": [tally.reused[place] for place in places],
        "skipped": [place in reasons for place in places],
        "reason": [reasons.get(place) for place in places],
        "replaced": [report.replaced if place == 0 else 0 for place in places],
        "tokens": of_batch(report.tokens),
        "usd": of_batch(report.usd),
        "seconds": of_batch(report.duration_s),
    }
