"""What an add removes at its end: what its sources held before and no item confirmed, and files that are gone."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from gemini_embed.errors import StoreError
from gemini_embed.indexing.said import window_key
from gemini_embed.indexing.scratch import Seen, scratch_database, short_key
from gemini_embed.indexing.walking import Files
from gemini_embed.records import SAID_IN, Record
from gemini_embed.stores import Store

DELETED_AT_ONCE = 500
_HEARD = ("audio", "video")


class Outdated:
    """Records that the sources of an add had before it, until they come again."""

    def __init__(self, store: Store, batch_size: int) -> None:
        """`batch_size`: of the records that are told at once, where more are to come."""
        self._store, self._batch_size = store, batch_size
        self._was_empty: bool | None = None
        self._sources = Seen()
        self._are_some = False
        self._old = scratch_database(
            "CREATE TABLE old (id TEXT PRIMARY KEY, source BLOB, said_in TEXT) WITHOUT ROWID; "
            "CREATE INDEX by_source ON old (source); CREATE INDEX by_window ON old (said_in) WHERE said_in IS NOT NULL"
        )

    def first_seen(self, records: Sequence[Record]) -> list[str]:
        """The sources that come for the first time with these records, and may hold others."""
        if not records or self._began_empty(len(records)):
            return []
        return [one.source for one in records if one.source and self._sources.is_new(one.source)]

    def note(self, records: Iterable[Record], sources: Container[str]) -> None:
        """Those of them that are of these sources are what the store holds of it."""
        rows = [
            (one.id, short_key(one.source), one.metadata[SAID_IN] if one.is_said else None)
            for one in records
            if one.source and one.source in sources
        ]
        self._old.executemany("INSERT OR IGNORE INTO old VALUES (?, ?, ?)", rows)
        self._are_some = self._are_some or bool(rows)

    def strike(self, records: Sequence[Record]) -> None:
        """These have come again."""
        if self._are_some:
            self._old.executemany("DELETE FROM old WHERE id = ?", ((record.id,) for record in records))
            heard = (one for one in records if one.modality in _HEARD)
            self._old.executemany("DELETE FROM old WHERE said_in = ?", ((window_key(one),) for one in heard))

    def _began_empty(self, count: int) -> bool:
        """Whether the store held nothing when the first records came: then nothing of it can be outdated. It is asked
        once, instead of once a batch, and not where the first batch is likely the only one."""
        if self._was_empty is None:
            self._was_empty = count >= self._batch_size and self._is_empty()
        return self._was_empty

    def _is_empty(self) -> bool:
        try:
            return not any(batch.records for batch in self._store.iterate(batch_size=1, with_vectors=False))
        except StoreError:  # another's store that lists only what a filter names, and may hold something
            return False

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


class Gone:
    """Records of files below `folder` that are not there any more, as far as that can be seen.

    A file is gone where the folder that held it, or one above, was listed and does not have it. Below what could not be
    listed, or was passed over (a link that leads nowhere, a hidden folder), nothing is. What is left out as git does
    it is gone, though it is there. The empty mount point of a disk that is away is listed: nothing tells it from a
    folder that was cleared.
    """

    def __init__(self, folder: Path, files: Files, places: Iterable[tuple[str, str]]) -> None:
        """`places`: (id, uri) of the records that may be of such files."""
        self._folder, self._files, self._places = folder, files, places
        self._there = {os.fspath(one) for one in files if isinstance(one, Path)}

    def remove(self, store: Store) -> int:
        """Delete them; returns how many there were."""
        doomed = [id_ for id_, uri in self._places if self._is_gone(uri)]
        starts = range(0, len(doomed), DELETED_AT_ONCE)
        return sum(store.delete(doomed[start : start + DELETED_AT_ONCE]) for start in starts)

    def _is_gone(self, uri: str) -> bool:
        path = Path(uri)
        if "://" in uri or uri in self._there or not path.is_relative_to(self._folder):
            return False
        if ".." in path.relative_to(self._folder).parts:
            return False  # beside the folder, not below it
        if self._files.have_left_out(path):
            return True
        if self._files.have_listed(path):
            return True  # it is a folder now
        if _may_be_there(path):
            return False  # a name with a dot, or come while the others were added
        held = next(above for above in path.parents if above == self._folder or self._is_known(above))
        return os.path.isfile(held) or self._files.have_listed(held)  # a file is where a folder was

    def _is_known(self, above: Path) -> bool:
        return os.fspath(above) in self._there or _may_be_there(above)


def _may_be_there(path: Path) -> bool:
    """Whether there is something of that name (a link that leads nowhere is), or nobody can tell."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):  # no leave to look, a server that does not answer, a name that no file has
        return True
    return True
