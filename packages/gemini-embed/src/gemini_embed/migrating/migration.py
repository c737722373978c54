"""`Migration`: the records of one collection, embedded anew into another index, which then takes its place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from gemini_embed.checks import one_of, share, whole
from gemini_embed.errors import ConfigurationError
from gemini_embed.indexing import AddOptions
from gemini_embed.indexing.options import How
from gemini_embed.metering import Price
from gemini_embed.migrating.contents import Ids, Mover, OnMissing
from gemini_embed.migrating.from_milvus import FromMilvus
from gemini_embed.migrating.from_qdrant import FromQdrant
from gemini_embed.migrating.indexes import carry_indexes
from gemini_embed.migrating.mirroring import MirroringIndex
from gemini_embed.migrating.report import MigrationEstimate, MigrationReport
from gemini_embed.migrating.running import HeldBefore, Stream
from gemini_embed.migrating.source import Source, StoreSource
from gemini_embed.migrating.standing import Layout, Names
from gemini_embed.migrating.switching import Switching
from gemini_embed.migrating.verification import MAX_SUSPECTS, Verification
from gemini_embed.migrating.verifying import Verifier
from gemini_embed.result import OnError
from gemini_embed.stores.aliases import HasAliases
from gemini_embed.stores.base import FilterLike, Store
from gemini_embed.stores.milvus import MilvusStore
from gemini_embed.stores.qdrant import QdrantStore

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex


class Migration(Switching):
    """The records of `source`, embedded anew into `target`, with their texts and metadata, and no vector taken over.

    `run`, again after a kill or new additions, until it adds nothing; `verify`; `switch` the alias that readers use.
    The source is read and never written, and stays until `finish`. Every method has an async twin, named with `a`.

    Args:
        source: a store of ours, or `FromQdrant(...)`, `FromMilvus(...)` for a collection of langchain-qdrant,
            langchain-milvus, LlamaIndex's stores, or anybody's. `.layout` says what it was found to be.
        target: an index over a new collection, with the embedder that is to be used from now on.
        text: the field that holds the text, where the layout is none of those.
        title: the metadata field that is embedded as title; records of ours tell theirs.
        source_field: the metadata field that says what a record is a part of, kept as `source`.
        ids: "new" makes them of the old ones, as an index of ours would make them of the same contents; "keep" leaves
            them as they are, for doc stores and record managers that hold them (where the target cannot have such an
            id, it is made new). None: "new" for ours, "keep" for others', those in a collection that was taken over
            (`adopt=True`) too.
        where: a filter; only matching records are moved, and nothing is removed from the target.
        on_missing: what becomes of a medium that is gone or has changed, or was never kept: "skip" leaves it out and
            says so, "text" embeds its text (a caption, a page's text) where there is some.

    Nothing is asked of either before the first call.

    Raises:
        ConfigurationError: an argument that means nothing.
    """

    def __init__(
        self,
        source: Store | Source,
        target: MultimodalIndex,
        *,
        text: str | None = None,
        title: str | None = None,
        source_field: str | None = None,
        ids: Ids | None = None,
        where: FilterLike = None,
        on_missing: OnMissing = "skip",
    ) -> None:
        self.source, self.target = _source_of(source), target
        self._names = Names(text, title, source_field)
        self._ids = None if ids is None else one_of("ids", ids, Ids)
        self._where = where
        self._on_missing: OnMissing = one_of("on_missing", on_missing, OnMissing)
        self._mover: Mover | None = None

    def __repr__(self) -> str:
        return f"Migration({self.source!r}, {self.target!r})"

    @property
    def layout(self) -> Layout:
        """Who made the source."""
        self._opened()
        return self.source.layout

    def estimate(self, *, price: Price = "online") -> MigrationEstimate:
        """What `run` would embed, and its likely price. The source and its media are read, nothing is sent.

        With `price="batch"` its `.embedded` is a `BatchEstimate`: both prices, and the jobs in turn.
        """
        one_of("price", price, Price)
        mover = self._opened()
        with closing(Stream(self.source, mover, self._where, check=True)) as stream:
            embedded = self.target.estimate(stream.movable(), on_error="skip", price=price)
            return MigrationEstimate(
                layout=self.source.layout,
                records=stream.records,
                embedded=embedded,
                by_modality=dict(stream.by_modality),
                left_out=dict(Counter(mover.problems.values())),
            )

    async def aestimate(self, **options: Any) -> MigrationEstimate:
        """`estimate`, without blocking the loop."""
        return await asyncio.to_thread(lambda: self.estimate(**options))

    def run(
        self,
        *,
        batch_size: int = 500,
        price: Price = "online",
        on_error: OnError = "skip",
        max_cost_usd: float | None = None,
        progress: bool | None = None,
        deadline_s: float | None = None,
    ) -> MigrationReport:
        """Embed and write what the target lacks; what it has is not paid for again, and gets metadata that changed.

        It keeps no state: after a kill, or once the source has more, run it again. What the source lost since the last
        run is removed from the target, but nothing that others add to the target meanwhile. Memory stays that of an
        `add`, whatever the size.

        Args:
            batch_size: records embedded and written together, as of `MultimodalIndex.add`.
            max_cost_usd: the most that this run may spend; None: no limit.
            progress: a bar on stderr; None shows it on a terminal and in a notebook.
            price: "batch" has jobs of the Batch API embed what the target lacks, at half the price and within a day;
                the target's embedder needs a `cache=`. The source is read twice, for the jobs and once they are over,
                and what it got meanwhile is embedded online. After a kill the same call goes on with those jobs.
            on_error: "skip" leaves out what cannot be embedded anew, and says why; "raise" stops there.
            deadline_s: of jobs: what they have not embedded after so many seconds is embedded online.

        Raises:
            FingerprintMismatchError: the target holds vectors made another way than by its embedder.
            BudgetError, RequestError, StoreError: as of `MultimodalIndex.add`; what was embedded is written.
            BatchError: a job failed and there is no deadline; what other jobs embedded is in the cache.
        """
        options = AddOptions(
            batch_size=batch_size,
            on_error=on_error,
            max_cost_usd=max_cost_usd,
            progress=progress,
            price=price,
            deadline_s=deadline_s,
        )
        How.asked(options, on_error="skip")  # what means nothing is said before anything is read
        mover = self._opened()
        self._has_passed = False
        store = self.target.store
        unindexed = carry_indexes(self.source, store)
        with closing(HeldBefore(store)) as held, closing(Stream(self.source, mover, self._where)) as stream:
            report = self.target.add(stream, **options)
            removed = held.remove_lost(stream) if self._where is None else 0
            for skipped in report.skipped:
                if (id_ := stream.id_at(skipped.position)) is not None:
                    mover.problems.setdefault(id_, "refused")
            return MigrationReport(
                layout=self.source.layout,
                records=stream.records,
                removed=removed,
                left_out=dict(Counter(mover.problems.values())),
                captioned=mover.captioned,
                embedding=report,
                unindexed=unindexed,
            )

    async def arun(self, **options: Any) -> MigrationReport:
        """`run`, without blocking the loop."""
        return await asyncio.to_thread(lambda: self.run(**options))

    def verify(
        self, queries: Sequence[str] = (), *, sample: int | None = 200, max_suspects: float = MAX_SUSPECTS
    ) -> Verification:
        """Whether the target is what the source was: every record there, with equal text and metadata, vectors sound,
        and a sample found by its own text, with neighbours like those that the source's stored vectors tell.

        The texts of the sample are embedded as queries, which costs their tokens. `queries` are searched in the target,
        for you to look at. sample=None looks at all records, sample=0 at none. A vector that belongs to another text is
        seen in the sample only, so a few among many thousands take sample=None; all else is looked at in every record.
        One in a hundred of the sample may look so, by default, and the whole passes; max_suspects=0 lets none.
        """
        if isinstance(queries, str):
            raise ConfigurationError(f"queries is a list of texts: [{queries!r}]")
        whole("sample", sample or None)
        share("max_suspects", max_suspects)
        mover = self._opened()
        verifier = Verifier(self.source, self.target, mover, self._where)
        found = verifier.verify(queries, sample, max_suspects, dict(mover.problems))
        self._has_passed = found.passed
        return found

    async def averify(
        self, queries: Sequence[str] = (), *, sample: int | None = 200, max_suspects: float = MAX_SUSPECTS
    ) -> Verification:
        """`verify`, without blocking the loop."""
        return await asyncio.to_thread(lambda: self.verify(queries, sample=sample, max_suspects=max_suspects))

    def mirroring(self, old: MultimodalIndex, new: MultimodalIndex | None = None) -> MirroringIndex:
        """An index that writes to both, for the time that records are being moved: `add`, `sync` and `delete` go to
        `old` and to `new` (the target, unless told), searches to `old`. As a context manager it leaves both open."""
        return MirroringIndex(old, new or self.target, self._opened())

    def close(self) -> None:
        """Let go of what was connected here; stores and indexes of yours stay open."""
        self._mover = None
        self.source.close()

    def _opened(self) -> Mover:
        """Both open, and found to be two."""
        if self._mover is not None:
            return self._mover
        self.source.open(self._names)
        embedder, store = self.target.embedder, self.target.store
        if self.source.fingerprint == embedder.fingerprint:
            raise ConfigurationError(
                f"{self.source} was made as this embedder makes vectors: index.copy_to(store) moves it, embedding "
                "nothing"
            )
        if _is_same(self.source, store):
            raise ConfigurationError(
                f"source and target are the same collection, {self.source.collection!r}: the target is a new one"
            )
        store.open(embedder.fingerprint)
        kept = store.kept_fingerprint() or embedder.fingerprint
        is_ours = self.source.layout == "gemini-embed"
        self._mover = Mover(
            was=self.source.fingerprint.digest if is_ours and self.source.fingerprint else None,
            becomes=kept.digest,
            ids=self._ids or (None if is_ours else "keep"),
            store=store,
            root=embedder.root,
            fetch=embedder.fetch,
            on_missing=self._on_missing,
            readers=self.target.readers,
        )
        return self._mover


def _source_of(source: object) -> Source:
    if isinstance(source, Source):
        return source
    if isinstance(source, QdrantStore):
        return FromQdrant.of(source)
    if isinstance(source, MilvusStore):
        return FromMilvus.of(source)
    if isinstance(source, Store):
        return StoreSource(source)
    raise ConfigurationError(
        f"a source is a store of ours, FromQdrant(...) or FromMilvus(...), not {type(source).__name__}: "
        "of an index take its .store"
    )


def _is_same(source: Source, store: Store) -> bool:
    if source.store is store:
        return True
    if not isinstance(store, HasAliases) or type(store) is not type(source.store):
        return False
    return store.place == source.store.place and store.leads_to() == source.collection
