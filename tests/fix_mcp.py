"""Folders as the MCP server opens them, synced by the emulator, and clients of the official SDK that ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fix_agents import write_house

if TYPE_CHECKING:
    from gemini_embed_cli.folder import OpenFolder
    from mcp import Client


@dataclass(frozen=True)
class Told:
    """What a tool answered, in its parts."""

    words: str
    json: Any
    is_error: bool
    blocks: tuple[Any, ...]

    def of_type(self, kind: str) -> list[Any]:
        """The blocks of a type, such as "image"."""
        return [block for block in self.blocks if block.type == kind]


class Asking:
    """A client that is connected."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def __call__(self, tool: str, **arguments: Any) -> Told:
        """Call a tool."""
        result = await self.client.call_tool(tool, arguments)
        first, *blocks = result.content
        assert first.type == "text"
        return Told(first.text, result.structured_content, bool(result.is_error), tuple(blocks))


Connect = Callable[..., AbstractAsyncContextManager[Asking]]


def opened_folder(folder: Path, *, sync: bool = True, **given: Any) -> OpenFolder:
    """A folder as the server opens it, with the emulator; synced before."""
    from gemini_embed_cli.folder import OpenFolder, settings

    opened = OpenFolder(settings({"folder": folder, "emulator": True, "dimensions": 128, **given}), confined=True)
    if sync:
        with opened.index(new=True) as index:
            index.sync(opened.settings.folder)
    return opened


@pytest.fixture(scope="session")
def mcp_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenFolder]:
    """A synced folder with one source of each kind: not to be changed, nor closed."""
    with opened_folder(write_house(tmp_path_factory.mktemp("mcp") / "house")) as opened:
        yield opened


@pytest.fixture(scope="session")
def mcp_garden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenFolder]:
    """A second one, of one note and a picture."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("mcp") / "garden"
    folder.mkdir()
    (folder / "notes.md").write_text("The roses are watered by the pump in the shed.\n", "utf-8")
    Image.new("RGB", (64, 48), "green").save(folder / "lawn of June.png")
    with opened_folder(folder) as opened:
        yield opened


@pytest.fixture
def connect(mcp_house: OpenFolder) -> Connect:
    """Connects a client of the SDK to a server in this process; of `mcp_house`, if no folders are given."""

    @asynccontextmanager
    async def connected(*folders: OpenFolder, mode: str = "auto", **how: Any) -> AsyncIterator[Asking]:
        from gemini_embed_cli.serving.mcp.folders import Folders
        from gemini_embed_cli.serving.mcp.server import mcp_server
        from mcp import Client

        async with Client(mcp_server(Folders(folders or (mcp_house,)), **how), mode=mode) as client:
            yield Asking(client)

    return connected


@dataclass(frozen=True)
class OverHttp:
    """A server that listens."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/mcp"

    @asynccontextmanager
    async def connected(self, **headers: str) -> AsyncIterator[Asking]:
        """A client of the SDK that brings the token, or the headers instead."""
        import httpx2
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        given = headers or {"authorization": f"Bearer {self.token}"}
        async with (
            httpx2.AsyncClient(headers=given, timeout=30) as sending,
            Client(streamable_http_client(self.url, http_client=sending)) as client,
        ):
            yield Asking(client)


@pytest.fixture(scope="session")
def mcp_over_http(mcp_house: OpenFolder) -> Iterator[OverHttp]:
    """The server of `mcp_house` on a free port of the loopback."""
    import socket
    import threading

    from gemini_embed_cli.serving.guard import new_token
    from gemini_embed_cli.serving.mcp.folders import Folders
    from gemini_embed_cli.serving.mcp.server import mcp_server
    from gemini_embed_cli.serving.mcp.transports import http_app, http_server

    token = new_token()
    server = http_server(http_app(mcp_server(Folders([mcp_house])), token=token))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield OverHttp(listening.getsockname()[1], token)
        server.should_exit = True
        thread.join()
