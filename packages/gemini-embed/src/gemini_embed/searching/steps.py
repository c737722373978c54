"""A search as steps that either door can take: the query embedded, its neighbours found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gemini_embed.content import ContentLike
from gemini_embed.engine import Steps
from gemini_embed.errors import InputError
from gemini_embed.hits import Hits, Opener
from gemini_embed.result import EmbeddingResult
from gemini_embed.searching.census import Census
from gemini_embed.searching.gathering import search
from gemini_embed.searching.lexical import of_queries
from gemini_embed.searching.options import Wanted
from gemini_embed.searching.wording import check_store
from gemini_embed.stores import FloatArray, Store
from gemini_embed.stores.filters import parse

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


def search_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    census: Census,
    queries: Sequence[ContentLike],
    wanted: Wanted,
    opener: Opener,
) -> Steps[Hits]:
    """The hits nearest to a query, or to the mean of several. A mistake is told before anything is embedded."""
    if isinstance(queries, str) or not queries:
        raise InputError("pass a list of queries, of which the mean is searched: [text] for a single one")
    wanted = replace(wanted, lexical=of_queries(wanted.words, queries))
    check_store(opened(), wanted.words)
    if isinstance(wanted.filter, Mapping):
        parse(wanted.filter)
    result = yield embedder.submit(queries, side="query").pending
    return search(opened(), census, mean_of(result), wanted, opener)


def mean_of(result: EmbeddingResult) -> FloatArray:
    """The mean of all vectors, shape (d,); that of one is itself."""
    mean: FloatArray = result.values.mean(axis=0) if len(result) > 1 else result.vector
    return mean
