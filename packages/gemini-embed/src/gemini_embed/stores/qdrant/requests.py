"""What is asked of qdrant-client and what it answers, in the words of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, FloatArray
from gemini_embed.stores.lexical import SPARSE_NAME, Sparse
from gemini_embed.stores.llama_nodes import node_payload
from gemini_embed.stores.point_filters import ClientConditions
from gemini_embed.stores.points import METADATA_KEY, from_payload, point_ids, to_payload
from gemini_embed.stores.precision import Precision
from gemini_embed.stores.sampling import SAMPLE, Sample, estimated_count, source_of

if TYPE_CHECKING:
    from qdrant_client import models

_SOURCE = f"{METADATA_KEY}.source"


def filter_of(given: FilterLike) -> Any:
    """A filter as the client has it; its own pass through."""
    from qdrant_client import models

    return ClientConditions(models).filter(given)


def points_of(records: Sequence[Record], rows: FloatArray, sparse: Sequence[Sparse] | None = None) -> models.Batch:
    """Records with their vectors, shape (n, d), and their words where there are any, for one upsert."""
    from qdrant_client import models

    payloads = [_payload(record) for record in records]
    vectors: Any = rows.tolist()
    if sparse is not None:
        vectors = {"": vectors, SPARSE_NAME: [sparse_vector(one) for one in sparse]}
    return models.Batch(ids=point_ids(record.id for record in records), vectors=vectors, payloads=payloads)


def sparse_vector(one: Sparse) -> models.SparseVector:
    """As the client has it."""
    from qdrant_client import models

    return models.SparseVector(indices=one.indices, values=one.values)


def changes_of(records: Iterable[Record]) -> list[models.UpdateOperation]:
    """New payloads of points that exist; their vectors stay."""
    from qdrant_client import models

    payloads = ((models.SetPayload(payload=_payload(one), points=point_ids([one.id]))) for one in records)
    return [models.OverwritePayloadOperation(overwrite_payload=payload) for payload in payloads]


def queries_of(
    query: FloatArray, k: int, filters: Iterable[FilterLike], params: models.SearchParams | None
) -> list[models.QueryRequest]:
    """One search for each filter, to be asked in one request."""
    from qdrant_client import models

    return [
        models.QueryRequest(query=query.tolist(), limit=k, filter=filter_of(one), params=params, with_payload=True)
        for one in filters
    ]


def samples_of(
    query: FloatArray, samples: Iterable[FilterLike], params: models.SearchParams | None
) -> list[models.QueryRequest]:
    """The first records in the order of ids that pass each of the filters, scored: a prefetch without a query."""
    from qdrant_client import models

    return [
        models.QueryRequest(
            prefetch=models.Prefetch(filter=filter_of(one), limit=SAMPLE),
            query=query.tolist(),
            limit=SAMPLE,
            params=params,
            with_payload=[_SOURCE],
        )
        for one in samples
    ]


def sample_of(answer: models.QueryResponse) -> Sample:
    """What such a request says."""
    records = [from_payload(point.id, point.payload) for point in answer.points]
    scores = np.array([point.score for point in answer.points], np.float32)
    return Sample(scores, [source_of(one) for one in records], estimated_count(sorted(one.id for one in records)))


def params_of(precision: Precision, oversampling: float) -> models.SearchParams:
    """How exactly a server searches; `oversampling` where `precision` has none."""
    from qdrant_client import models

    if precision.exact:
        return models.SearchParams(exact=True, quantization=models.QuantizationSearchParams(ignore=True))
    codes = models.QuantizationSearchParams(
        rescore=precision.rescore is not False, oversampling=precision.oversampling or oversampling
    )
    return models.SearchParams(quantization=codes)


def hits_of(answers: Iterable[models.QueryResponse]) -> list[list[Hit]]:
    """What each search found, best first."""
    return [[Hit(from_payload(point.id, point.payload), point.score) for point in found.points] for found in answers]


def _payload(record: Record) -> dict[str, Any]:
    return to_payload(record) | node_payload(record)
