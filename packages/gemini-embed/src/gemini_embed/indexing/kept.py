"""What the store holds when a sync begins: which files need not be read, and whose vectors serve for others.

The store is read once, without vectors, into a private database that spills to disk, so that a million records fit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gemini_embed.indexing.candidates import Candidate
from gemini_embed.indexing.identity import record_id, retitled
from gemini_embed.indexing.items import Item
from gemini_embed.indexing.scratch import scratch_database
from gemini_embed.indexing.states import FileState, Look, file_digest
from gemini_embed.records import FILE_STATE, Record
from gemini_embed.stores import Store

_SCHEMA = """
CREATE TABLE held (id TEXT PRIMARY KEY, source TEXT, uri TEXT, sha256 TEXT) WITHOUT ROWID;
CREATE TABLE states (source TEXT PRIMARY KEY, id TEXT, state TEXT) WITHOUT ROWID
"""
_INDEXES = ("CREATE INDEX by_source ON held (source)", "CREATE INDEX by_content ON held (sha256, source)")
_SOURCES_ASKED = 8
"""Of those that hold the same bytes: a licence is in every package."""
_READ_AT_ONCE = 1_000
_WRITTEN_AT_ONCE = 500

HowRead = Callable[[Path], str]


class Kept:
    """What an open store held at the beginning."""

    def __init__(self, store: Store, digest: str, how_read: HowRead, *, root: str | None, notes: bool) -> None:
        """`digest` is that of the fingerprint that ids are made of; `how_read` tells of a file how it would be read;
        `notes` whether states are written into records."""
        self._store, self._digest, self._how_read, self._root, self._notes = store, digest, how_read, root, notes
        self._touched: list[tuple[str, FileState]] = []
        with ExitStack() as on_failure:
            self._db = scratch_database(_SCHEMA)
            on_failure.callback(self._db.close)
            for batch in store.iterate(batch_size=_READ_AT_ONCE, with_vectors=False):
                self._db.executemany("INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?)", map(_row, batch.records))
                self._db.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", _states(batch.records))
            for statement in _INDEXES:
                self._db.execute(statement)
            on_failure.pop_all()
        ((self._is_empty,),) = self._db.execute("SELECT NOT EXISTS (SELECT 1 FROM held)")

    def unchanged(self, path: str) -> int | None:
        """How many records a file has, if it is as it was when they were made, and all of them are there; else None."""
        if not path.isascii() and not _can_be_kept(path):
            return None
        found = self._db.execute("SELECT id, state FROM states WHERE source = ?", (path,)).fetchone()
        state = FileState.parsed(found[1]) if found else None
        if state is None or state.how != self._how_read(Path(path)) or self._count(path) != state.records:
            return None
        look = Look.at(path)
        if look is None or look.size != state.size:
            return None
        if not state.is_of(look):
            if file_digest(path, self._root) != state.sha256:
                return None
            self._touched.append((found[0], FileState.of(look, state.how, state.records, state.sha256)))
        return state.records

    def note_touched(self) -> None:
        """Write down the new times of files whose bytes are what they were."""
        for start in range(0, len(self._touched), _WRITTEN_AT_ONCE):
            states = {id_: str(state) for id_, state in self._touched[start : start + _WRITTEN_AT_ONCE]}
            changed = [
                replace(record, metadata={**record.metadata, FILE_STATE: states[record.id]})
                for record in self._store.get(list(states))
                if record.metadata.get(FILE_STATE) != states[record.id]
            ]
            if changed:
                self._store.update(changed)

    def followed(self, item: Item, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        """The candidates of an item: with their twins in the store, and the last of a file with its state.

        Raises what making them raises.
        """
        file = _File.of(item, self._root) if self._notes else None
        last: Candidate | None = None
        count = 0
        for candidate in candidates:
            if last is not None:
                yield last
            candidate.twin = self._twin(candidate, file)
            last, count = candidate, count + 1
        if last is None:
            return
        if file is not None and file.look is not None and file.digest is not None and file.is_as_it_was:
            state = FileState.of(file.look, self._how_read(file.path), count, file.digest)
            last.record.metadata[FILE_STATE] = str(state)
        yield last

    def places(self) -> Iterator[tuple[str, str]]:
        """(id, uri) of all that came from files or URLs."""
        yield from self._db.execute("SELECT id, uri FROM held WHERE uri IS NOT NULL")

    def close(self) -> None:
        """Forget all."""
        self._db.close()

    def _count(self, source: str) -> int:
        ((count,),) = self._db.execute("SELECT count(*) FROM held WHERE source = ?", (source,))
        return int(count)

    def _twin(self, candidate: Candidate, file: _File | None) -> str | None:
        """A record of another source that was made of the very same: an id tells what its vector was made of."""
        record = candidate.record
        digest = record.metadata.get("sha256")
        if self._is_empty or digest is None:
            return None
        query = "SELECT DISTINCT source FROM held WHERE sha256 = ? AND source != ? LIMIT ?"
        for (source,) in self._db.execute(query, (digest, record.source, _SOURCES_ASKED)):
            for key in self._keys(candidate, file, source):
                id_ = record_id(source, candidate.window, key, self._digest)
                if self._db.execute("SELECT 1 FROM held WHERE id = ?", (id_,)).fetchone():
                    return id_
        return None

    def _keys(self, candidate: Candidate, file: _File | None, source: str) -> Iterator[str]:
        """What its content may be there: the same; and where a file's name is embedded, under the name that the very
        same file had. A new name is not worth a new vector."""
        yield candidate.content_key
        title = candidate.record.title or ""
        if file is None or not title.startswith(file.path.name) or file.path.name == Path(source).name:
            return
        found = self._db.execute("SELECT state FROM states WHERE source = ?", (source,)).fetchone()
        state = FileState.parsed(found[0]) if found else None
        if state is not None and state.sha256 == file.digest:
            yield retitled(candidate.content_key, Path(source).name + title.removeprefix(file.path.name))


@dataclass(frozen=True)
class _File:
    """A file that becomes records by itself, nothing being said of it."""

    path: Path
    look: Look | None
    """As it was before it was read: a change meanwhile shows the next time."""
    root: str | None

    @classmethod
    def of(cls, item: Item, root: str | None) -> _File | None:
        """None for all other items."""
        if not isinstance(item.content, Path) or item != Item(item.content):
            return None
        return cls(item.content, Look.at(os.fspath(item.content)), root)

    @property
    def is_as_it_was(self) -> bool:
        """Whether it has not changed since; else its bytes may be others than those that were read."""
        return Look.at(os.fspath(self.path)) == self.look

    @cached_property
    def digest(self) -> str | None:
        """None where it cannot be read."""
        return file_digest(os.fspath(self.path), self.root)


def _can_be_kept(path: str) -> bool:
    """Whether a name is text; on Linux it may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(record: Record) -> tuple[str, str | None, str | None, str | None]:
    digest = record.metadata.get("sha256")
    if record.is_said:  # not one of those that the file became: it goes with its window
        return record.id, None, record.uri, None
    return record.id, record.source, record.uri, digest if isinstance(digest, str) else None


def _states(records: Sequence[Record]) -> Iterator[tuple[str, str, str]]:
    for record in records:
        state = record.metadata.get(FILE_STATE)
        if isinstance(state, str) and record.source is not None:
            yield record.source, record.id, state
