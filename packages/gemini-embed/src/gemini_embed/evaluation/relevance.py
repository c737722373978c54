"""What searches find of what is relevant, by the modality of the question and of what answers it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, Unpack, get_args

import numpy as np
from numpy.typing import NDArray

from gemini_embed.content import Content, ContentLike
from gemini_embed.errors import InputError
from gemini_embed.evaluation.measures import Relevant, grades_of, ndcg_at, recall_at
from gemini_embed.evaluation.relevance_table import ALL, FusionTable, Pair, RelevanceTable
from gemini_embed.hits import Hit
from gemini_embed.index import MultimodalIndex
from gemini_embed.records import Record
from gemini_embed.searching import Fusion, SearchOptions
from gemini_embed.searching.hypotheses import words_of, written
from gemini_embed.searching.lexical import words_with_text
from gemini_embed.searching.steps import check_task

FUSIONS: tuple[Fusion, ...] = get_args(Fusion)
Modality: TypeAlias = str


@dataclass(frozen=True, eq=False)
class Question:
    """A query, and what should be found.

    Attributes:
        query: what to ask: a text, a part, several together; or a vector, shape (d,), which sends nothing.
        relevant: names of what answers it, with grades in a mapping. A name is a record's id, a source, or a link such
            as `manual.pdf#page=7`; of a source any of its records will do. A hit counts for one name.
        modality: of the query; None: that of its parts, "text" for a vector.
    """

    query: ContentLike | NDArray[Any]
    relevant: Relevant
    modality: str | None = None


class _Asked(NamedTuple):
    """A question as it is asked of each index."""

    vector: NDArray[Any]
    words: str
    modality: str
    grades: Mapping[str, float]
    targets: Mapping[str, str]
    """The modality of each name."""


def relevance_table(
    index: MultimodalIndex, questions: Sequence[Question], *, k: int = 10, **options: Unpack[SearchOptions]
) -> RelevanceTable:
    """Recall and nDCG of the first `k` hits of an index, by the modality of the question and of what is relevant.

    Questions are embedded together, by one call; records are read once, without vectors, to find what is named.

    Args:
        index: with answers to all of them, and better with much that answers none, of every modality.
        questions: what to ask.
        k: how many hits to look at.
        options: those of `MultimodalIndex.search`.

    Raises:
        InputError: no questions, or one about nothing that is in the index.
    """
    return _measured(index, _asked(index, questions, k, options.get("task")), k, options)


async def arelevance_table(
    index: MultimodalIndex, questions: Sequence[Question], *, k: int = 10, **options: Unpack[SearchOptions]
) -> RelevanceTable:
    """`relevance_table`, without blocking the loop."""
    return await asyncio.to_thread(lambda: relevance_table(index, questions, k=k, **options))


def fusion_table(
    index: MultimodalIndex,
    questions: Sequence[Question],
    *,
    k: int = 10,
    fusions: Sequence[Fusion] = FUSIONS,
    **options: Unpack[SearchOptions],
) -> FusionTable:
    """`relevance_table` for each way to fuse the modalities, side by side; each question is embedded once.

    Raises:
        InputError: as of `relevance_table`, no fusion, or one that there is not.
    """
    if not fusions:
        raise InputError(f"fusions= names none: there are {', '.join(FUSIONS)}")
    asked = _asked(index, questions, k, options.get("task"))
    return FusionTable(tables={one: _measured(index, asked, k, {**options, "fusion": one}) for one in fusions})


async def afusion_table(
    index: MultimodalIndex,
    questions: Sequence[Question],
    *,
    k: int = 10,
    fusions: Sequence[Fusion] = FUSIONS,
    **options: Unpack[SearchOptions],
) -> FusionTable:
    """`fusion_table`, without blocking the loop."""
    return await asyncio.to_thread(lambda: fusion_table(index, questions, k=k, fusions=fusions, **options))


def _asked(index: MultimodalIndex, questions: Sequence[Question], k: int, task: str | None) -> list[_Asked]:
    if not questions:
        raise InputError("there is nothing to ask: pass questions")
    check_task(index.embedder, task)
    grades = [grades_of(one.relevant, k) for one in questions]
    told = _modalities(index, {name for some in grades for name in some})
    contents = [None if isinstance(one.query, np.ndarray) else Content.of(one.query) for one in questions]
    embeddable = [one for one in contents if one is not None]
    made: Iterator[NDArray[Any]] = iter(())
    if embeddable:
        made = iter(index.embedder.embed(embeddable, side="query", task=task).values)
    return [
        _Asked(
            np.asarray(one.query) if content is None else next(made),
            "" if content is None else words_of([content]),
            one.modality or _modality(content),
            some,
            {name: told[name] for name in some},
        )
        for one, content, some in zip(questions, contents, grades, strict=True)
    ]


def _modality(content: Content | None) -> Modality:
    kinds = {"text"} if content is None else {part.modality for part in content.parts}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _modalities(index: MultimodalIndex, names: set[str]) -> dict[str, Modality]:
    """The modality of what each name stands for."""
    index.count()  # which opens the store
    told: dict[str, Modality] = {}
    for batch in index.store.iterate(with_vectors=False):
        for record in batch.records:
            told |= {name: record.modality or "others" for name in _names(record) if name in names}
    if missing := sorted(names - told.keys()):
        raise InputError(f"nothing in the index has the name {missing[0]!r} (of {len(missing)}): an id, source or link")
    return told


def _names(record: Record) -> list[str]:
    return [name for name in (record.id, record.source, record.link()) if name]


def _measured(index: MultimodalIndex, asked: Sequence[_Asked], k: int, options: SearchOptions) -> RelevanceTable:
    recall: dict[Pair, list[float]] = defaultdict(list)
    ndcg: dict[Pair, list[float]] = defaultdict(list)
    strangers: dict[Modality, list[float]] = defaultdict(list)
    for one in asked:
        own = dict(options)
        own.pop("task", None)  # it is in the vector
        if "lexical" in options:  # a vector has no words of its own
            own["lexical"] = words_with_text(options["lexical"], one.words)
        if callable(options.get("hypothetical")):
            own["hypothetical"] = written(options["hypothetical"], one.words)
        hits = index.search_vector(one.vector, k, **own)  # type: ignore[arg-type]  # the same options
        found = [_found(hit, one.grades, place) for place, hit in enumerate(hits)]
        answering = {*one.targets.values()}
        strangers[one.modality].append(sum((hit.modality or "others") not in answering for hit in hits))
        for target in (*sorted(answering), ALL):
            wanted = {name: grade for name, grade in one.grades.items() if target in (ALL, one.targets[name])}
            recall[one.modality, target].append(recall_at(found, wanted, k))
            ndcg[one.modality, target].append(ndcg_at(found, wanted, k))
    return RelevanceTable(
        k=k,
        questions=len(asked),
        records=index.count(),
        recall={pair: float(np.mean(some)) for pair, some in recall.items()},
        ndcg={pair: float(np.mean(some)) for pair, some in ndcg.items()},
        strangers={modality: float(np.mean(some)) for modality, some in strangers.items()},
    )


def _found(hit: Hit, grades: Mapping[str, float], place: int) -> str:
    """The name that it was looked for by; one of its own where it is not relevant."""
    return next((name for name in _names(hit.record) if name in grades), f"#{place}")
