"""A search as steps that either door can take: the query and its hypothetical answers embedded, neighbours found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gemini_embed.content import Content, ContentLike, contents_of
from gemini_embed.engine import Steps
from gemini_embed.errors import ConfigurationError, GeminiEmbedError, InputError
from gemini_embed.hits import Hits, Opener
from gemini_embed.hits.origin import Origin
from gemini_embed.models.shortening import unit_rows
from gemini_embed.result import EmbeddingResult
from gemini_embed.searching.census import Census
from gemini_embed.searching.gathering import search
from gemini_embed.searching.hypotheses import awritten, words_of, written
from gemini_embed.searching.lexical import of_queries
from gemini_embed.searching.options import Wanted
from gemini_embed.searching.wording import check_store
from gemini_embed.stores import FloatArray, Store
from gemini_embed.stores.filters import parse
from gemini_embed.tasks import TASKS, Side, is_symmetric, parse_task

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder

Asked: TypeAlias = Sequence[ContentLike] | FloatArray
"""Queries, of which the mean is searched; or a vector, shape (d,)."""


def search_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    census: Census,
    asked: Asked,
    wanted: Wanted,
    opener: Opener,
    origin: Callable[[], Origin] | None = None,
) -> Steps[Hits]:
    """The hits nearest to a query, to the mean of several, or to a vector. A mistake is told before anything is
    embedded."""
    wanted = with_words_of(asked, wanted)
    check_asked(opened, asked, wanted)
    check_task(embedder, wanted.task)
    contents = [] if isinstance(asked, np.ndarray) else contents_of(asked)
    answers = written(wanted.hypothetical, words_of(contents))
    query = yield from aimed_at(embedder, asked if isinstance(asked, np.ndarray) else contents, answers, wanted.task)
    return search(opened(), census, query, wanted, opener, origin() if origin else None)


async def with_answers(opened: Callable[[], Store], asked: Asked, wanted: Wanted) -> Wanted:
    """`wanted` with its hypothetical answers written, for the async doors; all else is checked before."""
    if not callable(wanted.hypothetical):
        return wanted
    wanted = with_words_of(asked, wanted)
    await asyncio.to_thread(check_asked, opened, asked, wanted)
    contents = [] if isinstance(asked, np.ndarray) else contents_of(asked)
    return replace(wanted, hypothetical=await awritten(wanted.hypothetical, words_of(contents)))


def with_words_of(asked: Asked, wanted: Wanted) -> Wanted:
    """`wanted`, its words those of the queries where it does not say which; a vector has none."""
    if wanted.words is None or (isinstance(asked, np.ndarray) and wanted.words.text is None):
        return wanted
    return replace(wanted, lexical=of_queries(wanted.words, [] if isinstance(asked, np.ndarray) else asked))


def check_asked(opened: Callable[[], Store], asked: Asked, wanted: Wanted) -> None:
    """InputError for a search that cannot be made; the store's errors, since it is opened."""
    is_nothing = not isinstance(asked, np.ndarray) and not asked and wanted.hypothetical is None
    if isinstance(asked, str) or is_nothing:
        raise InputError("pass a list of queries, of which the mean is searched: [text] for a single one")
    store = opened()
    check_store(store, wanted.words)
    if isinstance(wanted.filter, Mapping):
        parse(wanted.filter)
    if wanted.precision is not None:
        store.check_precision(wanted.precision)


def check_task(embedder: Embedder, task: str | None) -> None:
    """ConfigurationError for a task that is none, or whose documents are conditioned in another way than the index's:
    asymmetric tasks share theirs, and each of the others has its own."""
    if task is None:
        return
    asked, own = parse_task(task), embedder.task
    if asked != own and (is_symmetric(asked) or is_symmetric(own)):
        alike = [one for one in TASKS if not is_symmetric(one)]
        raise ConfigurationError(
            f"task={task!r}: the documents of this index are conditioned for task={own!r}, and queries of another "
            f"task cannot be compared with them; only {', '.join(alike)} share their documents"
        )


def aimed_at(
    embedder: Embedder, asked: Sequence[Content] | FloatArray, answers: Sequence[str], task: str | None = None
) -> Steps[FloatArray]:
    """What to look near to, shape (d,): the query's vector, or the mean of unit vectors, one for each query and each
    hypothetical answer. Documents are the same for every `task` that passed `check_task`."""
    if isinstance(asked, np.ndarray):
        if not answers:
            return asked
        result = yield embedder.submit(answers, side="document").pending
        return mean_of_units(asked[np.newaxis], result.values)
    if not answers:
        result = yield embedder.submit(asked, side="query", task=task).pending
        return mean_of(result)
    queries, documents = yield from embedded(embedder, asked, answers, task=task)
    return mean_of_units(queries, documents)


def embedded(
    embedder: Embedder,
    queries: Sequence[ContentLike],
    documents: Sequence[ContentLike],
    places: Sequence[Sequence[int]] | None = None,
    task: str | None = None,
) -> Steps[tuple[FloatArray, FloatArray]]:
    """The vectors of queries and of documents, embedded at the same time, all checked before; (0, 0) for none.

    Errors about `documents[i]` name `places[i]`.
    """
    sides: list[tuple[Side, Sequence[ContentLike], Sequence[Sequence[int]] | None]]
    sides = [("query", queries, None), ("document", documents, places)]
    ready = []
    for side, some, moved in sides:
        with _relocated(moved):
            if some:
                ready.append((side, moved, embedder.ready(some, side=side, task=task)))
    under_way = [start() for _, _, start in ready]
    rows: dict[Side, FloatArray] = {}
    try:
        for (side, moved, _), submitted in zip(ready, under_way, strict=True):
            with _relocated(moved):
                result = yield submitted.pending
            rows[side] = result.values
    finally:
        for submitted in under_way[len(rows) :]:
            submitted.stop()
    nothing = np.zeros((0, 0), np.float32)
    return rows.get("query", nothing), rows.get("document", nothing)


@contextmanager
def _relocated(places: Sequence[Sequence[int]] | None) -> Iterator[None]:
    try:
        yield
    except GeminiEmbedError as error:
        if places is None:
            raise
        raise error.relocated(places) from error.__cause__


def mean_of(result: EmbeddingResult) -> FloatArray:
    """The mean of all vectors, shape (d,); that of one is itself."""
    mean: FloatArray = result.values.mean(axis=0) if len(result) > 1 else result.vector
    return mean


def mean_of_units(*groups: FloatArray) -> FloatArray:
    """The mean, shape (d,), of all rows at unit length; groups without rows count for nothing."""
    rows = np.concatenate([group for group in groups if len(group)])
    mean: FloatArray = unit_rows(rows).mean(axis=0)
    return mean
