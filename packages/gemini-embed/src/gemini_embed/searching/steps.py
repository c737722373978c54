"""A search as steps that either door can take: the query embedded, its neighbours found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from gemini_embed.content import ContentLike
from gemini_embed.engine import Steps
from gemini_embed.errors import InputError
from gemini_embed.hits import Hits, Opener
from gemini_embed.result import EmbeddingResult
from gemini_embed.searching.census import Census
from gemini_embed.searching.gathering import search
from gemini_embed.searching.options import Wanted
from gemini_embed.stores import FloatArray, Store
from gemini_embed.stores.filters import parse

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


Likes: TypeAlias = Sequence[ContentLike]


class Asked(NamedTuple):
    """What one search is for: the mean of all of these."""

    queries: Likes
    documents: Likes = ()
    """Such as are looked for, embedded like what is in the index."""


def search_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    census: Census,
    asked: Asked,
    wanted: Wanted,
    opener: Opener,
) -> Steps[Hits]:
    """The hits nearest to a query, or to the mean of several. A mistake is told before anything is embedded."""
    if any(isinstance(some, str) for some in asked) or not any(asked):
        raise InputError("pass a list of queries, of which the mean is searched: [text] for a single one")
    opened()
    if isinstance(wanted.filter, Mapping):
        parse(wanted.filter)
    found: list[EmbeddingResult] = []
    if asked.queries:
        found.append((yield embedder.submit(asked.queries, side="query").pending))
    if asked.documents:
        found.append((yield embedder.submit(asked.documents, side="document").pending))
    return search(opened(), census, mean_of(found), wanted, opener)


def mean_of(results: Sequence[EmbeddingResult]) -> FloatArray:
    """The mean of all vectors, shape (d,); that of one is itself."""
    rows = np.concatenate([result.values for result in results])
    mean: FloatArray = rows.mean(axis=0) if len(rows) > 1 else rows[0]
    return mean
