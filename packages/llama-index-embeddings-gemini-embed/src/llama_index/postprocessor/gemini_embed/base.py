"""`GeminiRerank`: nodes of any retriever put in the order of their nearness to the query."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed.nodes import items_of
from llama_index.retrievers.gemini_embed.queries import asked

from gemini_embed import (
    ConfigurationError,
    Content,
    Embedder,
    Hit,
    InputError,
    MultimodalIndex,
    Record,
    arerank,
    rerank,
)
from gemini_embed.content import ContentLike
from gemini_embed.hits import Origin
from gemini_embed.searching.reranking import Reranked, RerankFusion


class GeminiRerank(BaseNodePostprocessor):
    """Keeps the nodes nearest to the query, best first; their score becomes the cosine.

        rerank = GeminiRerank(embed_model=GeminiEmbedding(), top_n=4)
        rerank = GeminiRerank(index=retriever.index, top_n=4)  # vectors that the index has are not made again
        engine = RetrieverQueryEngine.from_args(retriever, node_postprocessors=[rerank])

    Nodes are embedded as documents (a node's image, recording or video if it has one, else its text with the metadata
    that is meant for embedding) and the query as a query, by one call for each. Nodes that came from `index` (their ids
    are its records') cost nothing. The query is what the bundle asks for, see `GeminiMultimodalRetriever`, HyDE's texts
    as documents; nodes of several modalities are ranked each for itself, as `fusion` says.

    Raises:
        ConfigurationError: neither `embed_model` nor `index`.
        FingerprintMismatchError: `embed_model` is not what `index` was made with.
        GeminiEmbedError: whatever embedding raises.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    embed_model: GeminiEmbedding | None = Field(default=None, description="Makes the vectors; None: that of the index.")
    index: Any = Field(default=None, exclude=True, description="A MultimodalIndex that has vectors of nodes already.")
    top_n: int = Field(default=4, ge=1, description="Most nodes kept.")
    min_score: float | None = Field(default=None, description="Least cosine of a node that is kept.")
    hypothetical: Any = Field(default=None, exclude=True, description="What an answer might say: texts or a callable.")
    fusion: RerankFusion = Field(
        default="rrf", description='How nodes of several modalities become one list, or "raw".'
    )

    def __init__(
        self,
        embed_model: GeminiEmbedding | None = None,
        *,
        index: MultimodalIndex | None = None,
        top_n: int = 4,
        min_score: float | None = None,
        hypothetical: Any = None,
        fusion: RerankFusion = "rrf",
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if embed_model is None and index is None:
            raise ConfigurationError(
                "GeminiRerank needs embed_model=GeminiEmbedding(...), or the index= the nodes are in"
            )
        told: dict[str, Any] = {"embed_model": embed_model, "index": index, "hypothetical": hypothetical}
        told |= {"top_n": top_n, "min_score": min_score, "fusion": fusion}
        told |= {"callback_manager": callback_manager} if callback_manager else {}
        super().__init__(**told)

    @classmethod
    def class_name(cls) -> str:
        """Its name in LlamaIndex's dumps."""
        return "GeminiRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if not nodes:
            return []
        query, how = self._asked(query_bundle)
        return self._kept(nodes, rerank(self._embedder, query, self._candidates(nodes), **how))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if not nodes:
            return []
        query, how = self._asked(query_bundle)
        candidates = await asyncio.to_thread(self._candidates, nodes)
        return self._kept(nodes, await arerank(self._embedder, query, candidates, **how))

    @property
    def _embedder(self) -> Embedder:
        embedder: Embedder = self.index.embedder if self.embed_model is None else self.embed_model.embedder
        return embedder

    def _asked(self, bundle: QueryBundle | None) -> tuple[ContentLike, Any]:
        if bundle is None:
            raise InputError("there is nothing to rank by: pass query_str= or query_bundle=")
        question = asked(bundle)
        query = bundle.query_str if question.query is None else question.query  # HyDE's texts are no query
        hypothetical = self.hypothetical if question.hypothetical is None else question.hypothetical
        return query, {"top_k": self.top_n, "fusion": self.fusion, "hypothetical": hypothetical}

    def _candidates(self, nodes: Sequence[NodeWithScore]) -> list[Hit | Content]:
        """Of each node the vector that the index has, else what is to be embedded."""
        origin: Origin | None = self.index.origin if self.index is not None else None
        held = origin.vectors([one.node_id for one in nodes]) if origin else {}
        known = Origin(origin.fingerprint, lambda ids: held) if origin else None
        return [
            Hit(Record(one.node_id, one.node.get_content(), dict(one.metadata)), one.score or 0.0, origin=known)
            if one.node_id in held
            else _content(one)
            for one in nodes
        ]

    def _kept(self, nodes: Sequence[NodeWithScore], ranked: Sequence[Reranked[Any]]) -> list[NodeWithScore]:
        return [
            NodeWithScore(node=nodes[one.position].node, score=one.score)
            for one in ranked
            if self.min_score is None or one.score >= self.min_score
        ]


def _content(node: NodeWithScore) -> Content:
    (item,) = items_of([node.node])
    return Content.of(item.content)
