"""Candidates of any origin put in the order of their nearness to a query: another index's, a web search's, BM25's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, get_args

import numpy as np

from gemini_embed.content import Content, ContentLike, contents_of, query_content
from gemini_embed.engine import Steps, arun, run
from gemini_embed.errors import InputError
from gemini_embed.hits import Hit
from gemini_embed.hits.origin import Origin
from gemini_embed.models.shortening import unit_rows
from gemini_embed.records import Record
from gemini_embed.searching.fusion import fused
from gemini_embed.searching.hypotheses import Hypothetical, awritten, check_hypothetical, words_of, written
from gemini_embed.searching.steps import embedded, mean_of_units
from gemini_embed.stores import FloatArray

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder

C = TypeVar("C")
RerankFusion = Literal["rrf", "raw"]
"""How candidates of several modalities become one list, as `Fusion` says; there is no sample to standardize them by."""


@dataclass(frozen=True)
class Reranked(Generic[C]):
    """A candidate in its new place.

    Attributes:
        candidate: as it was given.
        position: its place among the candidates.
        score: cosine similarity to the query, from -1 to 1. Those of different modalities cannot be compared.
    """

    candidate: C
    position: int
    score: float


def rerank(
    embedder: Embedder,
    query: ContentLike | FloatArray,
    candidates: Sequence[C],
    *,
    top_k: int,
    hypothetical: Hypothetical = None,
    fusion: RerankFusion = "rrf",
) -> list[Reranked[C]]:
    """The `top_k` candidates nearest to a query, best first; all of them where there are fewer.

    A candidate is a text, a content of any modality, or a `Hit`. Hits of an index cost nothing: its store has their
    vectors. All others are embedded as documents, by one call that goes through the embedder's quota, budget and cache.

    Args:
        embedder: makes the vectors; hits must come from an index of its fingerprint.
        query: what to look for, conditioned as a query; or its vector, shape (d,).
        candidates: what to put in order; of several modalities each is ranked for itself, as in a search.
        top_k: most candidates wanted.
        hypothetical: what an answer might say (HyDE), as in `MultimodalIndex.search`.
        fusion: "rrf", or "raw" for the cosines as they are.

    Raises:
        InputError: no candidates, `top_k` below 1, a candidate that cannot be embedded (`.position`).
        FingerprintMismatchError: a hit of an index whose vectors were made another way.
        RequestError, BudgetError: as of `Embedder.embed`.
    """
    wanted = _Wanted(embedder, query, candidates, top_k, fusion, hypothetical)
    return run(wanted.steps(written(hypothetical, wanted.words)))


async def arerank(
    embedder: Embedder,
    query: ContentLike | FloatArray,
    candidates: Sequence[C],
    *,
    top_k: int,
    hypothetical: Hypothetical = None,
    fusion: RerankFusion = "rrf",
) -> list[Reranked[C]]:
    """`rerank`, without blocking the loop."""
    wanted = await asyncio.to_thread(_Wanted, embedder, query, candidates, top_k, fusion, hypothetical)
    return await arun(wanted.steps(await awritten(hypothetical, wanted.words)))


class _Wanted(Generic[C]):
    """One reranking, checked as far as can be before anything is sent."""

    def __init__(
        self,
        embedder: Embedder,
        query: ContentLike | FloatArray,
        candidates: Sequence[C],
        top_k: int,
        fusion: RerankFusion,
        hypothetical: Hypothetical,
    ) -> None:
        _check(candidates, top_k, fusion)
        check_hypothetical(hypothetical)
        self._embedder, self._candidates, self._top_k, self._fusion = embedder, candidates, top_k, fusion
        self._query = query_content(query) if not isinstance(query, np.ndarray) else _vector(query, embedder)
        self._contents = contents_of(candidates, _content_of)
        self._origins: dict[Origin, list[int]] = {}
        for position, one in enumerate(candidates):
            if isinstance(one, Hit) and one.origin is not None:
                self._origins.setdefault(one.origin, []).append(position)
        for origin, positions in self._origins.items():
            origin.fingerprint.check(embedder.fingerprint, where=f"the index of candidate {positions[0]}")

    @property
    def words(self) -> str:
        """Those of the query."""
        return words_of([self._query]) if isinstance(self._query, Content) else ""

    def steps(self, answers: Sequence[str]) -> Steps[list[Reranked[C]]]:
        """The candidates, the best first."""
        count = len(self._candidates)
        vectors = self._kept()
        new = [position for position in range(count) if position not in vectors]
        places = [[place] for place in (*new, *range(count, count + len(answers)))]
        documents = [*(self._embeddable(position) for position in new), *map(Content, answers)]
        asked = [self._query] if isinstance(self._query, Content) else []
        queries, rows = yield from embedded(self._embedder, asked, documents, places)
        vectors |= dict(zip(new, rows, strict=False))  # behind them are those of the answers
        if not isinstance(self._query, Content):
            queries = self._query[np.newaxis]
        aim = mean_of_units(queries, rows[len(new) :])
        scores = unit_rows(np.stack([vectors[position] for position in range(count)])) @ unit_rows(aim)
        return self._ranked(scores)

    def _kept(self) -> dict[int, FloatArray]:
        """Vectors that need not be made, by position."""
        kept: dict[int, FloatArray] = {}
        for origin, positions in self._origins.items():
            ids = {position: self._hit(position).record.id for position in positions}
            held = origin.vectors(list(dict.fromkeys(ids.values())))
            kept |= {position: held[id_] for position, id_ in ids.items() if id_ in held}
        return kept

    def _hit(self, position: int) -> Hit:
        hit = self._candidates[position]
        assert isinstance(hit, Hit)  # noqa: S101  # those with an origin are; tells the type checker
        return hit

    def _embeddable(self, position: int) -> Content:
        """A candidate as it is embedded: a hit that is in no index (any more) by its text, or its medium."""
        hit = self._candidates[position]
        if not isinstance(hit, Hit) or hit.page_content.strip():
            return self._contents[position]
        from gemini_embed.hits import Opener  # media libraries are met only where a medium is opened

        opener = hit.opener or Opener(self._embedder.root, self._embedder.fetch)
        try:
            return Content(opener.clip(hit.record, hit.window))
        except InputError as e:
            raise e.at(position) from e.__cause__

    def _modality(self, position: int) -> str:
        hit = self._candidates[position]
        if isinstance(hit, Hit):
            return hit.modality or "text"
        kinds = {part.modality for part in self._contents[position].parts}
        return "mixed" if len(kinds) > 1 else kinds.pop()

    def _ranked(self, scores: FloatArray) -> list[Reranked[C]]:
        """Each modality ranked for itself, and the lists fused, as a search does it."""
        lists: dict[str | None, list[Hit]] = {}
        for position in np.argsort(-scores, kind="stable").tolist():
            hit = Hit(Record(str(position), ""), float(scores[position]))
            lists.setdefault(self._modality(position), []).append(hit)
        best = [(int(one.hit.record.id), one.hit.score) for one in fused(lists, self._fusion)][: self._top_k]
        return [Reranked(self._candidates[position], position, score) for position, score in best]


def _check(candidates: object, top_k: int, fusion: RerankFusion) -> None:
    if type(top_k) is not int or top_k < 1:
        raise InputError(f"top_k is the number of candidates wanted, a whole number from 1 up, not {top_k!r}")
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Sequence):
        raise InputError(f"candidates must be a list, not one {type(candidates).__name__}: [x] for a single one")
    if not candidates:
        raise InputError("there are no candidates to rank")
    if fusion not in get_args(RerankFusion):
        raise InputError(f"fusion={fusion!r} is none of {', '.join(get_args(RerankFusion))}")


def _content_of(candidate: object) -> Content:
    """Of a hit its text; one without words may have a medium, which is opened only where it has to be."""
    if isinstance(candidate, Hit):
        return Content(candidate.page_content, title=candidate.record.title)
    return Content.of(candidate)


def _vector(query: FloatArray, embedder: Embedder) -> FloatArray:
    size = embedder.fingerprint.dimensions
    if query.shape != (size,) or not np.isfinite(query).all():
        raise InputError(f"the query's vector must be {size} finite numbers, shape ({size},), not {query.shape}")
    return query.astype(np.float32)
