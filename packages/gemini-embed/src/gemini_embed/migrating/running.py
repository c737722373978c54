"""The records of a source as a stream of items for the target, and what the target loses with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gemini_embed.indexing.items import Item, Unreadable
from gemini_embed.indexing.replacing import DELETED_AT_ONCE
from gemini_embed.indexing.scratch import scratch_database
from gemini_embed.migrating.contents import Mover
from gemini_embed.migrating.source import Source
from gemini_embed.stores.base import FilterLike, Store

READ_AT_ONCE = 500


class Stream:
    """The items of a source, read as they are asked for, anew each time; it counts and remembers what it gave last."""

    def __init__(self, source: Source, mover: Mover, where: FilterLike, *, check: bool = False) -> None:
        self._source, self._mover, self._where, self._check = source, mover, where, check
        self._expected = source.count(where)
        self._db = scratch_database("CREATE TABLE given (id TEXT PRIMARY KEY, position INTEGER) WITHOUT ROWID")
        self.records = 0
        self.by_modality: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._expected

    def __iter__(self) -> Iterator[Item]:
        self._begin()
        for some in self._source.batches(READ_AT_ONCE, self._where):
            given = list[tuple[str, int]]()
            for standing in some:
                item = self._mover.item(standing, check=self._check)
                given.append((self._mover.new_id(standing.record), self.records))
                self.records += 1
                self.by_modality[standing.record.modality or "text"] += 1
                yield item
            self._db.executemany("INSERT OR IGNORE INTO given VALUES (?, ?)", given)

    def _begin(self) -> None:
        """Forget what an earlier reading gave: the one for jobs, after which a day may pass."""
        self._db.execute("DELETE FROM given")
        self.records = 0
        self.by_modality.clear()
        self._mover.begin()

    def movable(self) -> Iterator[Item]:
        """Those that can be embedded anew."""
        return (item for item in self if not isinstance(item.content, Unreadable))

    def id_at(self, position: int) -> str | None:
        """The new id of the record that came at this place."""
        found = self._db.execute("SELECT id FROM given WHERE position = ?", [position]).fetchone()
        return None if found is None else str(found[0])

    def has_given(self, id_: str) -> bool:
        """Whether a record with this new id came by."""
        return self._db.execute("SELECT 1 FROM given WHERE id = ?", [id_]).fetchone() is not None

    def close(self) -> None:
        """Forget all."""
        self._db.close()


class HeldBefore:
    """What the target held before a run: what the source has lost since goes, and what others add meanwhile stays."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = scratch_database("CREATE TABLE held (id TEXT PRIMARY KEY) WITHOUT ROWID")
        for batch in store.iterate(batch_size=READ_AT_ONCE, with_vectors=False):
            self._db.executemany("INSERT OR IGNORE INTO held VALUES (?)", ((one.id,) for one in batch.records))

    def remove_lost(self, stream: Stream) -> int:
        """Delete what was held and did not come by; returns how many there were. Nothing of a target that holds none of
        the source's records, nor where the source was empty: then it is something else than its copy."""
        lost, is_copy = list[str](), False
        for (id_,) in self._db.execute("SELECT id FROM held"):
            if stream.has_given(id_):
                is_copy = True
            else:
                lost.append(id_)
        if not is_copy:
            return 0
        starts = range(0, len(lost), DELETED_AT_ONCE)
        return sum(self._store.delete(lost[start : start + DELETED_AT_ONCE]) for start in starts)

    def close(self) -> None:
        """Forget all."""
        self._db.close()
