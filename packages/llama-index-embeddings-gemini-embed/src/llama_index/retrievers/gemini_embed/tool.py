"""A retriever as a tool of an agent: words for the model, nodes for the program."""

# Annotations are not postponed: LlamaIndex reads those of `search` as they are, to tell the model of its arguments.
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.retrievers.gemini_embed.queries import MultimodalQuery

from gemini_embed import Hit, Words
from gemini_embed.models import Modality

_Query = Annotated[str, "What to look for, in words."]
_Kind = Annotated[Modality | None, "Only this kind of source. Omit for all."]


class Retrieves(Protocol):
    """What searches: a retriever of one modality, or of all."""

    def retrieve(self, str_or_query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The nodes nearest to a query."""

    async def aretrieve(self, str_or_query_bundle: QueryBundle) -> list[NodeWithScore]:
        """`retrieve`, awaited."""


class RetrievesAnyModality(Protocol):
    """What the tool needs of a retriever."""

    def of_modality(self, modality: str | None) -> Retrieves:
        """The retriever of one modality alone; None: of all."""


def search_tool(
    retriever: RetrievesAnyModality, name: str, description: str, lexical: bool | float | Words | None
) -> FunctionTool:
    """See `GeminiMultimodalRetriever.search_tool`."""

    def search(query: _Query, modality: _Kind = None) -> list[NodeWithScore]:
        return retriever.of_modality(modality).retrieve(MultimodalQuery(query, lexical=lexical))

    async def asearch(query: _Query, modality: _Kind = None) -> list[NodeWithScore]:
        return await retriever.of_modality(modality).aretrieve(MultimodalQuery(query, lexical=lexical))

    def answer(nodes: Sequence[NodeWithScore]) -> ToolOutput:
        words = "\n\n".join(_said(number, one) for number, one in enumerate(nodes, 1)) or "Nothing was found."
        return ToolOutput(tool_name=name, content=words, raw_input={}, raw_output=list(nodes))

    return FunctionTool.from_defaults(search, name, description, async_fn=asearch, callback=answer)


def _said(number: int, found: NodeWithScore) -> str:
    """A line about a node, and its text."""
    metadata: dict[str, Any] = found.node.metadata
    return Hit.of(metadata, found.node.get_content(), found.score or 0.0).cited(number)
