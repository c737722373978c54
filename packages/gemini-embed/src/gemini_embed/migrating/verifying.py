"""Whether the target is what the source was: all there, told alike, and found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.indexing.scratch import scratch_database, short_key
from gemini_embed.migrating.contents import Mover
from gemini_embed.migrating.source import Source
from gemini_embed.migrating.standing import Standing
from gemini_embed.migrating.verification import NEIGHBOURS, Verification
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, FloatArray

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex

_STRANGE = 0.2
"""Of a record's old neighbours so few may be its neighbours by chance."""
_UNIT_WITHIN = 1e-2
_SCHEMA = """CREATE TABLE expected (
    id TEXT PRIMARY KEY, was TEXT, modality TEXT, source BLOB, told BLOB, there INTEGER DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX by_was ON expected (was)"""


class Verifier:
    """Compares an open source with an open target, whose fingerprint wants unit length or not."""

    def __init__(self, source: Source, target: MultimodalIndex, mover: Mover, where: FilterLike) -> None:
        self._source, self._target, self._mover, self._where = source, target, mover, where
        self._db = scratch_database(_SCHEMA)

    def verify(
        self, queries: Sequence[str], sample: int | None, max_suspects: float, problems: Mapping[str, str]
    ) -> Verification:
        """`problems`: of records that were left out by the last run, by their old ids."""
        with closing(self._db):
            self._expect()
            different, damaged, extra, norms, target = self._compare()
            missing, left_out = self._missing(problems)
            checked, own, shared, suspects = self._sampled(sample)
            answers = {query: self._target.search(query, NEIGHBOURS) for query in queries}
            return Verification(
                source=self._counted("SELECT modality, count(*) FROM expected GROUP BY modality"),
                target=target,
                sources=(self._sources(""), self._sources("WHERE there")),
                missing=missing,
                left_out=left_out,
                extra=extra,
                different=different,
                damaged=damaged,
                self_retrieval=own,
                overlap=shared,
                sampled=checked,
                suspects=suspects,
                max_suspects=max_suspects,
                answers=answers,
                norms=norms,
                dimensions=self._target.embedder.fingerprint.dimensions,
            )

    def _expect(self) -> None:
        for some in self._source.batches(500, self._where):
            rows = [self._row(standing) for standing in some]
            self._db.executemany("INSERT OR IGNORE INTO expected VALUES (?, ?, ?, ?, ?, 0)", rows)

    def _row(self, standing: Standing) -> tuple[str, str, str, bytes, bytes | None]:
        record = standing.record
        told = None if standing.is_cut else _told(record)
        return (
            self._mover.new_id(record),
            record.id,
            record.modality or "text",
            short_key(record.source or record.id),
            told,
        )

    def _compare(self) -> tuple[tuple[str, ...], tuple[str, ...], int, tuple[float, float] | None, dict[str, int]]:
        """Different ones, damaged ones, how many more, the lengths, and records by modality."""
        different, damaged, extra = list[str](), list[str](), 0
        least, most = np.inf, 0.0
        by_modality: Counter[str] = Counter()
        is_unit = self._target.embedder.fingerprint.normalization == "unit"
        for batch in self._target.store.iterate():
            norms = np.linalg.norm(batch.vectors, axis=1)
            bad = ~np.isfinite(norms) | (norms == 0.0)
            if is_unit:
                bad |= np.abs(norms - 1.0) > _UNIT_WITHIN
            for record, norm, is_bad in zip(batch.records, norms.tolist(), bad.tolist(), strict=True):
                by_modality[record.modality or "text"] += 1
                found = self._db.execute("SELECT told FROM expected WHERE id = ?", [record.id]).fetchone()
                if found is None:
                    extra += 1
                    continue
                if found[0] is not None and found[0] != _told(record) and not Standing(record).is_cut:
                    different.append(record.id)
                if is_bad:
                    damaged.append(record.id)
                else:
                    least, most = min(least, norm), max(most, norm)
            self._db.executemany("UPDATE expected SET there = 1 WHERE id = ?", ((one.id,) for one in batch.records))
        return tuple(different), tuple(damaged), extra, (least, most) if most else None, dict(by_modality)

    def _missing(self, problems: Mapping[str, str]) -> tuple[tuple[str, ...], Counter[str]]:
        """What should be there and is not; and how many cannot be, by reason."""
        missing = dict(self._db.execute("SELECT was, id FROM expected WHERE NOT there").fetchall())
        left_out: Counter[str] = Counter()
        for was in [was for was, id_ in missing.items() if id_ in problems]:
            left_out[problems[missing.pop(was)]] += 1
        for some in self._source.batches(500, self._where) if missing else ():  # of a run in another process, maybe
            for standing in some:
                if standing.record.id in missing and (reason := self._mover.problem(standing)) is not None:
                    del missing[standing.record.id]
                    left_out[reason] += 1
        return tuple(missing.values()), left_out

    def _sampled(self, sample: int | None) -> tuple[int, float | None, float | None, tuple[str, ...]]:
        """How many were looked at; self-retrieval@1; overlap; suspects."""
        limit = -1 if sample is None else sample
        # In the order of a hash of the ids, so that the sample is one of everything and the same each time.
        self._db.create_function("mixed", 1, short_key, deterministic=True)
        rows = self._db.execute(
            "SELECT id, was FROM expected WHERE there ORDER BY mixed(id) LIMIT ?", [limit]
        ).fetchall()
        right, asked, shares, unfound = 0, 0, list[float](), list[tuple[str, float]]()
        for start in range(0, len(rows), 100):
            some = dict(rows[start : start + 100])
            own = self._own_ranks([*some])
            asked += len(own)
            right += sum(rank == 0 for rank in own.values())
            overlaps = self._overlaps(some)
            shares += overlaps.values()
            unfound += [(id_, overlaps.get(id_, 0.0)) for id_, rank in own.items() if rank >= NEIGHBOURS]
        mean = float(np.mean(shares)) if shares else None
        strange = max((mean or 0.0) / 2, _STRANGE)
        suspects = tuple(id_ for id_, overlap in unfound if overlap <= strange)
        return len(rows), right / asked if asked else None, mean, suspects

    def _own_ranks(self, ids: Sequence[str]) -> dict[str, int]:
        """At which place each text finds its own record, or one that says the same; 10 for further down."""
        records = [one for one in self._target.store.get(ids) if one.modality in (None, "text") and one.page_content]
        if not records:
            return {}
        vectors = self._target.embedder.embed([one.page_content for one in records], side="query").values
        ranks = {}
        for record, vector in zip(records, vectors, strict=True):
            found = self._target.store.search(vector, NEIGHBOURS)
            same = (n for n, hit in enumerate(found) if hit.record.page_content == record.page_content)
            ranks[record.id] = next(same, NEIGHBOURS)
        return ranks

    def _overlaps(self, some: Mapping[str, str]) -> dict[str, float]:
        """The share of each one's old neighbours that are its neighbours now; `some`: new ids to old ones."""
        old = self._source.vectors([*some.values()])
        new = self._target.store.vectors([*some])
        shares = {}
        for id_, was in some.items():
            if was in old and id_ in new and np.isfinite(new[id_]).all():
                before = self._neighbours(old[was], was)
                after = {hit.record.id for hit in self._target.store.search(new[id_], NEIGHBOURS + 1)} - {id_}
                if before:
                    shares[id_] = len(before & after) / len(before)
        return shares

    def _neighbours(self, vector: FloatArray, was: str) -> set[str]:
        found = [one for one in self._source.nearest(vector, NEIGHBOURS + 1) if one != was][:NEIGHBOURS]
        marks = ", ".join("?" * len(found))
        rows = self._db.execute(f"SELECT id FROM expected WHERE there AND was IN ({marks})", found)  # noqa: S608 - ours
        return {id_ for (id_,) in rows}

    def _counted(self, query: str) -> dict[str, int]:
        return dict(self._db.execute(query).fetchall())

    def _sources(self, where: str) -> int:
        counted: int = self._db.execute(f"SELECT count(DISTINCT source) FROM expected {where}").fetchone()[0]  # noqa: S608 - ours
        return counted


def _told(record: Record) -> bytes:
    """Stands for text and metadata."""
    return short_key(repr((record.page_content, sorted(record.metadata.items(), key=str))))
