"""A retriever as tools of an agent: words for the model, media for the program or for a multimodal model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, Protocol, TypeAlias

from gemini_embed import Hit, InputError, MultimodalIndex, Words
from gemini_embed.adapters import Opener
from gemini_embed.agents import Sources, alist_sources, list_sources, read_source
from gemini_embed.agents.words import AROUND, KIND, LINK, LIST_AFTER, LIST_NAME, QUERY
from gemini_embed.models import Modality
from gemini_embed.stores.filters import restricted
from langchain_core.documents import Document
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, Field

from langchain_gemini_embed.documents import hit_of
from langchain_gemini_embed.results import Answer, Media, answer

Numbers: TypeAlias = Callable[[RunnableConfig], Sources]
"""Which numbers hold for a call of a tool."""


class Searches(Protocol):
    """What the tools need of a retriever."""

    @property
    def index(self) -> MultimodalIndex:
        """What it searches."""

    @property
    def filter(self) -> Any:
        """What holds for every search."""

    @property
    def opener(self) -> Opener:
        """Opens the media of what is found."""

    def invoke(self, input: str, **options: Any) -> list[Document]:  # noqa: A002 - LangChain's name
        """The documents nearest to a query."""

    async def ainvoke(self, input: str, **options: Any) -> list[Document]:  # noqa: A002 - LangChain's name
        """`invoke`, awaited."""


class SearchArguments(BaseModel):
    """What a model says to the search tool."""

    query: Annotated[str, Field(description=QUERY)]
    modality: Annotated[Modality | None, Field(description=KIND)] = None


class ReadArguments(BaseModel):
    """What a model says to the reading tool."""

    link: Annotated[str, Field(description=LINK)]
    around: Annotated[float | None, Field(description=AROUND)] = None


class ListArguments(BaseModel):
    """What a model says to the listing tool."""

    modality: Annotated[Modality | None, Field(description=KIND)] = None
    name: Annotated[str | None, Field(description=LIST_NAME)] = None
    after: Annotated[str | None, Field(description=LIST_AFTER)] = None


def search_tool(
    retriever: Searches,
    name: str,
    description: str,
    max_bytes: int,
    lexical: bool | float | Words | None,
    media: Media,
    numbers: Numbers,
) -> BaseTool:
    """See `GeminiMultimodalRetriever.search_tool`."""
    _check(media)
    always = {} if lexical is None else {"lexical": lexical}

    def limits(modality: str | None) -> dict[str, Any]:
        return always | ({"filter": restricted(retriever.filter, modality)} if modality else {})

    def answered(documents: list[Document], config: RunnableConfig) -> Answer:
        return answer(_hits(documents, retriever.opener), numbers(config), max_bytes, media)

    def search(query: str, config: RunnableConfig, modality: Modality | None = None) -> Answer:
        with _told():
            return answered(retriever.invoke(query, **limits(modality)), config)

    async def asearch(query: str, config: RunnableConfig, modality: Modality | None = None) -> Answer:
        with _told():
            documents = await retriever.ainvoke(query, **limits(modality))
            return await asyncio.to_thread(answered, documents, config)  # it opens media, and may fetch them

    return StructuredTool.from_function(
        search,
        asearch,
        name=name,
        description=description,
        args_schema=SearchArguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def read_source_tool(
    retriever: Searches,
    name: str,
    description: str,
    root: str | os.PathLike[str] | None,
    max_bytes: int,
    media: Media,
    numbers: Numbers,
) -> BaseTool:
    """See `GeminiMultimodalRetriever.read_source_tool`."""
    _check(media)

    def read(link: str, config: RunnableConfig, around: float | None = None) -> Answer:
        sources = numbers(config)
        with _told():
            found = read_source(retriever.index, link, around, root=root, filter=retriever.filter, sources=sources)
        return answer([found], sources, max_bytes, media)

    async def aread(link: str, config: RunnableConfig, around: float | None = None) -> Answer:
        return await asyncio.to_thread(read, link, config, around)

    return StructuredTool.from_function(
        read,
        aread,
        name=name,
        description=description,
        args_schema=ReadArguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def list_sources_tool(retriever: Searches, name: str, description: str) -> BaseTool:
    """See `GeminiMultimodalRetriever.list_sources_tool`."""

    def listed(modality: Modality | None = None, name: str | None = None, after: str | None = None) -> str:
        return str(list_sources(retriever.index, kind=modality, name=name, after=after, filter=retriever.filter))

    async def alisted(modality: Modality | None = None, name: str | None = None, after: str | None = None) -> str:
        found = await alist_sources(retriever.index, kind=modality, name=name, after=after, filter=retriever.filter)
        return str(found)

    return StructuredTool.from_function(listed, alisted, name=name, description=description, args_schema=ListArguments)


@contextmanager
def _told() -> Iterator[None]:
    """Mistakes that a model can mend are words that it reads: a tool's exception, which does not end the run."""
    try:
        yield
    except InputError as error:
        raise ToolException(str(error)) from error


def _hits(documents: list[Document], opener: Opener) -> list[Hit]:
    return [replace(hit_of(document), opener=opener) for document in documents]


def _check(media: str) -> None:
    if media not in ("artifact", "content"):
        raise InputError(f"media={media!r}: where media go is 'artifact' or 'content'")
