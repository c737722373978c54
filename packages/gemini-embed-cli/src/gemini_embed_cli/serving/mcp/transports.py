"""How clients reach the server: over the process's own streams, or over HTTP behind the guard."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import anyio

from gemini_embed_cli.serving.guard import App, Guard
from gemini_embed_cli.serving.mcp.stopping import stdin_until_stopped

if TYPE_CHECKING:
    import uvicorn
    from mcp.server import MCPServer

PATH = "/mcp"
MOST_REQUEST_BYTES = 4 * 2**20
"""Of a request over HTTP; a picture may be in it as a data URI."""
MOST_REQUESTS = 256
"""Over HTTP at once; more are answered 503."""
_STDOUT, _STDERR = 1, 2


def serve_stdio(make: Callable[[], MCPServer[Any]]) -> None:
    """Serve one client, until it closes our stdin or goes away, or SIGTERM or Ctrl-C comes (KeyboardInterrupt).

    Nothing but the protocol is written to stdout: what is printed, by a library's C code too, goes to stderr.
    """
    with stdin_until_stopped(), _kept_stdout() as give_back:
        server = make()
        give_back()  # the SDK takes it over, and diverts it while it serves
        try:
            anyio.run(server.run_stdio_async)
        except* (BrokenPipeError, ConnectionResetError):
            sys.stderr.write("the client went away\n")


@asynccontextmanager
async def flushed(_: object) -> AsyncIterator[None]:
    """The lifespan of a server: what was printed leaves Python's buffer while stdout is diverted, not later."""
    try:
        yield
    finally:
        sys.stdout.flush()


@contextmanager
def _kept_stdout() -> Iterator[Callable[[], object]]:
    """Stdout leads to stderr; calling what this yields gives it back for as long as the block goes on."""
    sys.stdout.flush()
    wire = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)

    def give_back() -> None:
        sys.stdout.flush()
        os.dup2(wire, _STDOUT)

    try:
        yield give_back
    finally:
        os.dup2(_STDERR, _STDOUT)  # also what is printed while the process ends
        os.close(wire)


def http_app(
    server: MCPServer[Any], *, host: str = "127.0.0.1", token: str | None = None, names: Iterable[str] = ()
) -> App:
    """The server as an ASGI application: streamable HTTP at /mcp, guarded.

    Args:
        server: what is served.
        host: that it listens on, see `Guard`.
        token: what requests must bring; None on the loopback: every program of this machine may ask.
        names: further host names that lead here, such as that of a proxy.

    Raises:
        ConfigurationError: other machines reach it, and there is no token.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=MOST_REQUEST_BYTES,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # the guard's work
        host=host,
    )
    return Guard(app, bound=host, token=token, names=names)


def http_server(app: App) -> uvicorn.Server:
    """What serves the application; `run(sockets=[...])` does, until SIGINT or SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_REQUESTS,
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)
