"""`GeminiRerank`: documents of any retriever put in the order of their nearness to the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from gemini_embed import ConfigurationError, Embedder, Hit, MultimodalIndex, Reranked, arerank, rerank
from gemini_embed.searching.reranking import RerankFusion
from langchain_core.callbacks import BaseCallbackManager, Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict, Field, model_validator

from langchain_gemini_embed.blocks import content_of
from langchain_gemini_embed.documents import hit_of
from langchain_gemini_embed.embeddings import GeminiEmbeddings
from langchain_gemini_embed.hypotheses import as_hypothetical, check_hypothesis
from langchain_gemini_embed.usage import ausage_reported, usage_reported

RERANK_SCORE = "rerank_score"
"""The key of the cosine to the query among a document's metadata."""


class GeminiRerank(BaseDocumentCompressor):
    """Keeps the documents nearest to the query, best first; in `ContextualCompressionRetriever` and pipelines.

        rerank = GeminiRerank(embeddings=GeminiEmbeddings(), top_n=4)
        rerank = GeminiRerank(index=index, top_n=4)  # vectors that the index has are not made again

    Documents are embedded as documents and the query as a query, by one call for each. Those that came from `index`
    (their ids are its records') cost nothing: then the query is the only request, where LangChain's `EmbeddingsFilter`
    embeds every document again for every query. Each document gets its cosine as `metadata["rerank_score"]`. A query
    may be of any modality; documents of several are ranked each for itself, as `fusion` says.

    Raises:
        gemini_embed.FingerprintMismatchError: `embeddings` are not those that `index` was made with.
        gemini_embed.GeminiEmbedError: whatever embedding raises.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    embeddings: GeminiEmbeddings | None = None
    """Makes the vectors; None: those of `index`."""
    index: MultimodalIndex | None = None
    """Whose documents need not be embedded again."""
    top_n: int = Field(default=4, ge=1)
    """Most documents kept."""
    min_score: float | None = None
    """Least cosine of a document that is kept."""
    hypothesis: Any = None
    """What an answer might say (HyDE): a Runnable or callable that writes it of the query, or texts."""
    fusion: RerankFusion = "rrf"
    """How documents of several modalities become one list: "rrf", or "raw" for the cosines as they are."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.embeddings is None and self.index is None:
            raise ConfigurationError("GeminiRerank needs embeddings=GeminiEmbeddings(...), or the index= they are in")
        check_hypothesis(self.hypothesis, "hypothesis")
        return self

    def compress_documents(
        self, documents: Sequence[Document], query: Any, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """The best documents, copied, with their scores; none of none."""
        if not documents:
            return []
        with usage_reported(_manager(callbacks)):
            hypothetical = as_hypothetical(self.hypothesis, callbacks, is_async=False)
            ranked = rerank(self._embedder, content_of(query), self._hits(documents), **self._how(hypothetical))
        return self._kept(documents, ranked)

    async def acompress_documents(
        self, documents: Sequence[Document], query: Any, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """`compress_documents`, awaited."""
        if not documents:
            return []
        async with ausage_reported(_manager(callbacks)):
            hypothetical = as_hypothetical(self.hypothesis, callbacks, is_async=True)
            hits = self._hits(documents)
            ranked = await arerank(self._embedder, content_of(query), hits, **self._how(hypothetical))
        return self._kept(documents, ranked)

    @property
    def _embedder(self) -> Embedder:
        if self.embeddings is not None:
            return self.embeddings.embedder
        assert self.index is not None  # noqa: S101  # one of the two is there; tells the type checker
        return self.index.embedder

    def _hits(self, documents: Sequence[Document]) -> list[Hit]:
        """As candidates: those of the index with where their vectors are."""
        origin = None if self.index is None else self.index.origin
        return [replace(hit_of(document), origin=origin if document.id else None) for document in documents]

    def _how(self, hypothetical: Any) -> Any:
        return {"top_k": self.top_n, "fusion": self.fusion, "hypothetical": hypothetical}

    def _kept(self, documents: Sequence[Document], ranked: Sequence[Reranked[Hit]]) -> list[Document]:
        return [
            documents[one.position].model_copy(
                update={"metadata": {**documents[one.position].metadata, RERANK_SCORE: one.score}}
            )
            for one in ranked
            if self.min_score is None or one.score >= self.min_score
        ]


def _manager(callbacks: Callbacks) -> BaseCallbackManager | None:
    """The run that is told what was used, where there is one."""
    return callbacks if isinstance(callbacks, BaseCallbackManager) else None
