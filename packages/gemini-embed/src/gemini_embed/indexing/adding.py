"""How an index adds: a stream of batches, some embedded ahead of where they are written, then what is outdated removed.

    items -> batches -> embedding, up to AHEAD batches at once -> written in order -> outdated records removed

What is embedded is paid for, so it is written whatever happens to the rest: a failure is raised when the batches under
way are in, and an interruption writes what they had finished by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from gemini_embed.engine import Steps
from gemini_embed.indexing.batches import Waiting, batches
from gemini_embed.indexing.by_folder import ByFolder
from gemini_embed.indexing.counting import Counts
from gemini_embed.indexing.describing import says
from gemini_embed.indexing.items import ItemLike, source_of
from gemini_embed.indexing.loading import Loading
from gemini_embed.indexing.options import How
from gemini_embed.indexing.progress import progress_of
from gemini_embed.indexing.replacing import Gone, Outdated
from gemini_embed.indexing.report import AddReport, Tally
from gemini_embed.indexing.said import said_in_twins
from gemini_embed.indexing.twins import with_twins
from gemini_embed.indexing.under_way import UnderWay
from gemini_embed.indexing.walking import Files
from gemini_embed.indexing.writing import Writer
from gemini_embed.metering import Budget
from gemini_embed.records import Record
from gemini_embed.result import Usage
from gemini_embed.stores import Store

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder
    from gemini_embed.indexing.submitting import Jobs

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
    with progress_of(items, how.progress) as bar, closing(Outdated(store, how.batch_size)) as outdated:
        by_folder = by_folder or ByFolder(items.left_out if isinstance(items, Files) else None)
        counts = Counts(budget, bar, by_folder, tally, jobs)
        adding = _Adding(embedder, store, outdated, how, budget, counts)
        try:
            yield from adding.stream(items)
            counts.replaced = outdated.remove()
            counts.removed = gone.remove(store) if gone else 0
            if store.takes_words:
                store.check_words()
        except Exception as error:
            if counts.has_begun:
                error.add_note(f"Until then: {adding.report()!r}. Adding the same items again goes on from there.")
            raise
        return adding.report()


class _Adding:
    """One add: what it reads, and what becomes of it."""

    def __init__(
        self, embedder: Embedder, store: Store, outdated: Outdated, how: How, budget: Budget, counts: Counts
    ) -> None:
        self._embedder, self._store, self._outdated = embedder, store, outdated
        self._how, self._counts = how, counts
        self._says = says(how, embedder, budget)
        self._reader = how.reader(embedder, store)
        self._loading = Loading(store, how.on_error, self._says, self._reader.digest, counts, self._skip)
        self._writer = Writer(store, counts)
        self._under_way = UnderWay(embedder, budget, how.on_error, self._writer, self._skip)

    def report(self) -> AddReport:
        """What was done so far."""
        has_price = bool(self._embedder.facts.usd_per_million_tokens)
        return self._counts.report(has_price=has_price, describing=getattr(self._says, "usage", Usage()))

    def stream(self, items: Iterable[ItemLike]) -> Steps[None]:
        """Read, embed and write until there is nothing left, or something fails."""
        load, under_way = self._loading.loaded, self._under_way
        try:
            for gathered in batches(items, self._how.batch_size, self._reader, self._how.on_error, self._skip_item):
                self._counts.expect(sum(not one.candidate.begins for one in gathered))
                loaded = load(self._without_twins(self._new(gathered)))
                under_way.start(load(self._new(self._loading.sentences())))  # first: a window that is written has all
                under_way.start(loaded)
                while self._is_far_ahead():
                    yield from under_way.finish_first()
            while under_way:
                yield from under_way.finish_first()
            under_way.check_refusals()
        except Exception as error:
            if self._writer.has_failed(error):
                error.completed = under_way.unwritten()
            else:
                yield from under_way.finish_rest()
            raise
        finally:  # something is left after Ctrl-C or a cancellation, which may come while the rest is finished too
            self._reader.opened.by(None)
            under_way.write_what_is_finished()

    def _is_far_ahead(self) -> bool:
        """Whether a batch must be written before the next is read."""
        ahead = len(self._under_way)
        return ahead > AHEAD or (ahead > 1 and self._under_way.size_bytes > AHEAD_BYTES)

    def _new(self, gathered: Sequence[Waiting]) -> list[Waiting]:
        """What must be embedded. Known records get the text and metadata they came with now; twins count once."""
        if not gathered:
            return []
        replacing = [one.record for one in gathered if one.candidate.replaces] if self._how.replace else []
        new: dict[str, Waiting] = {}
        for one in gathered:
            first = self._under_way.get(one.record.id) or new.setdefault(one.record.id, one)
            if first is not one:
                first.take(one)
        known = self._known(new, self._outdated.first_seen(replacing))
        self._outdated.strike(replacing)
        for id_, record in known.items():
            new[id_].kept_of(record)
        if changed := [new[id_].record for id_, record in known.items() if new[id_].record != record]:
            self._store.update(changed)
        self._counts.held(known.values(), [position for id_ in known for position in new.pop(id_).positions])
        return list(new.values())

    def _known(self, new: Mapping[str, Waiting], sources: Sequence[str]) -> dict[str, Record]:
        """What the store holds of the new records; what it holds of these sources is noted as outdated."""
        known: dict[str, Record] = {}
        wanted = frozenset(sources)
        for records in self._store.look_up(list(new), sources):
            self._outdated.note(records, wanted)
            known |= {record.id: record for record in records if record.id in new}
        return known

    def _without_twins(self, new: list[Waiting]) -> list[Waiting]:
        """Those whose vectors the store has not; what it has them of, under other sources, is written right away."""
        if not any(one.candidate.twin for one in new):
            return new
        found, vectors, rest = with_twins(new, self._store)
        if found:
            self._writer.upsert([one.record for one in found], vectors)
            self._counts.wrote(found)
            said, their_vectors = said_in_twins(found, self._store, self._reader.digest)
            if said:
                self._writer.upsert(said, their_vectors)
                self._outdated.strike(said)
        return rest

    def _skip_item(self, position: int, item: ItemLike, reason: str) -> None:
        self._skip([position], source_of(item), reason)

    def _skip(self, positions: Sequence[int], source: str | None, reason: str) -> None:
        self._counts.skipped(positions, source, reason)
        self._outdated.keep(source)
