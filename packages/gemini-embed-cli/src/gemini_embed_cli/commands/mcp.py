"""`gemini-embed mcp FOLDER...`: folders searched by agents, over MCP."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import note
from gemini_embed_cli.folder import FolderError, OpenFolder

if TYPE_CHECKING:
    from mcp.server import MCPServer

TOKEN = "GEMINI_EMBED_TOKEN"  # noqa: S105 - the name of a variable
PORT = 8766


def mcp(
    *folders: Path,
    where: Where | None = None,
    http: Flag = False,
    host: str = "127.0.0.1",
    port: int = PORT,
    name: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    allow_writes: Flag = False,
    max_cost: float | None = None,
    json: Flag = False,
) -> None:
    """Let an agent search folders: an MCP server for Claude, Cursor, VS Code, Gemini CLI and others.

    It speaks over stdin and stdout, which is how a client starts it, unless --http is given. Needs no key and no index
    to start: what is missing is told when it is asked.

    Parameters
    ----------
    folders
        Folders to search, the current one by default. Nothing outside of them is read.
    http
        Serve several clients over streamable HTTP, at http://HOST:PORT/mcp, with a token: that of the environment's
        GEMINI_EMBED_TOKEN, else a new one, which is printed.
    host
        Address to listen on over HTTP.
    port
        Port to listen on over HTTP; 0 takes a free one.
    name
        A host name that leads here too, such as that of a proxy.
    allow_writes
        Have tools that add to the index and bring it up to date, at your cost.
    max_cost
        Most dollars that those may spend as long as the server runs; ask_above_usd of the settings by default.
    json
        Answer in JSON instead of words, as ChatGPT's connectors read it.
    """
    where = where or Where()
    roots = folders or (where.folder,)
    if max_cost is not None and not (allow_writes and max_cost > 0):
        raise FolderError("--max-cost is what --allow-writes may spend: a number above 0, with that flag")
    with ExitStack() as stack:
        settings = [replace(where, folder=None).settings(root) for root in roots]
        opened = [stack.enter_context(OpenFolder(one, confined=True)) for one in settings]
        limit = settings[0].ask_above_usd if max_cost is None else max_cost

        def make() -> MCPServer[Any]:
            from gemini_embed_cli.serving.mcp.folders import Folders
            from gemini_embed_cli.serving.mcp.server import mcp_server

            return mcp_server(Folders(opened), max_cost_usd=limit if allow_writes else None, as_json=json)

        if http:
            _serve_http(make(), host, port, name)
        else:
            from gemini_embed_cli.serving.mcp.transports import serve_stdio

            if sys.stdin.isatty():
                note("an MCP client starts this command and speaks to it; see docs/mcp.md. Ctrl-D ends it.")
            serve_stdio(make)


def _serve_http(server: MCPServer[Any], host: str, port: int, names: tuple[str, ...]) -> None:
    from gemini_embed_cli.serving.guard import new_token
    from gemini_embed_cli.serving.mcp.transports import PATH, http_app, http_server

    given = os.environ.get(TOKEN)
    token = given or new_token()
    running = http_server(http_app(server, host=host, token=token, names=names))
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise FolderError(f"cannot listen on {host}:{port}: {error.strerror or error}; --port takes another") from error
    with listening:
        shown = f"[{host}]" if ":" in host else host
        note(f"http://{shown}:{listening.getsockname()[1]}{PATH}")
        note(f"Authorization: Bearer {'the token of ' + TOKEN if given else token}")
        running.run(sockets=[listening])
