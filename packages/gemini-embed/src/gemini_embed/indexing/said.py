"""Sentences with their seconds as records of their own: texts that are found as texts are, and lie in a medium.

A sentence belongs to the window that it was heard in (`said_in`): it comes with the record of that window, stays while
that stays, and goes with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from gemini_embed.content import Content
from gemini_embed.describing import Description
from gemini_embed.errors import Completed
from gemini_embed.indexing.batches import AddBatch, Waiting
from gemini_embed.indexing.candidates import Candidate
from gemini_embed.indexing.identity import record_id, sha256_of
from gemini_embed.indexing.pieces import Loaded
from gemini_embed.records import FILE_STATE, SAID_IN, Record
from gemini_embed.stores import FloatArray, Store


def sentences_of(one: Waiting, said: Description, digest: str) -> list[Waiting]:
    """The records of what was said in a window; `digest` is that of the fingerprint."""
    begins_s = one.record.window.start_s or 0.0
    found: dict[str, Waiting] = {}
    for sentence in said.sentences:
        start_s, end_s = round(begins_s + sentence.start_s, 3), round(begins_s + sentence.end_s, 3)
        record, key = _record(one.record, one.candidate.window, sentence.text, start_s, end_s, digest)
        made = Loaded(Content(sentence.text, title=record.title))
        found[record.id] = Waiting(one.positions[:1], record, Candidate(record, key, made, begins=False))
    return list(found.values())


def window_key(record: Record) -> str:
    """What sentences name the window of a record by. It is no id, which another model's index may not keep."""
    told = [record.metadata.get(name) for name in ("source", "sha256", "title", "modality", "start_s", "end_s")]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def said_in_twins(found: Sequence[Waiting], store: Store, digest: str) -> tuple[list[Record], FloatArray]:
    """What the twins of these records say, as records of theirs, with the vectors that are there."""
    spoken = [one for one in found if one.record.modality in ("audio", "video")]
    twins = {record.id: window_key(record) for record in store.get([one.candidate.twin or "" for one in spoken])}
    heirs: dict[str, list[Waiting]] = {}
    for one in spoken:
        heirs.setdefault(twins[one.candidate.twin or ""], []).append(one)
    records: list[Record] = []
    vectors: list[FloatArray] = []
    for batch in store.iterate(filter={SAID_IN: list(heirs)}) if heirs else ():
        for record, vector in zip(batch.records, batch.vectors, strict=True):
            for one in heirs[str(record.metadata[SAID_IN])]:
                place = record.window
                start_s, end_s = place.start_s or 0.0, place.end_s or 0.0
                heir, _ = _record(one.record, one.candidate.window, record.page_content, start_s, end_s, digest)
                records.append(heir)
                vectors.append(vector)
    return records, np.stack(vectors) if vectors else np.empty((0, 0), np.float32)


class Unsaid:
    """Windows of which a sentence was not embedded. They stay out with it: a window that is held is not described
    again, so the next add would not make what it lacks."""

    def __init__(self) -> None:
        self._windows: set[object] = set()

    def note(self, batch: AddBatch, finished: Completed | None) -> None:
        """Nothing but what is `finished` of a batch is written. Sentences are batches before their windows'."""
        there = set(finished.positions) if finished is not None else set()
        for place, group in enumerate(batch.groups):
            if place not in there:
                self._windows |= {one.record.metadata[SAID_IN] for one in group if one.record.is_said}

    def without(self, waiting: list[Waiting], vectors: FloatArray) -> tuple[list[Waiting], FloatArray]:
        """Those of a batch that may be written, with their vectors."""
        if not self._windows:
            return waiting, vectors
        kept = [place for place, one in enumerate(waiting) if window_key(one.record) not in self._windows]
        return [waiting[place] for place in kept], vectors[kept]


def _record(window: Record, which: object, text: str, start_s: float, end_s: float, digest: str) -> tuple[Record, str]:
    """The record of a sentence, and its content key, equal for equal vectors."""
    sha256 = sha256_of(text)
    key = json.dumps([sha256, window.title])
    metadata = {name: value for name, value in window.metadata.items() if name != FILE_STATE}
    metadata |= {"modality": "text", "sha256": sha256, "start_s": start_s, "end_s": end_s, SAID_IN: window_key(window)}
    id_ = record_id(window.source or window.id, ["said", which, start_s, end_s], key, digest)
    return Record(id_, text, metadata), key
