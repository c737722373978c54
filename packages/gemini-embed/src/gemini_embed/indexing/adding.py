"""How an index adds: a stream of batches, some embedded ahead of where they are written, then what is outdated removed.

    items -> batches -> embedding, up to AHEAD batches at once -> written in order -> outdated records removed

What is embedded is paid for, so it is written whatever happens to the rest: a failure is raised when the batches under
way are in, and an interruption writes what they had finished by then.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import closing
from reprlib import Repr
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from gemini_embed.describing import Description
from gemini_embed.engine import Steps
from gemini_embed.errors import Completed, GeminiEmbedError, InputError, RefusedItemsError, StoreError
from gemini_embed.indexing.batches import AddBatch, Waiting, batches, finished
from gemini_embed.indexing.by_folder import ByFolder
from gemini_embed.indexing.describing import STOPS, described, says
from gemini_embed.indexing.items import ItemLike, source_of
from gemini_embed.indexing.options import How
from gemini_embed.indexing.progress import Progress, progress_of
from gemini_embed.indexing.replacing import Gone, Outdated
from gemini_embed.indexing.report import AddReport, SkippedItem, Tally
from gemini_embed.indexing.said import Unsaid, said_in_twins, sentences_of
from gemini_embed.indexing.twins import with_twins
from gemini_embed.indexing.walking import Files
from gemini_embed.metering import Budget, Estimate
from gemini_embed.records import Record
from gemini_embed.result import Usage
from gemini_embed.stores import FloatArray, Store

if TYPE_CHECKING:
    from gemini_embed.calls import Submitted
    from gemini_embed.embedder import Embedder
    from gemini_embed.indexing.submitting import Jobs

logger = logging.getLogger(__name__)

_SHORT = Repr()
_SHORT.maxother = 300
"""Of an error that is the user's: it may hold the whole medium."""

AHEAD = 4
"""Batches that are embedded while one is written: of 500 items each, enough for 20 calls of 100 in flight."""
AHEAD_BYTES = 24 * 2**20
"""No more than so many bytes of media are read ahead, but always one batch."""


def added(
    embedder: Embedder,
    store: Store,
    items: Iterable[ItemLike],
    how: How,
    *,
    budget: Budget,
    gone: Gone | None = None,
    jobs: Jobs | None = None,
    tally: Tally | None = None,
    by_folder: ByFolder | None = None,
) -> Steps[AddReport]:
    """Add `items` to an open store, then remove what is `gone`; `jobs` have brought vectors of them into the cache."""
    with progress_of(items, how.progress) as bar, closing(Outdated(store)) as outdated:
        by_folder = by_folder or ByFolder(items.left_out if isinstance(items, Files) else None)
        adding = _Adding(embedder, store, outdated, how, budget, bar, jobs, tally, by_folder)
        try:
            yield from adding.stream(items)
            adding.replaced = outdated.remove()
            adding.removed = gone.remove(store) if gone else 0
            if store.takes_words:
                store.check_words()
        except Exception as error:
            if adding.has_begun:
                error.add_note(f"Until then: {adding.report()!r}. Adding the same items again goes on from there.")
            raise
        return adding.report()


