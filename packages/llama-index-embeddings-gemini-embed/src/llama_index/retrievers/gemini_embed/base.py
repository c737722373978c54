"""`GeminiMultimodalRetriever`: a core `MultimodalIndex` in LlamaIndex's words."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Self, Unpack

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle
from llama_index.core.tools import FunctionTool
from llama_index.core.vector_stores.types import BasePydanticVectorStore, MetadataFilters
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed.filters import neutral
from llama_index.retrievers.gemini_embed.node_store import NodeStore
from llama_index.retrievers.gemini_embed.nodes import items_of, node_of
from llama_index.retrievers.gemini_embed.queries import MultimodalQuery, Question, asked

from gemini_embed import AddReport, Content, MultimodalIndex, Words
from gemini_embed.adapters import anew
from gemini_embed.agents import Sources
from gemini_embed.agents.words import LIST, READ, SEARCH
from gemini_embed.indexing.options import AddOptions
from gemini_embed.searching.lexical import words_with_text
from gemini_embed.searching.options import SearchOptions
from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.filters import restricted


class GeminiMultimodalRetriever(BaseRetriever):
    """Finds texts, images, recordings, videos and PDF pages by any of them, or by several in one query.

    What a `QueryBundle` asks for: `embedding` if there is one, else `query_str` and `image_path` (path or URL) as one
    interleaved query, else either alone; a `MultimodalQuery` holds parts of any modality. `custom_embedding_strs` other
    than `query_str` (`HyDEQueryTransform` makes them) are hypothetical answers, as are those of `hypothetical`: they
    are embedded as documents, and the mean of all unit vectors is searched. Hits come best first: texts and PDF pages
    as `TextNode`s, images as `ImageNode`s, recordings and videos as `Node`s with a resource, all with their path or
    URL. `score` is the cosine similarity, which cannot be compared between modalities; `ref_doc_id` and
    `metadata["source"]` are the source, and `metadata` has the pages or seconds.

    Args:
        index: what to search. Its embedder conditions queries.
        similarity_top_k: most nodes wanted.
        filters: LlamaIndex's `MetadataFilters`, a neutral filter such as `{"modality": "image"}`, or the store's own.
        callback_manager: as of any retriever.
        verbose: as of any retriever.
        options: `score_threshold`, `fusion`, `quotas`, `mmr`, `collapse`, `merge`, `padding`, `precision`,
            `hypothetical`, `lexical` and `task`, as of `MultimodalIndex.search`; for one call:
            `retriever.with_options(mmr=0.5).retrieve(...)`. `metadata["found_by"]` of a node says so where words have
            found it.
    """

    def __init__(
        self,
        index: MultimodalIndex,
        similarity_top_k: int = 10,
        filters: MetadataFilters | FilterLike = None,
        callback_manager: CallbackManager | None = None,
        verbose: bool = False,
        **options: Unpack[SearchOptions],
    ) -> None:
        if unknown := sorted({*options} - {*SearchOptions.__annotations__} | {*options} & {"filter"}):
            names = ["similarity_top_k", "filters", *sorted({*SearchOptions.__annotations__} - {"filter"})]
            known = ", ".join(f"{name}=" for name in names)
            raise TypeError(f"GeminiMultimodalRetriever takes no {', '.join(unknown)}; there are {known}")
        self.index = index
        self.similarity_top_k = similarity_top_k
        self.filters = filters
        self.options = options
        self.sources = Sources()
        """The numbers of what its tools find: `retriever.sources.cited(answer)`."""
        super().__init__(callback_manager=callback_manager, verbose=verbose)

    @classmethod
    def from_vector_store(
        cls, vector_store: BasePydanticVectorStore, embed_model: GeminiEmbedding, **arguments: Any
    ) -> Self:
        """A retriever over any of LlamaIndex's vector stores that keeps nodes; see `NodeStore` for what that cannot do.

        `arguments` are the retriever's.
        """
        return cls(MultimodalIndex(embed_model.embedder, NodeStore(vector_store)), **arguments)

    def insert_nodes(self, nodes: Iterable[BaseNode], **options: Unpack[AddOptions]) -> AddReport:
        """Embed and store nodes or documents; what the index holds already is not embedded again.

        A node with an image, a recording or a video is that medium (long ones are cut into windows), and its text goes
        along as a caption; any other is its text with the metadata that is meant for embedding. The source is
        `metadata["source"]`, else `metadata["file_path"]`, else the id of the node's document, else its own. All nodes
        of one source in this call become what the source holds, so pass them together. For the options, the report and
        errors see `MultimodalIndex.add`, which takes files and media.
        """
        return self.index.add(anew(items_of, nodes), **options)

    async def ainsert_nodes(self, nodes: Iterable[BaseNode], **options: Unpack[AddOptions]) -> AddReport:
        """`insert_nodes`, awaited."""
        return await self.index.aadd(anew(items_of, nodes), **options)

    def search_tool(
        self,
        name: str = "search_sources",
        description: str = SEARCH,
        *,
        lexical: bool | float | Words | None = None,
        media: bool = False,
        sources: Sources | None = None,
    ) -> FunctionTool:
        """A tool for agents: its content is text, its raw output the nodes, which name their media.

        With `media` its blocks are text and pictures: images, pages of PDFs, the middle frames of videos; what a tool's
        result cannot hold (sound, motion) is told in words. `MediaFunctionAgent` and `ToolMedia` bring all media to the
        model, with `media` and without. Results are numbered, in one row by all tools of a retriever or those with the
        same `sources`, and `cited` maps the numbers in an answer back. `lexical` takes the place of the retriever's.
        """
        from llama_index.retrievers.gemini_embed.tool import search_tool

        return search_tool(self, name, description, lexical, media, sources or self.sources)

    def read_source_tool(
        self,
        name: str = "read_source",
        description: str = READ,
        *,
        root: str | os.PathLike[str] | None = None,
        media: bool = False,
        sources: Sources | None = None,
    ) -> FunctionTool:
        """A tool that opens a link: lines of a text, pages of a PDF, seconds of a recording or video, and around it.

        It reads the sources that the retriever's `filters` let through, with `root` all files inside of that folder
        too, and nothing else; an `InputError`, which agents hand on as words, tells the model what to do instead. For
        `media` and `sources` see `search_tool`, for how much comes at once `gemini_embed.agents.read_source`.
        """
        from llama_index.retrievers.gemini_embed.tool import read_source_tool

        return read_source_tool(self.index, name, description, root, self._filter(), media, sources or self.sources)

    def list_sources_tool(self, name: str = "list_sources", description: str = LIST) -> FunctionTool:
        """A tool that lists the sources that the retriever's `filters` let through, fifty at a time."""
        from llama_index.retrievers.gemini_embed.tool import list_sources_tool

        return list_sources_tool(self.index, name, description, self._filter())

    def agent_tools(
        self, *, root: str | os.PathLike[str] | None = None, media: bool = False, sources: Sources | None = None
    ) -> list[FunctionTool]:
        """The three tools: `search_tool`, `read_source_tool`, `list_sources_tool`, with the same numbers."""
        return [
            self.search_tool(media=media, sources=sources),
            self.read_source_tool(root=root, media=media, sources=sources),
            self.list_sources_tool(),
        ]

    def of_modality(self, modality: str | None) -> GeminiMultimodalRetriever:
        """This retriever, of one modality alone; None: of all."""
        if modality is None:
            return self
        return GeminiMultimodalRetriever(
            self.index,
            self.similarity_top_k,
            restricted(self._filter(), modality),
            self.callback_manager,
            **self.options,
        )

    def with_options(self, **options: Unpack[SearchOptions]) -> GeminiMultimodalRetriever:
        """This retriever, with other options beside those that it has: LlamaIndex's `retrieve` takes none."""
        changed: SearchOptions = {**self.options, **options}
        return GeminiMultimodalRetriever(
            self.index, self.similarity_top_k, self.filters, self.callback_manager, **changed
        )

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        question = asked(query_bundle)
        limits = self._limits(query_bundle, question)
        if isinstance(question.query, np.ndarray):
            hits = self.index.search_vector(question.query, **limits)
        elif question.query is None:
            hits = self.index.search_mean([], **limits)
        else:
            hits = self.index.search(question.query, **limits)
        return [node_of(hit) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        question = asked(query_bundle)
        limits = self._limits(query_bundle, question)
        if isinstance(question.query, np.ndarray):
            hits = await self.index.asearch_vector(question.query, **limits)
        elif question.query is None:
            hits = await self.index.asearch_mean([], **limits)
        else:
            hits = await self.index.asearch(question.query, **limits)
        return [node_of(hit) for hit in hits]

    def _limits(self, query_bundle: QueryBundle, question: Question) -> Any:
        limits: dict[str, Any] = {**self.options, "k": self.similarity_top_k, "filter": self._filter()}
        if question.hypothetical is not None:
            limits["hypothetical"] = question.hypothetical
        if isinstance(query_bundle, MultimodalQuery) and query_bundle.lexical is not None:
            limits["lexical"] = query_bundle.lexical
        if not isinstance(question.query, Content):  # it has no words, and came with some
            limits["lexical"] = words_with_text(limits.get("lexical"), query_bundle.query_str)
        return limits

    def _filter(self) -> FilterLike:
        return neutral(self.filters) if isinstance(self.filters, MetadataFilters) else self.filters
