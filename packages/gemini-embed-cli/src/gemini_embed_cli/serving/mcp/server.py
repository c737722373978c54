"""The MCP server of some folders: its tools, and the sources that it reads as resources."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Any, ParamSpec

import anyio
import anyio.to_thread
from gemini_embed import GeminiEmbedError
from gemini_embed.models import Modality
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from gemini_embed_cli.serving.mcp import fetching, listing, searching, words, writing
from gemini_embed_cli.serving.mcp.answers import Answer, refusal
from gemini_embed_cli.serving.mcp.folders import Folders
from gemini_embed_cli.serving.mcp.numbers import Numbers
from gemini_embed_cli.serving.mcp.resources import SourcesServer
from gemini_embed_cli.serving.mcp.shapes import ListJson, SearchJson, WrittenJson
from gemini_embed_cli.serving.mcp.transports import flushed

P = ParamSpec("P")
NAME = "gemini-embed"
AT_ONCE = 8
"""Calls that are worked on at once; others wait for their turn."""


@dataclass
class Tools:
    """What the tools of a server share."""

    folders: Folders
    as_json: bool = False
    """Whether an answer's words are its JSON."""
    numbers: Numbers = field(default_factory=Numbers)
    at_once: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE))

    async def in_thread(self, work: Callable[..., Answer], *args: Any) -> CallToolResult:
        """The result of what blocks, which a client that goes away leaves behind."""
        run = functools.partial(anyio.to_thread.run_sync, abandon_on_cancel=True, limiter=self.at_once)
        return await self.told(run(functools.partial(work, *args)))

    async def told(self, work: Awaitable[Answer]) -> CallToolResult:
        """The result of some work; what goes wrong is a sentence."""
        try:
            return (await work).result(as_json=self.as_json)
        except GeminiEmbedError as error:
            return refusal(error)


def mcp_server(folders: Folders, *, max_cost_usd: float | None = None, as_json: bool = False) -> SourcesServer:
    """The server.

    Args:
        folders: what it serves, opened when they are first asked for.
        max_cost_usd: what `add` and `sync` may spend; None: there are no tools that write.
        as_json: whether an answer's words are its JSON, as ChatGPT's connectors read it.
    """
    server = SourcesServer(
        NAME,
        title="gemini-embed",
        instructions=f"{words.INSTRUCTIONS} Folders: {folders.listed()}.",
        version=version("gemini-embed-cli"),
        log_level="WARNING",
        lifespan=flushed,
    )
    server.folders = folders
    tools = Tools(folders, as_json)
    _add_reading(server, tools)
    if max_cost_usd is not None:
        _add_writing(server, tools, writing.Purse(max_cost_usd))
    return server


def _add_reading(server: MCPServer[Any], tools: Tools) -> None:
    def reads(title: str, *, open_world: bool = False) -> ToolAnnotations:
        return ToolAnnotations(title=title, read_only_hint=True, idempotent_hint=True, open_world_hint=open_world)

    @server.tool(description=words.SEARCH, annotations=reads("Search the user's files", open_world=True))
    async def search(
        query: Annotated[str, Field(description=words.QUERY)] = "",
        file: Annotated[str | None, Field(description=words.FILE)] = None,
        modality: Annotated[Modality | None, Field(description=words.KIND)] = None,
        k: Annotated[int, Field(description=words.COUNT)] = 8,
        filter: Annotated[dict[str, Any] | None, Field(description=words.FILTER)] = None,
        folder: Annotated[str | None, Field(description=words.FOLDER)] = None,
        pictures: Annotated[int, Field(description=words.PICTURES)] = searching.MOST_PICTURES,
    ) -> Annotated[CallToolResult, SearchJson]:
        asked = searching.Asked(query, file, modality, k, filter, folder, pictures)
        return await tools.in_thread(searching.search, asked, tools.folders, tools.numbers)

    @server.tool(description=words.FETCH, annotations=reads("Open a source"))
    async def fetch(
        id: Annotated[str, Field(description=words.ID)],  # noqa: A002 - the name that ChatGPT asks for
        around: Annotated[float | None, Field(description=words.AROUND)] = None,
        media: Annotated[bool, Field(description=words.MEDIA)] = True,
    ) -> CallToolResult:
        return await tools.in_thread(fetching.fetch, id, around, media, tools.folders, tools.numbers)

    @server.tool(description=words.LIST, annotations=reads("List the user's files"))
    async def list_sources(
        modality: Annotated[Modality | None, Field(description=words.KIND)] = None,
        name: Annotated[str | None, Field(description=words.LIST_NAME)] = None,
        after: Annotated[str | None, Field(description=words.LIST_AFTER)] = None,
        folder: Annotated[str | None, Field(description=words.FOLDER)] = None,
    ) -> Annotated[CallToolResult, ListJson]:
        return await tools.in_thread(listing.listed, tools.folders, modality, name, after, folder)


def _add_writing(server: MCPServer[Any], tools: Tools, purse: writing.Purse) -> None:
    def writes(title: str) -> ToolAnnotations:
        return ToolAnnotations(title=title, read_only_hint=False, destructive_hint=True, idempotent_hint=True)

    @server.tool(description=words.ADD, annotations=writes("Add to the index"))
    async def add(
        client: Context[Any, Any],
        file: Annotated[str | None, Field(description=words.ADD_FILE)] = None,
        text: Annotated[str | None, Field(description=words.ADD_TEXT)] = None,
        title: Annotated[str | None, Field(description=words.ADD_TITLE)] = None,
        folder: Annotated[str | None, Field(description=words.ADD_FOLDER)] = None,
    ) -> Annotated[CallToolResult, WrittenJson]:
        return await tools.told(writing.add(file, text, title, folder, tools.folders, purse, client.report_progress))

    @server.tool(description=words.SYNC, annotations=writes("Bring the index up to date"))
    async def sync(
        client: Context[Any, Any],
        folder: Annotated[str | None, Field(description=words.SYNC_FOLDER)] = None,
    ) -> Annotated[CallToolResult, WrittenJson]:
        return await tools.told(writing.sync(folder, tools.folders, purse, client.report_progress))
