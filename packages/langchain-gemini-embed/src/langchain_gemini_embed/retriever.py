"""`GeminiMultimodalRetriever`: documents of any modality, found by text, by image, or by both in one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

from gemini_embed import AddReport, MultimodalIndex
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from langchain_core.runnables import RunnableConfig
from pydantic import ConfigDict

from langchain_gemini_embed.blocks import ContentInput, content_of, document_of, items_of
from langchain_gemini_embed.usage import ausage_reported, usage_reported


class GeminiMultimodalRetriever(BaseRetriever):
    """The documents of a `gemini_embed.MultimodalIndex` that are nearest to a query.

        index = MultimodalIndex(embeddings.embedder, EdgeStore("my-index"))
        retriever = GeminiMultimodalRetriever(index=index, k=4)
        retriever.add_documents(loader.lazy_load())
        retriever.invoke("a red bicycle")
        retriever.invoke({"type": "image", "url": "https://..."}, k=2)
        retriever.invoke(["like this, but blue", gemini_embed.Image("bicycle.png")])

    A query is a str, a content block, an image, a message, or a list of these, which is one interleaved query. `k`,
    `filter` and `score_threshold` can be given per call too. A document's `metadata` is the record's (yours, plus
    `source`, `modality`, `mime_type`, `title`, ...) and `score`, the cosine similarity to the query.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: MultimodalIndex
    k: int = 4
    """Most documents wanted."""
    filter: Any = None
    """`{"modality": "image"}` and the like, see `gemini_embed.stores.filters`, or an object of the store's engine."""
    score_threshold: float | None = None
    """Least cosine similarity of a document."""

    def add_documents(
        self,
        documents: Iterable[Document],
        *,
        batch_size: int = 500,
        on_error: Literal["raise", "skip"] = "raise",
        max_cost_usd: float | None = None,
        progress: bool | None = None,
    ) -> AddReport:
        """Embed and store documents; what the index holds already is not embedded again.

        A document's source is `metadata["source"]`, else its id, and `metadata["title"]` is embedded as its title. All
        documents of one source in this call become what the source holds, so pass them together. `documents` may be an
        endless stream (`loader.lazy_load()`); for the arguments, the report and errors see `MultimodalIndex.add`.
        """
        return self.index.add(
            items_of(documents), batch_size=batch_size, on_error=on_error, max_cost_usd=max_cost_usd, progress=progress
        )

    async def aadd_documents(
        self,
        documents: Iterable[Document],
        *,
        batch_size: int = 500,
        on_error: Literal["raise", "skip"] = "raise",
        max_cost_usd: float | None = None,
        progress: bool | None = None,
    ) -> AddReport:
        """`add_documents`, awaited."""
        return await self.index.aadd(
            items_of(documents), batch_size=batch_size, on_error=on_error, max_cost_usd=max_cost_usd, progress=progress
        )

    # LangChain's own invoke is typed for str only, though it passes anything on.

    def invoke(
        self,
        input: ContentInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The documents nearest to `input`; `k=`, `filter=` and `score_threshold=` hold for this call."""
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
        self,
        query: ContentInput,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        filter: Any = None,
        score_threshold: float | None = None,
    ) -> list[Document]:
        with usage_reported(run_manager.get_child()):
            hits = self.index.search(content_of(query), **self._limits(k, filter, score_threshold))
        return [document_of(hit) for hit in hits]

    async def _aget_relevant_documents(
        self,
        query: ContentInput,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        filter: Any = None,
        score_threshold: float | None = None,
    ) -> list[Document]:
        async with ausage_reported(run_manager.get_child()):
            hits = await self.index.asearch(content_of(query), **self._limits(k, filter, score_threshold))
        return [document_of(hit) for hit in hits]

    def _limits(self, k: int | None, filter: Any, score_threshold: float | None) -> dict[str, Any]:
        """What holds for one call: its own, else the retriever's."""
        return {
            "k": self.k if k is None else k,
            "filter": self.filter if filter is None else filter,
            "score_threshold": self.score_threshold if score_threshold is None else score_threshold,
        }

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        """What traces say about this retriever."""
        return {
            **super()._get_ls_params(**kwargs),
            "ls_vector_store_provider": type(self.index.store).__name__,
            "ls_embedding_provider": "google",
            "ls_embedding_model": self.index.embedder.model,
        }
