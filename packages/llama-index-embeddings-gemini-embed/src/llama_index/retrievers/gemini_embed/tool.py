"""A retriever as tools of an agent: words for the model, pictures where they are wanted, nodes for the program."""

# Annotations are not postponed: LlamaIndex reads them as they are, to tell the model of the arguments.
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.retrievers.gemini_embed.nodes import node_of
from llama_index.retrievers.gemini_embed.queries import MultimodalQuery
from llama_index.retrievers.gemini_embed.results import Found, found_hits, output_of

from gemini_embed import MultimodalIndex, Words
from gemini_embed.agents import Reading, Sources, alist_sources, aread_source, list_sources, read_source
from gemini_embed.agents.words import AROUND, KIND, LINK, LIST_AFTER, LIST_NAME, QUERY
from gemini_embed.models import Modality
from gemini_embed.stores.base import FilterLike

_Query = Annotated[str, QUERY]
_Kind = Annotated[Modality | None, KIND]
_Link = Annotated[str, LINK]
_Around = Annotated[float | None, AROUND]
_Name = Annotated[str | None, LIST_NAME]
_After = Annotated[str | None, LIST_AFTER]


class Retrieves(Protocol):
    """What searches: a retriever of one modality, or of all."""

    def retrieve(self, str_or_query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The nodes nearest to a query."""

    async def aretrieve(self, str_or_query_bundle: QueryBundle) -> list[NodeWithScore]:
        """`retrieve`, awaited."""


class RetrievesAnyModality(Protocol):
    """What the search tool needs of a retriever."""

    index: MultimodalIndex

    def of_modality(self, modality: str | None) -> Retrieves:
        """The retriever of one modality alone; None: of all."""


def search_tool(
    retriever: RetrievesAnyModality,
    name: str,
    description: str,
    lexical: bool | float | Words | None,
    media: bool,
    sources: Sources,
) -> FunctionTool:
    """See `GeminiMultimodalRetriever.search_tool`."""

    def search(query: _Query, modality: _Kind = None) -> Found:
        nodes = retriever.of_modality(modality).retrieve(MultimodalQuery(query, lexical=lexical))
        return found_hits(nodes, retriever.index.opener, sources)

    async def asearch(query: _Query, modality: _Kind = None) -> Found:
        nodes = await retriever.of_modality(modality).aretrieve(MultimodalQuery(query, lexical=lexical))
        return found_hits(nodes, retriever.index.opener, sources)

    return _tool(search, asearch, name, description, media)


def read_source_tool(
    index: MultimodalIndex,
    name: str,
    description: str,
    root: str | os.PathLike[str] | None,
    filter: FilterLike,
    media: bool,
    sources: Sources,
) -> FunctionTool:
    """See `GeminiMultimodalRetriever.read_source_tool`."""

    def found(reading: Reading) -> Found:
        one = Found([node_of(reading.hit)])
        one.number(reading.hit, reading.cited, sources)
        return one

    def read(link: _Link, around: _Around = None) -> Found:
        return found(read_source(index, link, around, root=root, filter=filter, sources=sources))

    async def aread(link: _Link, around: _Around = None) -> Found:
        return found(await aread_source(index, link, around, root=root, filter=filter, sources=sources))

    return _tool(read, aread, name, description, media)


def list_sources_tool(index: MultimodalIndex, name: str, description: str, filter: FilterLike) -> FunctionTool:
    """See `GeminiMultimodalRetriever.list_sources_tool`."""

    def listed(modality: _Kind = None, name: _Name = None, after: _After = None) -> str:
        return str(list_sources(index, kind=modality, name=name, after=after, filter=filter))

    async def alisted(modality: _Kind = None, name: _Name = None, after: _After = None) -> str:
        return str(await alist_sources(index, kind=modality, name=name, after=after, filter=filter))

    return FunctionTool.from_defaults(listed, name, description, async_fn=alisted)


def _tool(
    fn: Callable[..., Found], async_fn: Callable[..., Awaitable[Any]], name: str, description: str, media: bool
) -> FunctionTool:
    def answer(found: Found) -> ToolOutput:  # in a thread where the call is awaited: it opens media
        return output_of(found, name, media)

    return FunctionTool.from_defaults(fn, name, description, async_fn=async_fn, callback=answer)
