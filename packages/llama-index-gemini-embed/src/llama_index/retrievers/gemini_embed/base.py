"""`GeminiMultimodalRetriever`: a core `MultimodalIndex` in LlamaIndex's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import MetadataFilters
from llama_index.core.vector_stores.utils import metadata_dict_to_node
from llama_index.retrievers.gemini_embed.filters import neutral
from llama_index.retrievers.gemini_embed.nodes import items_of

from gemini_embed import AddReport, Hit, Image, InputError, MultimodalIndex
from gemini_embed.content import ContentLike
from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.nodes import node_payload


class GeminiMultimodalRetriever(BaseRetriever):
    """Finds texts and images by text, by an image, or by both in one query.

    What a `QueryBundle` asks for: `embedding` if there is one, else `query_str` and `image_path` (path or URL) as one
    interleaved query, else either alone. Of several `custom_embedding_strs` (HyDE) the mean is searched. Hits come
    back as `TextNode`s, and as `ImageNode`s with their path or URL, best first whatever their modality; `score` is the
    cosine similarity, `ref_doc_id` and `metadata["source"]` are the source.

    Args:
        index: what to search. Its embedder conditions queries.
        similarity_top_k: most nodes wanted.
        filters: LlamaIndex's `MetadataFilters`, a neutral filter such as `{"modality": "image"}`, or the store's own.
        score_threshold: least score of a node.
        callback_manager, verbose: as of any retriever.
    """

    def __init__(
        self,
        index: MultimodalIndex,
        similarity_top_k: int = 10,
        filters: MetadataFilters | FilterLike = None,
        score_threshold: float | None = None,
        callback_manager: CallbackManager | None = None,
        verbose: bool = False,
    ) -> None:
        self.index = index
        self.similarity_top_k = similarity_top_k
        self.filters = filters
        self.score_threshold = score_threshold
        super().__init__(callback_manager=callback_manager, verbose=verbose)

    def insert_nodes(
        self,
        nodes: Iterable[BaseNode],
        *,
        batch_size: int = 500,
        on_error: Literal["raise", "skip"] = "raise",
        max_cost_usd: float | None = None,
        progress: bool | None = None,
    ) -> AddReport:
        """Embed and store nodes or documents; what the index holds already is not embedded again.

        A node with an image is its image, and its text goes along as a caption; any other is its text with the metadata
        that is meant for embedding. The source is `metadata["source"]`, else `metadata["file_path"]`, else the id of
        the node's document, else its own. All nodes of one source in this call become what the source holds, so pass
        them together. For the arguments, the report and errors see `MultimodalIndex.add`.
        """
        return self.index.add(
            items_of(nodes), batch_size=batch_size, on_error=on_error, max_cost_usd=max_cost_usd, progress=progress
        )

    async def ainsert_nodes(
        self,
        nodes: Iterable[BaseNode],
        *,
        batch_size: int = 500,
        on_error: Literal["raise", "skip"] = "raise",
        max_cost_usd: float | None = None,
        progress: bool | None = None,
    ) -> AddReport:
        """`insert_nodes`, awaited."""
        return await self.index.aadd(
            items_of(nodes), batch_size=batch_size, on_error=on_error, max_cost_usd=max_cost_usd, progress=progress
        )

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query, vector = _asked(query_bundle)
        if len(query) > 1:
            vector = np.asarray(self.index.embedder.embed(query, side="query")).mean(axis=0)
        hits = (
            self.index.search(query[0], **self._limits())
            if vector is None
            else self.index.search_vector(vector, **self._limits())
        )
        return [_node(hit) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query, vector = _asked(query_bundle)
        if len(query) > 1:
            vector = np.asarray(await self.index.embedder.aembed(query, side="query")).mean(axis=0)
        hits = (
            await self.index.asearch(query[0], **self._limits())
            if vector is None
            else await self.index.asearch_vector(vector, **self._limits())
        )
        return [_node(hit) for hit in hits]

    def _limits(self) -> dict[str, Any]:
        filters = neutral(self.filters) if isinstance(self.filters, MetadataFilters) else self.filters
        return {"k": self.similarity_top_k, "filter": filters, "score_threshold": self.score_threshold}


def _asked(bundle: QueryBundle) -> tuple[list[ContentLike], np.ndarray | None]:
    """Contents to embed, or the vector that came with the query.

    Raises:
        InputError: the query holds nothing.
    """
    if bundle.embedding is not None:
        return [], np.asarray(bundle.embedding, dtype=np.float32)
    images = [Image(bundle.image_path)] if bundle.image_path else []
    contents: list[ContentLike] = [[text, *images] for text in bundle.embedding_strs] or [images]
    if contents == [[]]:
        raise InputError("the query is empty: give query_str, image_path or embedding")
    return contents, None


def _node(hit: Hit) -> NodeWithScore:
    """The node that LlamaIndex's own Qdrant store would make of the same point."""
    return NodeWithScore(node=metadata_dict_to_node(node_payload(hit.record)), score=hit.score)
