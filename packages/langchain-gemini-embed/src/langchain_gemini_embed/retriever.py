"""`GeminiMultimodalRetriever`: documents of any modality, found by any of them, or by several in one query."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, Unpack, cast

from gemini_embed import AddReport, InputError, MultimodalIndex, Precision, Words
from gemini_embed.adapters import Opener, anew
from gemini_embed.agents import MAX_BYTES, Conversations, Sources
from gemini_embed.agents.words import LIST, READ, SEARCH
from gemini_embed.indexing.options import AddOptions
from gemini_embed.searching.options import Fusion, SearchOptions
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun, Callbacks
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore
from pydantic import ConfigDict, PrivateAttr, model_validator

from langchain_gemini_embed.answers import to_content_blocks
from langchain_gemini_embed.blocks import ContentInput, content_of
from langchain_gemini_embed.documents import document_of, items_of
from langchain_gemini_embed.hypotheses import as_hypothetical, check_hypothesis
from langchain_gemini_embed.results import Media
from langchain_gemini_embed.usage import ausage_reported, usage_reported


class GeminiMultimodalRetriever(BaseRetriever):
    """The documents of a `gemini_embed.MultimodalIndex` that are nearest to a query.

        index = MultimodalIndex(embeddings.embedder, EdgeStore("my-index"))
        index.add("my-files")  # texts, images, recordings, videos, PDFs
        retriever = GeminiMultimodalRetriever(index=index, k=4)
        retriever.invoke("a red bicycle")
        retriever.invoke({"type": "image", "url": "https://..."}, k=2)
        retriever.invoke(["like this, but blue", gemini_embed.Image("bicycle.png")])

    A query is a str, a content block, a medium, a message, or a list of these, which is one interleaved query. All
    fields but `index` can be given per call too; see `MultimodalIndex.search`. A document's `metadata` is the record's
    (yours, plus `source`, `modality`, `mime_type`, `uri`, the pages or seconds, ...), `score`, the cosine similarity to
    the query, and `found_by` where words have found it. Documents come best first; scores of different modalities
    cannot be compared.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: MultimodalIndex
    k: int = 4
    """Most documents wanted."""
    filter: Any = None
    """`{"modality": "image"}` and the like, see `gemini_embed.stores.filters`, or an object of the store's engine."""
    score_threshold: float | Mapping[str, float] | None = None
    """Least cosine similarity of a document, best told for each modality: `{"text": 0.6, "video": 0.3}`."""
    fusion: Fusion = "above_chance"
    """How documents of several modalities become one list: "rrf", "standardized" or "raw"."""
    quotas: Mapping[str, int] | None = None
    """Most documents of a modality."""
    mmr: float | None = None
    """Maximal marginal relevance, from 1 (relevance alone) to 0 (unlikeness alone)."""
    collapse: float | None = None
    """Of documents whose vectors have at least this cosine only the best stays."""
    merge: bool = False
    """Whether neighbouring windows of one source become one document."""
    padding: float | Mapping[str, float] = 0.0
    """Seconds or pages that windows get on either side."""
    precision: Precision | None = None
    """How exactly to search a store that has codes of its vectors, or a graph."""
    lexical: bool | float | Words | None = None
    """Look for words too: True for those of the query, their weight from 0 to 1, or `gemini_embed.Words(...)`."""
    task: str | None = None
    """What queries are for, such as "code_retrieval"; None: the embedder's task."""
    hypothetical: Any = None
    """What an answer might say (HyDE): a text, several, a callable or a Runnable that writes them of the query."""
    hypothesis: Any = None
    """The same under another name, for who writes it: `hypothesis=prompt | model`."""

    _conversations: Conversations = PrivateAttr(default_factory=Conversations)
    """The numbers of what its tools find."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.hypothetical is not None and self.hypothesis is not None:
            raise InputError("hypothetical= and hypothesis= are the same: pass one of them")
        check_hypothesis(self.hypothetical, "hypothetical")
        check_hypothesis(self.hypothesis, "hypothesis")
        return self

    @classmethod
    def from_vectorstore(cls, vectorstore: VectorStore, **fields: Any) -> Self:
        """A retriever over what one of LangChain's vector stores holds, which was made with `GeminiEmbeddings`.

        What is added here is found by the store, and the other way round. Chroma, FAISS, InMemoryVectorStore, LanceDB,
        Milvus, PGVector and Qdrant take media too; any other store takes texts, and `stores.texts.TextsStore` says what
        it cannot do. The fingerprint is kept in the collection, but for FAISS and InMemoryVectorStore, which have no
        place for it.
        `fields` are the retriever's.

        Raises:
            ConfigurationError: other embeddings, or a layout of its own.
        """
        from langchain_gemini_embed.vectorstores import index_over

        return cls(index=index_over(vectorstore), **fields)

    @property
    def opener(self) -> Opener:
        """Opens the media of documents, under the rules of the index's embedder."""
        return self.index.opener

    def add_documents(self, documents: Iterable[Document], **options: Unpack[AddOptions]) -> AddReport:
        """Embed and store documents; what the index holds already is not embedded again.

        A document's source is `metadata["source"]`, else its id, and `metadata["title"]` is embedded as its title. All
        documents of one source in this call become what the source holds, so pass them together. `documents` may be an
        endless stream (`loader.lazy_load()`); for the options, the report and errors see `MultimodalIndex.add`, which
        takes files and media.
        """
        return self.index.add(anew(items_of, documents), **options)

    async def aadd_documents(self, documents: Iterable[Document], **options: Unpack[AddOptions]) -> AddReport:
        """`add_documents`, awaited."""
        return await self.index.aadd(anew(items_of, documents), **options)

    def to_content_blocks(self, documents: Iterable[Document], *, max_bytes: int = MAX_BYTES) -> list[dict[str, Any]]:
        """Documents of this retriever as the next message for a multimodal chat model; see `to_content_blocks`."""
        return to_content_blocks(documents, max_bytes=max_bytes, opener=self.opener)

    def search_tool(
        self,
        name: str = "search_sources",
        description: str = SEARCH,
        *,
        max_bytes: int = MAX_BYTES,
        lexical: bool | float | Words | None = None,
        media: Media = "artifact",
        sources: Sources | None = None,
    ) -> BaseTool:
        """A tool for agents: its content is text, its artifact the content blocks with the media.

        Of the media no more than `max_bytes` of base64 are in the artifact, from where `MediaMiddleware` or
        `with_media` bring them to the model. `media="content"` puts images and pages of PDFs into the tool's message
        itself; recordings and videos are only told of then. Results are numbered, and `cited` maps the numbers in an
        answer back: in one row by all tools of a retriever, for each `thread_id`, or by those with the same `sources`.
        `lexical` takes the place of the retriever's. (`as_tool` is every runnable's own.)
        """
        from langchain_gemini_embed.tools import search_tool

        return search_tool(self, name, description, max_bytes, lexical, media, self._numbers(sources))

    def read_source_tool(
        self,
        name: str = "read_source",
        description: str = READ,
        *,
        root: str | os.PathLike[str] | None = None,
        max_bytes: int = MAX_BYTES,
        media: Media = "artifact",
        sources: Sources | None = None,
    ) -> BaseTool:
        """A tool that opens a link: lines of a text, pages of a PDF, seconds of a recording or video, and around it.

        It reads the sources that the retriever's `filter` lets through, with `root` all files inside of that folder
        too, and nothing else; what cannot be read is an answer that tells the model what to do instead. For `media`
        and `sources` see `search_tool`, for how much comes at once `gemini_embed.agents.read_source`.
        """
        from langchain_gemini_embed.tools import read_source_tool

        return read_source_tool(self, name, description, root, max_bytes, media, self._numbers(sources))

    def list_sources_tool(self, name: str = "list_sources", description: str = LIST) -> BaseTool:
        """A tool that lists the sources that the retriever's `filter` lets through, fifty at a time."""
        from langchain_gemini_embed.tools import list_sources_tool

        return list_sources_tool(self, name, description)

    def agent_tools(
        self,
        *,
        root: str | os.PathLike[str] | None = None,
        max_bytes: int = MAX_BYTES,
        media: Media = "artifact",
        sources: Sources | None = None,
    ) -> list[BaseTool]:
        """The three tools: `search_tool`, `read_source_tool`, `list_sources_tool`, with the same numbers."""
        return [
            self.search_tool(max_bytes=max_bytes, media=media, sources=sources),
            self.read_source_tool(root=root, max_bytes=max_bytes, media=media, sources=sources),
            self.list_sources_tool(),
        ]

    def _numbers(self, sources: Sources | None) -> Callable[[RunnableConfig], Sources]:
        def numbers(config: RunnableConfig) -> Sources:
            return sources or self._conversations.of(config.get("configurable", {}).get("thread_id"))

        return numbers

    # LangChain's own invoke is typed for str only, though it passes anything on.

    def invoke(
        self,
        input: ContentInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The documents nearest to `input`; `k=`, `filter=` and the other fields hold for this call."""
        return super().invoke(cast("str", input), config, **kwargs)

    async def ainvoke(
        self,
        input: ContentInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """`invoke`, awaited."""
        return await super().ainvoke(cast("str", input), config, **kwargs)

    def _get_relevant_documents(
        self, query: ContentInput, *, run_manager: CallbackManagerForRetrieverRun, **options: Any
    ) -> list[Document]:
        with usage_reported(run_manager.get_child()):
            hits = self.index.search(content_of(query), **self._options(options, run_manager.get_child()))
        return [document_of(hit) for hit in hits]

    async def _aget_relevant_documents(
        self, query: ContentInput, *, run_manager: AsyncCallbackManagerForRetrieverRun, **options: Any
    ) -> list[Document]:
        async with ausage_reported(run_manager.get_child()):
            how = self._options(options, run_manager.get_child(), is_async=True)
            hits = await self.index.asearch(content_of(query), **how)
        return [document_of(hit) for hit in hits]

    def _options(self, given: Mapping[str, Any], callbacks: Callbacks, *, is_async: bool = False) -> Any:
        """What holds for one call: its own, else the retriever's."""
        own = {name: getattr(self, name) for name in ("k", *SearchOptions.__annotations__)}
        own["hypothetical"] = self.hypothesis if self.hypothetical is None else self.hypothetical
        told = own | dict(given)
        if "hypothesis" in told:
            told["hypothetical"] = told.pop("hypothesis")
        check_hypothesis(told["hypothetical"], "hypothetical")
        told["hypothetical"] = as_hypothetical(told["hypothetical"], callbacks, is_async=is_async)
        return told

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        """What traces say about this retriever."""
        return {
            **super()._get_ls_params(**kwargs),
            "ls_vector_store_provider": type(self.index.store).__name__,
            "ls_embedding_provider": "google",
            "ls_embedding_model": self.index.embedder.model,
        }
