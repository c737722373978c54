"""The doors of a search: by a query, by the mean of several, by a vector; each with its async twin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike

from gemini_embed.content import ContentLike
from gemini_embed.engine import Steps, arun, run
from gemini_embed.hits import Hits, Opener
from gemini_embed.hits.origin import Origin
from gemini_embed.searching.census import Census
from gemini_embed.searching.hypotheses import Hypothetical
from gemini_embed.searching.lexical import WordsLike
from gemini_embed.searching.options import Fusion, SearchOptions, Wanted, wanted_over
from gemini_embed.searching.steps import Asked, search_steps, with_answers
from gemini_embed.stores import Precision
from gemini_embed.stores.base import FilterLike, FloatArray, Store

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


class Searches(ABC):
    """The part of `MultimodalIndex` that finds."""

    embedder: Embedder
    store: Store
    opener: Opener
    _census: Census

    @abstractmethod
    def _opened(self) -> Store:
        """The store, open."""

    def search(
        self,
        query: ContentLike,
        k: int = 10,
        *,
        filter: FilterLike = None,
        score_threshold: float | Mapping[str, float] | None = None,
        fusion: Fusion = "above_chance",
        quotas: Mapping[str, int] | None = None,
        mmr: float | None = None,
        collapse: float | None = None,
        merge: bool = False,
        padding: float | Mapping[str, float] = 0.0,
        hypothetical: Hypothetical = None,
        precision: Precision | None = None,
        lexical: WordsLike = None,
        task: str | None = None,
    ) -> Hits:
        """The `k` records nearest to a text, a part of any modality, or a list of parts (one query); best first.

        Where the index holds several modalities each is searched for itself, and the hits are fused. What can be told
        for each modality is a number, or a mapping such as `{"image": 0.4, "video": 0.3}`.

        Args:
            query: what to look for; conditioned as a query.
            k: most hits wanted.
            filter: `{"modality": "image"}` and the like (`gemini_embed.stores.filters`), or the store's own object.
            score_threshold: least cosine similarity of a hit; one for several modalities warns.
            fusion: how hits of several modalities become one list, see `Fusion`.
            quotas: most hits of a modality, such as `{"text": 5, "video": 2}`.
            mmr: maximal marginal relevance, from 1 (relevance alone, as without it) to 0 (unlikeness alone).
            collapse: of hits whose vectors have at least this cosine, such as 0.98, only the best stays.
            merge: whether neighbouring windows of one medium among the best `k` become one hit.
            padding: what hits get around their window: seconds of recordings and videos, pages of PDFs, in a mapping
                characters of texts (whole passages); with the text that stands there.
            hypothetical: what an answer might say (HyDE): a text, several, or a callable that writes them of the words
                of the query. They are embedded as documents, and the mean of all unit vectors is searched.
            precision: how exactly to search a store that has codes of its vectors, or a graph, see `Precision`;
                `Precision(exact=True)` reads all full vectors.
            lexical: look for words too, in texts, captions, transcripts, pages and names of files: True for those of
                the query, a number from 0 to 1 for their weight beside the cosine, or `Words("E4217", ...)`. In each
                modality the hits of both are fused, by default by their ranks; `Hit.found_by` tells which found it.
            task: what the query is for, such as "code_retrieval" or "question_answering"; None: the embedder's task.
                Asymmetric tasks share their documents, so one index serves all of them.

        Raises:
            InputError: an option that means nothing, or that the store would ignore.
            ConfigurationError: a task whose documents are conditioned in another way.
            ConfigurationError, StoreError: the store keeps no words, or has none yet (`add_lexical`).
        """
        given = SearchOptions(
            filter=filter,
            score_threshold=score_threshold,
            fusion=fusion,
            quotas=quotas,
            mmr=mmr,
            collapse=collapse,
            merge=merge,
            padding=padding,
            hypothetical=hypothetical,
            precision=precision,
            lexical=lexical,
            task=task,
        )
        return run(self._search([query], k, given))

    async def asearch(self, query: ContentLike, k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search`, without blocking the loop."""
        return await self._asearch([query], k, options)

    def search_mean(self, queries: Sequence[ContentLike], k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search` with the mean of several queries, such as one question in several words."""
        return run(self._search(queries, k, options))

    async def asearch_mean(self, queries: Sequence[ContentLike], k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search_mean`, without blocking the loop."""
        return await self._asearch(queries, k, options)

    def search_vector(self, vector: ArrayLike, k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search` with a query that is embedded already, shape (d,)."""
        return run(self._search(np.asarray(vector, dtype=np.float32), k, options))

    async def asearch_vector(self, vector: ArrayLike, k: int = 10, **options: Unpack[SearchOptions]) -> Hits:
        """`search_vector`, without blocking the loop."""
        return await self._asearch(np.asarray(vector, dtype=np.float32), k, options)

    @property
    def origin(self) -> Origin:
        """What hits of this index carry, so that their vectors need not be made again."""
        return Origin(self.embedder.fingerprint, self._vectors_of)

    def _search(self, asked: Asked, k: int, options: SearchOptions) -> Steps[Hits]:
        return self._steps(asked, wanted_over(self.store, k, options))

    async def _asearch(self, asked: Asked, k: int, options: SearchOptions) -> Hits:
        wanted = await with_answers(self._opened, asked, wanted_over(self.store, k, options))
        return await arun(self._steps(asked, wanted))

    def _steps(self, asked: Asked, wanted: Wanted) -> Steps[Hits]:
        return search_steps(self.embedder, self._opened, self._census, asked, wanted, self.opener, self._origin)

    def _origin(self) -> Origin:
        return self.origin

    def _vectors_of(self, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        return self._opened().vectors(ids)
