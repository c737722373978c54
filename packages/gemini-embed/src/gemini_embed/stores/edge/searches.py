"""A search in the engine's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_embed.hits import Hit
from gemini_embed.stores.base import FilterLike, FloatArray
from gemini_embed.stores.edge.folder import engine
from gemini_embed.stores.point_filters import EdgeConditions
from gemini_embed.stores.points import from_payload
from gemini_embed.stores.precision import Precision

if TYPE_CHECKING:
    import qdrant_edge

_EF = 256
"""Candidates kept in the graph: of 100,000 x 768 in 4 bits 128 find 0.97 of the ten nearest, 256 0.99."""


def params_of(k: int, precision: Precision, oversampling: float) -> qdrant_edge.SearchParams:
    """How exactly to search; `oversampling` where `precision` has none."""
    edge = engine()
    codes = edge.QuantizationSearchParams(
        ignore=precision.exact,
        rescore=precision.rescore is not False,
        oversampling=precision.oversampling or oversampling,
    )
    params: qdrant_edge.SearchParams = edge.SearchParams(hnsw_ef=max(_EF, k), exact=precision.exact, quantization=codes)
    return params


def request_of(
    query: FloatArray, k: int, filter: FilterLike, params: qdrant_edge.SearchParams
) -> qdrant_edge.SearchRequest:
    """The `k` points nearest to `query`, shape (d,)."""
    edge = engine()
    nearest = edge.Query.Nearest(query.tolist())
    request: qdrant_edge.SearchRequest = edge.SearchRequest(
        query=nearest, limit=k, filter=filter_of(filter), params=params, with_payload=True
    )
    return request


def hit_of(point: qdrant_edge.ScoredPoint) -> Hit:
    """A point that was found."""
    return Hit(from_payload(point.id, point.payload), point.score)


def filter_of(given: FilterLike) -> qdrant_edge.Filter | None:
    """A filter as the engine has it; its own pass through."""
    return EdgeConditions(engine()).filter(given)  # type: ignore[no-any-return]  # the conditions serve two engines
