"""Sources as resources: what the links of results lead to, for clients that read them from the server."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from gemini_embed import GeminiEmbedError, Image, InputError
from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import ResourceTemplate

from gemini_embed_cli.serving.mcp.folders import Folders, is_known

MOST_BYTES = 8 * 2**20
"""Of a source that is read as a whole; fetch opens parts of larger ones."""
_TEXT = "text/plain"


class SourcesServer(MCPServer[Any]):
    """A server whose resources are the sources of folders: `file:///...` for every one that is a file."""

    folders: Folders

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """How the links of results look."""
        words = "A source that search or list_sources shows"
        return [ResourceTemplate(uri_template="file:///{+path}", name="source", description=words)]

    async def read_resource(self, uri: Any, context: Any = None) -> Iterable[ReadResourceContents]:
        """A source as it is, text or bytes.

        Raises:
            ResourceNotFoundError: outside of the folders, unknown to their indexes, gone, or too large.
            ResourceError: an index cannot be opened.
        """
        try:
            return [await anyio.to_thread.run_sync(read, str(uri), self.folders)]
        except InputError as error:
            raise ResourceNotFoundError(str(error)) from error
        except GeminiEmbedError as error:
            raise ResourceError(str(error)) from error


def read(uri: str, folders: Folders) -> ReadResourceContents:
    """What a file holds that an index of the folders knows.

    Raises:
        InputError: outside of the folders, unknown to their indexes, gone, or too large.
    """
    served, path = folders.located(uri.partition("#")[0])
    with served.folder.index() as index:
        if not is_known(index, quote(path)):
            raise InputError(f"there is no source {uri}: list_sources shows which there are")
        found = next(iter(index.store.iterate(batch_size=1, filter={"uri": path}, with_vectors=False)), None)
    mime_type = found.records[0].mime_type if found else None
    data = Image(path).local_bytes(root=os.fspath(served.root), max_bytes=MOST_BYTES) or b""
    if mime_type is None or mime_type.startswith("text/"):
        return ReadResourceContents(data.decode(errors="replace"), mime_type or _TEXT)
    return ReadResourceContents(data, mime_type)
