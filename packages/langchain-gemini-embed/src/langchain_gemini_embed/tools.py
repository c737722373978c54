"""A retriever as a tool of an agent: words for the model, media for the program."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Protocol

from gemini_embed import Words
from gemini_embed.adapters import Opener
from gemini_embed.models import Modality
from gemini_embed.stores.filters import restricted
from langchain_core.documents import Document
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from langchain_gemini_embed.answers import to_content_blocks


class Searches(Protocol):
    """What the tool needs of a retriever."""

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
    """What a model says to the tool."""

    query: Annotated[str, Field(description="What to look for, in words.")]
    modality: Annotated[
        Modality | None, Field(description="Only this kind of source: text, image, audio, video or pdf. Omit for all.")
    ] = None


def search_tool(
    retriever: Searches, name: str, description: str, max_bytes: int, lexical: bool | float | Words | None
) -> BaseTool:
    """See `GeminiMultimodalRetriever.search_tool`."""
    always = {} if lexical is None else {"lexical": lexical}

    def limits(modality: str | None) -> dict[str, Any]:
        return always | ({"filter": restricted(retriever.filter, modality)} if modality else {})

    def answer(documents: list[Document]) -> tuple[str, list[dict[str, Any]]]:
        blocks = to_content_blocks(documents, max_bytes=max_bytes, opener=retriever.opener)
        words = [block["text"] for block in blocks if block["type"] == "text"]
        return "\n\n".join(words) or "Nothing was found.", blocks

    def search(query: str, modality: Modality | None = None) -> tuple[str, list[dict[str, Any]]]:
        return answer(retriever.invoke(query, **limits(modality)))

    async def asearch(query: str, modality: Modality | None = None) -> tuple[str, list[dict[str, Any]]]:
        documents = await retriever.ainvoke(query, **limits(modality))
        return await asyncio.to_thread(answer, documents)  # it opens media, and may fetch them

    return StructuredTool.from_function(
        search,
        asearch,
        name=name,
        description=description,
        args_schema=SearchArguments,
        response_format="content_and_artifact",
    )
