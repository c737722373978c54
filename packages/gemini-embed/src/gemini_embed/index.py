"""`MultimodalIndex`: add, search, get, delete and copy, over any store; what both framework retrievers stand on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from gemini_embed.content import ContentLike
from gemini_embed.engine import Closing, Steps, arun, run
from gemini_embed.errors import InputError, StoreError
from gemini_embed.hits import Hits, Opener
from gemini_embed.indexing import (
    AddOptions,
    AddReport,
    Describe,
    ItemLike,
    Place,
    StoreDoors,
    add_steps,
    estimate_add,
    sync_steps,
)
from gemini_embed.metering import Estimate
from gemini_embed.result import OnError
from gemini_embed.searching import Census, Fusion, SearchOptions, Wanted, search, search_steps
from gemini_embed.searching.lexical import WordsLike
from gemini_embed.stores.base import FilterLike, Store, copied, ids_of
from gemini_embed.windows import Cutting

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


class MultimodalIndex(StoreDoors, Closing):
    """Contents of any modality in one store, found by text, images or both together.

    The store is opened on first use and checked against `embedder.fingerprint`. Closing the index closes the store and
    leaves the embedder open; a pickle takes the settings of both along. Every method has an async twin, named with `a`.
    """

    def __init__(self, embedder: Embedder, store: Store) -> None:
        self.embedder = embedder
        self.store = store
        self._census = Census(store)
        self.opener = Opener(embedder.root, embedder.fetch)
        self._closed = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.embedder, self.store)

    def __repr__(self) -> str:
        return f"MultimodalIndex({self.embedder!r}, {self.store!r})"

    def add(
        self,
        items: Iterable[ItemLike] | Place,
        *,
        batch_size: int = 500,
        on_error: OnError | None = None,
        max_cost_usd: float | None = None,
        cutting: Cutting | None = None,
        describe: Describe | None = None,
        progress: bool | None = None,
    ) -> AddReport:
        """Embed and store items; what the store holds already is not embedded again.

        In a list a str is text, a `Path` the text or medium in that file (or all files of that folder), a list of parts
        one interleaved content; `Item` adds source, metadata and title. A folder, a file or a glob alone is walked.
        Recordings, videos and PDFs become a record for each window, as do text files longer than a passage, and any
        text that is longer than the model reads. All items of one source in this call become what the source holds: its
        other, older records go once the new ones are in.

        It is a stream: items are read `batch_size` at a time, up to four batches are embedded while one is written, and
        nothing is read further ahead, so a generator of millions takes the memory of 2,500. What is embedded is written
        whatever becomes of the rest (failures, Ctrl-C, cancellation), and adding the same items again goes on.

        Args:
            items: what to add; read once. `"docs"`, `"docs/**/*.pdf"` and `Path("docs")` are places: names that begin
                with a dot are left out.
            batch_size: records embedded and written together. Raise it for a concurrency above 20.
            on_error: "skip" leaves out what cannot be read or embedded, and reports it in `AddReport.skipped`; old
                records of its source stay. "raise" stops at an item that cannot be read; what the service refuses is
                raised at the end, all together. None: "skip" for a place, "raise" for a list.
            max_cost_usd: stop before this call has cost more, see `Budget`; None: no limit but the embedder's.
            cutting: how long windows are, see `windows.Cutting`.
            describe: writes `page_content` for a medium or a window of one, see `Describe`; without it a page has its
                text, and other media have none.
            progress: a bar on stderr; None shows it on a terminal and in a notebook.

        Raises:
            InputError: an item cannot be indexed; `.position` is its place in `items`.
            RefusedItemsError: the service refused some items; all others are in the store.
            RequestError: a request failed.
            BudgetError: the next request would cost more than is left.
            StoreError: the store failed; `.completed` holds what was embedded and not written.
            FingerprintMismatchError: the store holds vectors made another way.
        """
        given = AddOptions(
            batch_size=batch_size,
            on_error=on_error,
            max_cost_usd=max_cost_usd,
            cutting=cutting or Cutting(),
            describe=describe,
            progress=progress,
        )
        return run(self._changing(add_steps(self.embedder, self._opened, items, given)))

    async def aadd(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> AddReport:
        """`add`, without blocking the loop."""
        return await arun(self._changing(add_steps(self.embedder, self._opened, items, options)))

    def sync(self, folder: Place, **options: Unpack[AddOptions]) -> AddReport:
        """Make the index hold what a folder holds: embed what is new or has changed, remove what is gone.

        As `add(folder)`, and at the end records of files below it that are not there any more are deleted
        (`AddReport.removed`). What cannot be read stays as it was. Name the folder the same way each time, since its
        files are known by their paths. `options` are those of `add`.

        Raises:
            InputError: no such folder, or one that holds no file at all, as when a disk is not mounted.
        """
        return run(self._changing(sync_steps(self.embedder, self._opened, Path(folder), options)))

    async def async_sync(self, folder: Place, **options: Unpack[AddOptions]) -> AddReport:
        """`sync`, without blocking the loop; `async` alone is a word of the language."""
        return await arun(self._changing(sync_steps(self.embedder, self._opened, Path(folder), options)))

    def estimate(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> Estimate:
        """What `add` would embed, and its likely price: items are read, and nothing is sent or cut.

        What the store holds already, or comes twice, is not counted but in `Estimate.known`; what a cache would answer
        is counted. `options` are those of `add`.
        """
        return estimate_add(self.embedder, self._opened, items, options)

    async def aestimate(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> Estimate:
        """`estimate`, without blocking the loop."""
        return await asyncio.to_thread(self.estimate, items, **options)

    def search(
        self,
        query: ContentLike,
        k: int = 10,
        *,
        filter: FilterLike = None,
        score_threshold: float | Mapping[str, float] | None = None,
        fusion: Fusion = "rrf",
        quotas: Mapping[str, int] | None = None,
        mmr: float | None = None,
        collapse: float | None = None,
        merge: bool = False,
        padding: float | Mapping[str, float] = 0.0,
        lexical: WordsLike = None,
    ) -> Hits:
        """The `k` records nearest to a text, a part of any modality, or a list of parts (one query); best first.

        Where the index holds several modalities each is searched for itself, and the hits are fused. What can be told
        for each modality is a number, or a mapping such as `{"image": 0.4, "video": 0.3}`.

        Args:
            query: what to look for; conditioned as a query.
            k: most hits wanted.
            filter: `{"modality": "image"}` and the like (`gemini_embed.stores.filters`), or the store's own object.
            score_threshold: least cosine similarity of a hit; one for several modalities warns.
            fusion: how hits of several modalities become one list, see `Fusion`.
            quotas: most hits of a modality, such as `{"text": 5, "video": 2}`.
            mmr: maximal marginal relevance, from 1 (relevance alone, as without it) to 0 (unlikeness alone).
            collapse: of hits whose vectors have at least this cosine, such as 0.98, only the best stays.
            merge: whether neighbouring windows of one medium among the best `k` become one hit.
            padding: what hits get around their window: seconds of recordings and videos, pages of PDFs, in a mapping
                characters of texts (whole passages); with the text that stands there.
            lexical: look for words too, in texts, captions, transcripts, pages and names of files: True for those of
                the query, a number from 0 to 1 for their weight beside the cosine, or `Words("E4217", ...)`. In each
                modality the hits of both are fused, by default by their ranks; `Hit.found_by` tells which found it.

        Raises:
            InputError: an option that means nothing.
            ConfigurationError, StoreError: the store keeps no words, or has none yet (`add_lexical`).
        """
        given = SearchOptions(
            filter=filter,
            score_threshold=score_threshold,
            fusion=fusion,
            quotas=quotas,
            mmr=mmr,
            collapse=collapse,
            merge=merge,
            padding=padding,
            lexical=lexical,
        )
        return run(self._search([query], k, given))

    async def asearch(self, query: ContentLike, k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search`, without blocking the loop."""
        return await arun(self._search([query], k, options))

    def search_mean(self, queries: Sequence[ContentLike], k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search` with the mean of several queries, such as one question in several words."""
        return run(self._search(queries, k, options))

    async def asearch_mean(self, queries: Sequence[ContentLike], k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search_mean`, without blocking the loop."""
        return await arun(self._search(queries, k, options))

    def search_vector(self, vector: ArrayLike, k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search` with a query that is embedded already, shape (d,)."""
        wanted = Wanted(k=k, **options)
        return search(self._opened(), self._census, np.asarray(vector, dtype=np.float32), wanted, self.opener)

    async def asearch_vector(self, vector: ArrayLike, k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search_vector`, without blocking the loop."""
        return await asyncio.to_thread(self.search_vector, vector, k, **options)

    def delete(
        self,
        ids: Sequence[str] | None = None,
        *,
        source: str | os.PathLike[str] | None = None,
        filter: FilterLike = None,
    ) -> int:
        """Remove records by id, by source or by filter (exactly one of them); returns how many were there."""
        if sum(given is not None for given in (ids, source, filter)) != 1:
            raise InputError("say what to delete by exactly one of ids, source and filter")
        if source is not None:
            filter = {"source": os.fspath(source)}
        try:
            return self._opened().delete(None if ids is None else ids_of(ids), filter=filter)
        finally:
            self._census.forget()

    async def adelete(
        self,
        ids: Sequence[str] | None = None,
        *,
        source: str | os.PathLike[str] | None = None,
        filter: FilterLike = None,
    ) -> int:
        """`delete`, without blocking the loop."""
        return await asyncio.to_thread(self.delete, ids, source=source, filter=filter)

    def copy_to(self, store: Store) -> int:
        """Write all records and vectors to another store, embedding nothing; returns how many.

        The fingerprint goes along, so `store` must be new or have the same one. It is left open.
        """
        if store is self.store:
            raise InputError("an index cannot be copied to its own store")
        return copied(self._opened(), store, self.embedder.fingerprint)

    async def acopy_to(self, store: Store) -> int:
        """`copy_to`, without blocking the loop."""
        return await asyncio.to_thread(self.copy_to, store)

    def optimize(self) -> None:
        """Build what makes searches among many records fast; the store tells when it is worth it and how long it takes.

        Nothing happens in a store that sees to it by itself (`QdrantStore`). Searches wait meanwhile.
        """
        self._opened().optimize()

    async def aoptimize(self) -> None:
        """`optimize`, without blocking the loop."""
        await asyncio.to_thread(self.optimize)

    def close(self) -> None:
        """Close the store; closing twice is fine."""
        self._closed = True
        self.store.close()

    def _opened(self) -> Store:
        if self._closed:
            raise StoreError("this index is closed: make a new one over the same store")
        self.store.open(self.embedder.fingerprint)
        return self.store

    def _search(self, queries: Sequence[ContentLike], k: int, options: SearchOptions) -> Steps[Hits]:
        return search_steps(self.embedder, self._opened, self._census, queries, Wanted(k=k, **options), self.opener)

    def _changing(self, steps: Steps[AddReport]) -> Steps[AddReport]:
        try:
            return (yield from steps)
        finally:
            self._census.forget()
