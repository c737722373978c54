"""An index of several modalities made of vectors of one, with a gap between them: to try fusions without a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from numpy.typing import ArrayLike

from gemini_embed.errors import InputError
from gemini_embed.evaluation.relevance import Question
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.models.shortening import unit_rows
from gemini_embed.records import Record
from gemini_embed.stores import FloatArray, Store


@dataclass(frozen=True, eq=False)
class MixedModalities:
    """Records with their vectors, and questions about them."""

    records: Sequence[Record]
    vectors: FloatArray
    """float32, shape (n, d), of unit length; row i belongs to `records[i]`."""
    questions: Sequence[Question]
    """Texts, known by their vectors."""

    def write_to(self, store: Store, fingerprint: Fingerprint) -> None:
        """Open a store with the fingerprint of an embedder of as many dimensions, and write the records."""
        store.open(fingerprint)
        store.upsert(self.records, self.vectors)


def mixed_modalities(
    vectors: ArrayLike,
    counts: Mapping[str, int],
    *,
    answers: Collection[str],
    questions: int = 50,
    gap: float = 1.0,
    noise: float = 0.7,
    seed: int = 0,
) -> MixedModalities:
    """Records of several modalities that lie apart, and questions which only some of these modalities answer.

    Every question has one answer in each modality of `answers`; all other records answer nothing. A record is a vector
    of yours; a tenth of these are kept back, and a mixture of them is added to each record and question as noise, and
    then what all of a modality share.

    Args:
        vectors: of texts of many kinds, shape (n, d), such as 600 definitions.
        counts: how many records of each modality, such as `{"text": 200, "image": 50}`; together no more than nine
            tenths of `vectors`.
        answers: the modalities that hold an answer to each question.
        questions: how many to ask.
        gap: how long that is which a modality shares, beside the 1 of what a record is about.
        noise: how far an answer is from its question, beside the same 1.
        seed: of what is drawn by chance.

    Raises:
        InputError: too few vectors, or a modality with fewer records than there are questions to answer.
    """
    rows, random = unit_rows(np.asarray(vectors, np.float32)), np.random.default_rng(seed)
    few = [name for name in answers if counts.get(name, 0) < questions]
    if few:
        have = counts.get(few[0], 0)
        raise InputError(f"{few[0]} has to answer {questions} questions with {have} records: count more")
    random.shuffle(rows)
    spare, rows = rows[: len(rows) // 10], rows[len(rows) // 10 :]
    needed = questions + sum(count - questions * (name in answers) for name, count in counts.items())
    if needed > len(rows):
        raise InputError(f"{needed} vectors are needed beside a tenth for noise, and there are {len(rows)}")
    drawn = random.normal(size=(1 + len(counts), rows.shape[1])).astype(np.float32)
    shared = dict(zip(dict.fromkeys(("text", *counts)), unit_rows(drawn), strict=False))

    def seen_as(modality: str, some: FloatArray) -> FloatArray:
        drawn = random.normal(size=(len(some), len(spare))).astype(np.float32)
        noisy = unit_rows(some + noise * unit_rows(drawn @ spare))
        return unit_rows(noisy + gap * shared[modality]).astype(np.float32)

    asked, others = rows[:questions], rows[questions:]
    records, made = [], []
    for modality, count in counts.items():
        about = asked if modality in answers else asked[:0]
        mine, others = others[: count - len(about)], others[count - len(about) :]
        records += [_record(modality, number) for number in range(count)]
        made.append(seen_as(modality, np.concatenate([about, mine])))
    names = [[_record(modality, number).id for modality in answers] for number in range(questions)]
    queries = seen_as("text", asked)
    return MixedModalities(
        records, np.concatenate(made), [Question(query, own) for query, own in zip(queries, names, strict=True)]
    )


def _record(modality: str, number: int) -> Record:
    source = f"{modality}-{number}"
    metadata: dict[str, Any] = {"modality": modality, "source": source}
    return Record(str(uuid5(NAMESPACE_URL, source)), "", metadata)
