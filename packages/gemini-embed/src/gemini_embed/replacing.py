"""Replacement by source: what a source held before an add, and no item of the add confirmed, is removed at its end."""

from __future__ import annotations

from collections.abc import Sequence

from gemini_embed.scratch import Seen, scratch_database, short_key
from gemini_embed.stores.base import Record, Store

DELETED_AT_ONCE = 500


class Outdated:
    """Records that the sources of an add had before it, until an item confirms them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources = Seen()
        self._old = scratch_database(
            "CREATE TABLE old (id TEXT PRIMARY KEY, source BLOB) WITHOUT ROWID; CREATE INDEX by_source ON old (source)"
        )

    def confirm(self, records: Sequence[Record]) -> None:
        """Note what the sources seen for the first time hold, then strike off what came again."""
        first_seen = [one.source for one in records if one.source and self._sources.is_new(one.source)]
        if first_seen:
            for batch in self._store.iterate(filter={"source": first_seen}, with_vectors=False):
                rows = ((record.id, short_key(record.source or "")) for record in batch.records)
                self._old.executemany("INSERT OR IGNORE INTO old VALUES (?, ?)", rows)
        self._old.executemany("DELETE FROM old WHERE id = ?", ((record.id,) for record in records))

    def keep(self, source: str | None) -> None:
        """What this source held stays: an item of its could not be embedded, and the old may be all there is of it."""
        if source and not self._sources.is_new(source):
            self._old.execute("DELETE FROM old WHERE source = ?", (short_key(source),))

    def remove(self) -> int:
        """Delete what no item confirmed; returns how many there were."""
        removed, found = 0, self._old.execute("SELECT id FROM old")
        while ids := [id_ for (id_,) in found.fetchmany(DELETED_AT_ONCE)]:
            removed += self._store.delete(ids)
        return removed

    def close(self) -> None:
        """Forget all."""
        self._sources.close()
        self._old.close()
