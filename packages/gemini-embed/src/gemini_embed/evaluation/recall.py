"""Recall of an index's codes against exact searches of the same store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gemini_embed.content import ContentLike
from gemini_embed.errors import InputError
from gemini_embed.evaluation.table import Cell, RecallTable
from gemini_embed.index import MultimodalIndex
from gemini_embed.stores import FloatArray, Precision, Store

Queries: TypeAlias = Sequence[ContentLike] | NDArray[Any]
"""Texts or contents, which are embedded as queries, or vectors, shape (n, d), which send nothing."""
_SAMPLE = 200


class _Asked(NamedTuple):
    vector: FloatArray
    id: str | None
    """Of the record whose vector it is: it finds itself, which says nothing."""


def recall_table(
    index: MultimodalIndex,
    queries: Queries | None = None,
    *,
    limits: Sequence[int] = (10, 20, 50, 100),
    oversampling: Sequence[float] = (1, 2, 3),
    sample: int | None = None,
) -> RecallTable:
    """What the codes of an index find of what an exact search finds, with rescoring and without.

    Every query is asked once for each cell and once exactly: with 200 of them and 24 cells some 5,000 searches, a
    quarter of a minute where one takes 3 ms. They go to the store as they are, all modalities together.

    Args:
        index: over an `EdgeStore` or a Qdrant server, with codes.
        queries: texts or contents, or vectors of shape (n, d), which send nothing. None: records of the index.
        limits: how many hits to ask for.
        oversampling: how many times as many candidates the codes give. Without rescoring it changes next to nothing,
            and at 1 rescoring changes the order alone.
        sample: how many records of the index to take for queries, 200 by default; each is left out of what it finds.
            Questions are less like records than records are like each other, so pass some if you can.

    Raises:
        InputError: the store has no codes, or an argument means nothing.
    """
    cells = _cells(limits, oversampling)
    if queries is not None and sample is not None:
        raise InputError("give queries or sample, not both")
    records = index.count()  # which opens the store
    codes = _codes(index.store)
    asked = list(
        _sampled(index.store, _SAMPLE if sample is None else sample) if queries is None else _given(index, queries)
    )
    if not asked:
        raise InputError("there is nothing to ask: pass queries, or add records first")
    most = max(limits)
    _timed(index.store, asked[:1], most, Precision(exact=True))  # what is read for the first time is slow
    best, exact_ms = _timed(index.store, asked, most, Precision(exact=True))
    recall: dict[tuple[int, float, bool], float] = {}
    p50_ms: dict[tuple[int, float, bool], float] = {}
    for cell in cells:
        precision = Precision(oversampling=cell.oversampling, rescore=cell.rescore)
        found, p50_ms[cell] = _timed(index.store, asked, cell.limit, precision)
        recall[cell] = _recall(found, [ids[: cell.limit] for ids in best])
    return RecallTable(
        quantization=codes,
        records=records,
        dimensions=len(asked[0].vector),
        queries=len(asked),
        recall=recall,
        p50_ms=p50_ms,
        exact_p50_ms=exact_ms,
    )


async def arecall_table(index: MultimodalIndex, queries: Queries | None = None, **options: Any) -> RecallTable:
    """`recall_table`, without blocking the loop."""
    return await asyncio.to_thread(recall_table, index, queries, **options)


def _cells(limits: Sequence[int], oversampling: Sequence[float]) -> list[Cell]:
    if not limits or not all(type(limit) is int and limit >= 1 for limit in limits):
        raise InputError(f"limits={limits!r}: how many hits to ask for, whole numbers from 1 up")
    if not oversampling:
        raise InputError("oversampling=() leaves nothing to measure: numbers from 1 up")
    for factor in oversampling:
        Precision(oversampling=factor)
    return [Cell(limit, factor, rescore) for limit in limits for factor in oversampling for rescore in (False, True)]


def _codes(store: Store) -> str:
    """The codes that the open store holds; InputError where there are none to measure."""
    if not store.takes_precision:
        raise InputError(
            f"{store} takes no precision, so its codes cannot be measured: an EdgeStore, or a Qdrant server"
        )
    codes = store.kept_quantization()
    if codes in (None, "none"):
        raise InputError(
            f"{store} holds no codes, so there is nothing to measure: "
            'index.optimize(quantization="turbo4") makes some, on an EdgeStore or a Qdrant server'
        )
    store.check_precision(Precision(rescore=False))
    return str(codes)


def _given(index: MultimodalIndex, queries: Queries) -> list[_Asked]:
    if isinstance(queries, str):
        raise InputError("pass a list of queries, [text] for a single one")
    rows = queries if isinstance(queries, np.ndarray) else index.embedder.embed(queries, side="query").values
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    wanted = index.embedder.fingerprint.dimensions
    if rows.ndim != 2 or rows.shape[1] != wanted or not np.isfinite(rows).all():
        raise InputError(f"query vectors need the shape (n, {wanted}) and finite numbers, not {rows.shape}")
    return [_Asked(row, None) for row in rows]


def _sampled(store: Store, count: int) -> list[_Asked]:
    """The first in the order of ids, which are hashes: a sample that is the same every time."""
    if type(count) is not int or count < 1:
        raise InputError(f"sample={count!r}: how many records to ask with, a whole number from 1 up")
    batch = next(store.iterate(batch_size=count), None)
    return [] if batch is None else [_Asked(row, one.id) for one, row in zip(*batch, strict=True)]


def _timed(store: Store, asked: Sequence[_Asked], limit: int, precision: Precision) -> tuple[list[list[str]], float]:
    """The ids that each query finds, best first, and the median of a search in milliseconds."""
    found, took_ms = [], []
    for one in asked:
        started = time.perf_counter()
        (hits,) = store.search_each(one.vector, limit + (one.id is not None), [None], precision=precision)
        took_ms.append(1000 * (time.perf_counter() - started))
        found.append([hit.record.id for hit in hits if hit.record.id != one.id][:limit])
    return found, float(np.median(took_ms))


def _recall(found: Sequence[Sequence[str]], best: Sequence[Sequence[str]]) -> float:
    """The mean share of the best that was found; of an index of fewer records than asked for they are all."""
    shares = [len({*mine} & {*right}) / len(right) for mine, right in zip(found, best, strict=True) if right]
    return float(np.mean(shares)) if shares else 1.0