class _Adding:
    """One add: the batches under way, and what came of those before."""

    def __init__(
        self,
        embedder: Embedder,
        store: Store,
        outdated: Outdated,
        how: How,
        budget: Budget,
        progress: Progress,
        jobs: Jobs | None,
        tally: Tally | None,
        by_folder: ByFolder,
    ) -> None:
        self.replaced = self.removed = 0
        self._is_writing = False
        self._began = jobs.began_at if jobs else time.monotonic()
        self._embedder, self._store, self._outdated = embedder, store, outdated
        self._how, self._budget, self._progress = how, budget, progress
        self._window: deque[tuple[AddBatch, Submitted]] = deque()
        self._under_way: dict[str, Waiting] = {}
        self._added = self._reused = self._files = 0
        self._skipped: list[SkippedItem] = []
        self._last_failure: Exception | None = None
        self._refusals: list[RefusedItemsError] = []
        self._usage, self._tally = jobs.usage if jobs else Usage(), tally
        self._by_folder = by_folder
        self._says = says(how, embedder, budget)
        self._said: list[Waiting] = []
        self._unsaid = Unsaid()
        self._undescribed: list[SkippedItem] = []
        self._digest = ""

    @property
    def has_begun(self) -> bool:
        """Whether anything was done so far."""
        return bool(self._added or self._reused or self._skipped)

    def report(self) -> AddReport:
        """What was done so far."""
        likely, has_price = dict(self._budget.likely), bool(self._embedder.facts.usd_per_million_tokens)
        usd, expected_usd = (self._budget.spent_usd, self._budget.expected_usd) if has_price else (None, None)
        skipped = tuple(sorted(self._skipped, key=lambda item: item.position))
        return AddReport(
            added=self._added,
            reused=self._reused,
            replaced=self.replaced,
            removed=self.removed,
            skipped=skipped,
            usage=self._usage + getattr(self._says, "usage", Usage()),
            usd=usd,
            estimate=Estimate(self._files, self._added, sum(likely.values()), expected_usd, by_modality=likely),
            duration_s=time.monotonic() - self._began,
            folders=self._by_folder.reports(skipped),
            undescribed=tuple(self._undescribed),
        )

    def stream(self, items: Iterable[ItemLike]) -> Steps[None]:
        """Read, embed and write until there is nothing left, or something fails."""
        reader = self._how.reader(self._embedder, self._store)
        self._digest = reader.digest
        try:
            for gathered in batches(items, self._how.batch_size, reader, self._how.on_error, self._skip_item):
                self._progress.expect(sum(not one.candidate.begins for one in gathered))
                loaded = self._loaded(self._without_twins(self._new(gathered)))
                self._start(self._loaded(self._new(self._sentences())))  # first: a window that is written has them all
                self._start(loaded)
                while self._is_far_ahead():
                    yield from self._finish_first()
            while self._window:
                yield from self._finish_first()
            if self._refusals:
                refused = [item for refusal in self._refusals for item in refusal.refused]
                raise RefusedItemsError.of(refused, self._refusals[0])
        except Exception as error:
            if self._is_the_store_s(error):
                error.completed = self._unwritten()
            else:
                yield from self._finish_rest()
            raise
        finally:  # something is left after Ctrl-C or a cancellation, which may come while the rest is finished too
            reader.opened.by(None)
            self._write_what_is_finished()

    def _is_far_ahead(self) -> bool:
        """Whether a batch must be written before the next is read."""
        under_way = len(self._window)
        return under_way > AHEAD or (under_way > 1 and sum(batch.size_bytes for batch, _ in self._window) > AHEAD_BYTES)

    def _new(self, gathered: Sequence[Waiting]) -> list[Waiting]:
        """What must be embedded. Known records get the text and metadata they came with now; twins count once."""
        if self._how.replace:
            self._outdated.confirm([one.record for one in gathered if one.candidate.replaces])
        new: dict[str, Waiting] = {}
        for one in gathered:
            first = self._under_way.get(one.record.id) or new.setdefault(one.record.id, one)
            if first is not one:
                first.take(one)
        known = {record.id: record for record in self._store.get(list(new))}
        for id_, record in known.items():
            new[id_].kept_of(record)
        if changed := [new[id_].record for id_, record in known.items() if new[id_].record != record]:
            self._store.update(changed)
        self._by_folder.held(known.values())
        again = [position for id_ in known for position in new.pop(id_).positions]
        if self._tally:
            self._tally.held(again)
        self._reused += len(again)
        self._advance(len(again))
        return list(new.values())

    def _without_twins(self, new: list[Waiting]) -> list[Waiting]:
        """Those whose vectors the store has not; what it has them of, under other sources, is written right away."""
        if not any(one.candidate.twin for one in new):
            return new
        found, vectors, rest = with_twins(new, self._store)
        if found:
            self._upsert([one.record for one in found], vectors)
            self._count_written(found)
            said, their_vectors = said_in_twins(found, self._store, self._digest)
            if said:
                self._upsert(said, their_vectors)
                self._outdated.confirm(said)
        return rest

    def _loaded(self, new: Sequence[Waiting]) -> list[Waiting]:
        """Those of the new records whose contents could be made and described, and that the store takes."""
        failed: set[Waiting] = set()
        for one in new:
            try:
                one.load()
                self._store.check_new(one.record)
            except InputError as error:
                self._failed(one, error)
                failed.add(one)
        readable = [one for one in new if one not in failed]
        for one, said in described(readable, self._says) if self._says else ():
            if isinstance(said, STOPS):
                raise said
            if isinstance(said, Exception):
                self._failed(one, said)
                failed.add(one)
            else:
                self._described(one, said)
        return [one for one in new if one not in failed]

    def _described(self, one: Waiting, said: Description) -> None:
        one.described(said.text)
        self._said += sentences_of(one, said, self._digest)
        if said.problem is not None:
            link = one.record.link()
            self._undescribed += [SkippedItem(position, link, said.problem) for position in one.positions]

    def _sentences(self) -> list[Waiting]:
        """What was said in the windows that were described last."""
        said, self._said = self._said, []
        self._progress.expect(len(said))
        return said

    def _failed(self, one: Waiting, error: Exception) -> None:
        """A window could not be made or described."""
        if self._how.on_error == "skip":
            if error is self._last_failure:  # a file that brought its child down is not asked for its other windows
                self._advance(len(one.positions))
                return
            self._last_failure = error
            reason = error.problem if isinstance(error, InputError) else f"describe= failed: {_SHORT.repr(error)}"
            self._skip(one.positions, one.record.source, reason)
            return
        if isinstance(error, InputError):
            raise error.at(one.positions[0]) from error.__cause__
        error.add_note(f"raised by describe= for input {one.positions[0]}: {one.record}")
        raise error

    def _start(self, new: Sequence[Waiting]) -> None:
        if not new:
            return
        batch = AddBatch(new)
        try:
            embedding = self._embedder.submit(batch.contents, on_error=self._how.on_error, budget=self._budget)
        except GeminiEmbedError as error:
            raise error.relocated(batch.places) from error.__cause__
        self._window.append((batch, embedding))
        self._under_way |= {one.record.id: one for one in new}

    def _finish_first(self) -> Steps[None]:
        """Wait for the oldest batch and write it, or what it had finished before it failed; then it leaves."""
        batch, embedding = self._window[0]
        try:
            result = yield embedding.pending
        except GeminiEmbedError as error:
            if not isinstance(error, RefusedItemsError):
                self._unsaid.note(batch, error.completed)
            if error.completed is not None:
                self._write(batch, error.completed)
            self._leave(batch)
            relocated = error.relocated(batch.places)
            if not isinstance(relocated, RefusedItemsError):
                raise relocated from error.__cause__
            self._refusals.append(relocated)
            return
        self._write(batch, finished(result))
        for refused in result.refused:
            for one in batch.of(refused):
                self._skip(one.positions, one.record.source, refused.message)
        self._leave(batch)

    def _finish_rest(self) -> Steps[None]:
        """After a failure: what is under way is awaited and written, and further failures are logged."""
        while self._window:
            try:
                yield from self._finish_first()
            except GeminiEmbedError as error:
                if self._is_the_store_s(error):
                    logger.exception("what was under way when adding failed could not be written")
                    self._stopped()  # and so left
                else:
                    logger.info("adding had failed already; another part failed too: %s", error)

    def _write_what_is_finished(self) -> None:
        try:
            for batch, completed in self._stopped():
                self._write(batch, completed)
        except GeminiEmbedError:
            logger.exception("what was finished when adding was interrupted could not be written")

    def _stopped(self) -> list[tuple[AddBatch, Completed]]:
        """End what is under way; what each batch had finished."""
        ended = [(batch, embedding.stop()) for batch, embedding in self._window]
        self._window.clear()
        for batch, completed in ended:
            self._unsaid.note(batch, completed)
        return [(batch, completed) for batch, completed in ended if completed is not None]

    def _unwritten(self) -> Completed | None:
        """End what is under way and cannot be written; what is finished of it, in the caller's positions."""
        finished = [completed.relocated(batch.places) for batch, completed in self._stopped()]
        if not finished:
            return None
        positions = [position for one in finished for position in one.positions]
        usage = sum((one.usage for one in finished), Usage())
        return Completed(positions, np.concatenate([one.values for one in finished]), usage)

    def _write(self, batch: AddBatch, completed: Completed) -> None:
        waiting, vectors = self._unsaid.without(*batch.rows(completed))
        self._upsert([one.record for one in waiting], vectors)
        self._usage += completed.usage  # once, though a store's own exception has the batch written again
        self._count_written(waiting)

    def _count_written(self, waiting: Sequence[Waiting]) -> None:
        items = sum(len(one.positions) for one in waiting)
        self._added += len(waiting)
        self._by_folder.wrote([one.record for one in waiting])
        if self._tally:
            self._tally.wrote(one.positions for one in waiting)
        self._reused += items - len(waiting)
        self._files += sum(one.record.uri is not None and one.candidate.begins for one in waiting)
        self._advance(items)

    def _upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        """Write to the store; whatever it raises, the vectors that are paid for go with it."""
        self._is_writing = True
        try:
            self._store.upsert(records, vectors)
        except GeminiEmbedError:
            raise
        except Exception as error:  # of a store of the user's own
            raise StoreError(f"{self._store}: {error!r}") from error
        self._is_writing = False

    def _is_the_store_s(self, error: Exception) -> TypeGuard[GeminiEmbedError]:
        """Whether nothing more can be written."""
        return isinstance(error, StoreError) or (self._is_writing and isinstance(error, GeminiEmbedError))

    def _leave(self, batch: AddBatch) -> None:
        self._window.popleft()
        for one in batch.records:
            del self._under_way[one.record.id]

    def _skip_item(self, position: int, item: ItemLike, reason: str) -> None:
        self._skip([position], source_of(item), reason)

    def _skip(self, positions: Sequence[int], source: str | None, reason: str) -> None:
        self._skipped += [SkippedItem(position, source, reason) for position in positions]
        self._outdated.keep(source)
        self._advance(len(positions))

    def _advance(self, items: int) -> None:
        if items:
            self._progress.advance(items, self._usage, self._budget.spent_usd)
