"""`MultimodalIndex`: add, search, get, delete and copy, over any store; what both framework retrievers stand on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from gemini_embed.engine import Steps, arun, run
from gemini_embed.errors import InputError, StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.hits import Opener
from gemini_embed.indexing.by_jobs import ByJobs
from gemini_embed.indexing.following import Followed, Follows
from gemini_embed.indexing.watching import Watches
from gemini_embed.readers import HeldPictures, own_readers
from gemini_embed.searching import Census
from gemini_embed.searching.doors import Searches
from gemini_embed.stores.aliases import HasAliases
from gemini_embed.stores.base import Store, copied

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder
    from gemini_embed.indexing import AddOptions, AddReport, Describe, ItemLike, Place
    from gemini_embed.metering import Estimate, Price
    from gemini_embed.readers import ReaderLike, Readers
    from gemini_embed.result import OnError
    from gemini_embed.windows import Cutting


class MultimodalIndex(ByJobs, Searches, Watches):
    """Contents of any modality in one store, found by text, images or both together.

    `add` and `sync` fill it, `submit` and `collect` at half the price; `estimate` tells the price before. `search` asks
    it, and `watch` keeps it as a folder is.

    The store is opened on first use and checked against `embedder.fingerprint`. Closing the index closes the store and
    leaves the embedder open; a pickle takes the settings of both along. Every method has an async twin, named with `a`.
    """

    def __init__(self, embedder: Embedder, store: Store, *, readers: Mapping[str, ReaderLike] | None = None) -> None:
        """`readers`: your own, for every `add` and `sync`, and for who opens what is found: see `add`. A pickle of the
        index takes them along, so they must be functions of a module then."""
        self.embedder = embedder
        self.store = store
        self._census = Census(store)
        self._given_readers = own_readers(readers)
        self._pictures = HeldPictures(self._given_readers)
        self.opener = Opener(embedder.root, embedder.fetch, self._pictures)
        self._closed = False

    @classmethod
    def following(cls, store: HasAliases, **connection: Any) -> MultimodalIndex:
        """The index of whatever collection the name of `store` leads to: queries are embedded by what made it.

        The embedder is made from the collection's fingerprint (model, size, conditioning). When the name, an alias, is
        pointed at another collection, as `Migration.switch` does, the index goes there within 30 s, with an embedder
        that fits, and at once when the old one is removed; searches under way end where they began. The look is in the
        background, and costs searches nothing. `.embedder` and `.store` are those of now; closing it closes them too.

        Args:
            store: an `EdgeStore`, `QdrantStore` or `MilvusStore` of an alias, or of a collection.
            connection: the index's `readers`, and arguments of `Embedder` beside those that the fingerprint tells, such
                as `api_key`, `cache`, or the `task` of queries.

        Raises:
            StoreError: the name leads to no collection, or to one without a fingerprint.
            FingerprintMismatchError: `connection` leads to another service than the one that made the vectors.
        """
        return _FollowingIndex(store, connection)

    def __reduce__(self) -> tuple[Any, ...]:
        own = self._given_readers
        return partial(type(self), readers=own) if own else type(self), (self.embedder, self.store)

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
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        respect_gitignore: bool = False,
        price: Price = "online",
        deadline_s: float | None = None,
        replace: bool = True,
        readers: Mapping[str, ReaderLike] | None = None,
        isolate: bool = False,
    ) -> AddReport:
        """Embed and store items; what the store holds already is not embedded again.

        In a list a str is text, a `Path` the text or medium in that file (or all files of that folder), a list of parts
        one interleaved content; `Item` adds source, metadata and title. A folder, a file or a glob alone is walked.
        Recordings, videos and PDFs become a record for each window, as do text files longer than a passage, and any
        text that is longer than the model reads; source files become a record for each definition, with its lines. All
        items of one source in this call become what the source holds: its other, older records go once the new ones
        are in.

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
            describe: writes `page_content` for a medium or a window of one, see `Describe`, such as a
                `GeminiDescriber`; without it a page has its text, and other media have none.
            progress: a bar on stderr; None shows it on a terminal and in a notebook.
            include: of folders and globs only files that one of these patterns fits, written as in a `.gitignore`:
                `["*.md", "src/"]`; names with a dot in front come in where a pattern says them: `[".github/", "*"]`.
            exclude: leave out what one of these patterns fits: `["drafts/", "*.log", "!keep.log"]`.
            respect_gitignore: leave out of folders and globs what `.gitignore` files do, nested ones and those above
                up to the repository's top too; a file that is named comes in. Needs the extra `code`.
            replace: False leaves older records of the sources, for sources whose parts come in several calls, such as
                from several workers; records are marked with the time, for `tidy`.
            isolate: open files and media in a child process, for what outsiders made: one that crashes a decoder, or
                keeps it busy for longer than 10 s and a second for each MiB, is skipped, and the child started again.
                It is no sandbox. Readers of your own must have a name in a module.
            readers: your own, before those of the library: `{".rst": function, "application/x-foo": function}`, where a
                function is given a file's path and returns its text, or parts of it; see `readers.FunctionReader`. Give
                them to the index itself where what they find is to be opened by other processes too.

        Raises:
            InputError: an item cannot be indexed; `.position` is its place in `items`.
            RefusedItemsError: the service refused some items; all others are in the store.
            RequestError: a request failed.
            BudgetError: the next request would cost more than is left.
            StoreError: the store failed; `.completed` holds what was embedded and not written.
            FingerprintMismatchError: the store holds vectors made another way.
        """
        from gemini_embed.indexing import AddOptions, add_steps
        from gemini_embed.windows import Cutting

        given = AddOptions(
            batch_size=batch_size,
            on_error=on_error,
            max_cost_usd=max_cost_usd,
            cutting=cutting or Cutting(),
            describe=describe,
            progress=progress,
            include=include,
            exclude=exclude,
            respect_gitignore=respect_gitignore,
            price=price,
            deadline_s=deadline_s,
            replace=replace,
            readers=readers,
            isolate=isolate,
        )
        return run(self._changing(add_steps(self.embedder, self._opened, items, self._asked(given))))

    async def aadd(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> AddReport:
        """`add`, without blocking the loop."""
        from gemini_embed.indexing import add_steps

        return await arun(self._changing(add_steps(self.embedder, self._opened, items, self._asked(options))))

    def sync(self, folder: Place, **options: Unpack[AddOptions]) -> AddReport:
        """Make the index hold what a folder holds: embed what is new or has changed, remove what is gone.

        As `add(folder)`, and at the end records of files below it that are not there any more are deleted
        (`AddReport.removed`). What cannot be read stays as it was. A file whose size and time are those of the last
        sync is not read, one whose time alone has changed is read and not decoded; one that was renamed or copied takes
        the vectors that are there. Name the folder the same way each time, since its files are known by their paths.
        Sync a disk that is mounted below it by itself: while it is away its mount point is an empty folder like any
        that was cleared. `options` are those of `add`; what `include`, `exclude` and `respect_gitignore` leave out is
        removed.

        Raises:
            InputError: no such folder, or one that holds no file at all, as when a disk is not mounted.
        """
        return self._synced(folder, options, may_be_empty=False)

    async def async_sync(self, folder: Place, **options: Unpack[AddOptions]) -> AddReport:
        """`sync`, without blocking the loop; `async` alone is a word of the language."""
        from gemini_embed.indexing import sync_steps

        return await arun(self._changing(sync_steps(self.embedder, self._opened, Path(folder), self._asked(options))))

    def estimate(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> Estimate:
        """What `add` would embed, and its likely price: items are read, and nothing is sent or cut.

        What the store holds already, or comes twice, is not counted but in `Estimate.known`; what a cache would answer
        is counted. `options` are those of `add`; `price="batch"` gives a `BatchEstimate`, with both prices and the jobs
        in turn.
        """
        from gemini_embed.indexing import estimate_add

        return estimate_add(self.embedder, self._opened, items, self._asked(options))

    async def aestimate(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> Estimate:
        """`estimate`, without blocking the loop."""
        return await asyncio.to_thread(self.estimate, items, **options)

    def copy_to(self, store: Store, *, dimensions: int | None = None) -> int:
        """Write all records and vectors to another store, embedding nothing; returns how many.

        The fingerprint goes along, so `store` must be new or have the same one. It is left open. With `dimensions`
        vectors are shortened to what the service answers at that size: open the copy with an embedder that asks for it,
        which finds there what it would add. Ids are those of the new size; what others gave an id keeps it.

        Raises:
            ConfigurationError: a larger size, or one that the model has not.
        """
        from gemini_embed.indexing.shrinking import Shrinking

        if store is self.store:
            raise InputError("an index cannot be copied to its own store")
        source = self._opened()
        kept = source.kept_fingerprint() or self.embedder.fingerprint
        if dimensions is None:
            return copied(source, store, kept)
        smaller = Shrinking(self.embedder, kept, dimensions)
        return copied(source, store, smaller.fingerprint, smaller.batch)

    async def acopy_to(self, store: Store, *, dimensions: int | None = None) -> int:
        """`copy_to`, without blocking the loop."""
        return await asyncio.to_thread(self.copy_to, store, dimensions=dimensions)

    def close(self) -> None:
        """Close the store; closing twice is fine."""
        self._closed = True
        self.store.close()

    def _is_ended(self) -> bool:
        return self._closed

    def _synced(self, folder: Place, options: AddOptions, *, may_be_empty: bool) -> AddReport:
        from gemini_embed.indexing import sync_steps

        steps = sync_steps(self.embedder, self._opened, Path(folder), self._asked(options), may_be_empty=may_be_empty)
        return run(self._changing(steps))

    @property
    def readers(self) -> Readers:
        """Its own readers: those of the constructor, and of adds since then."""
        return self._pictures.readers

    def _asked(self, options: AddOptions) -> AddOptions:
        own = own_readers(options.get("readers"))
        self._pictures.own |= own
        return {**options, "readers": {**self._given_readers, **own}} if self._given_readers else options

    def _opened(self) -> Store:
        if self._closed:
            raise StoreError("this index is closed: make a new one over the same store")
        self.store.open(self.embedder.fingerprint)
        return self.store

    def _changing(self, steps: Steps[AddReport]) -> Steps[AddReport]:
        try:
            return (yield from steps)
        finally:
            self._has_changed()

    def _fingerprint(self) -> Fingerprint:
        return self.embedder.fingerprint

    def _has_changed(self) -> None:
        self._census.forget()


class _FollowingIndex(Follows, MultimodalIndex):
    """See `MultimodalIndex.following`."""

    followed: Followed[MultimodalIndex]

    def __init__(self, store: HasAliases, connection: Mapping[str, Any]) -> None:
        self._given = dict(connection)
        of_embedder = {name: value for name, value in connection.items() if name != "readers"}
        self.followed = Followed(store, of_embedder, partial(MultimodalIndex, readers=connection.get("readers")))
        self.followed.now()

    def __reduce__(self) -> tuple[Any, ...]:
        return _FollowingIndex, (self.followed.store, self._given)
