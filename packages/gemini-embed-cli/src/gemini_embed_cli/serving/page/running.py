"""The server on its port, from its first address printed to Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from gemini_embed import ConfigurationError

from gemini_embed_cli.serving.guard import App, Guard, is_loopback, new_token
from gemini_embed_cli.serving.page.app import Page

if TYPE_CHECKING:
    from uvicorn import Server

    from gemini_embed_cli.folder import OpenFolder

PORT = 8460
KEEP_ALIVE_S = 5
CONNECTIONS = 512
"""At once; the next are told to come again."""


def guarded(folder: OpenFolder, *, host: str, port: int, token: str | None, names: tuple[str, ...] = ()) -> App:
    """The page behind its guard."""
    return Guard(Page(folder), bound=host, token=token, names=names, cookie=f"gemini-embed-{port}")


def serve(
    folder: OpenFolder,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    names: tuple[str, ...] = (),
    told: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C; `told` is given the address to open once it can be.

    Beyond the loopback there is always a token, made up where none is given; it is part of the address.

    Raises:
        ConfigurationError: the port is taken, or the host is none of this machine's.
    """
    token = token or (None if is_loopback(host) else new_token())
    with closing(_listening(host, port)) as listening:
        port = listening.getsockname()[1]
        server = server_of(guarded(folder, host=host, port=port, token=token, names=names))
        told(_address(host, port, token))
        server.run(sockets=[listening])


def server_of(app: App) -> Server:
    """What serves an application on sockets that it is given."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses hold what people look for
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=3,
        limit_concurrency=CONNECTIONS,
        proxy_headers=False,
    )
    return uvicorn.Server(config)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        said = f"cannot listen on {host} port {port}: {error.strerror}; --port 0 takes any"
        raise ConfigurationError(said) from error
    return listening


def _address(host: str, port: int, token: str | None) -> str:
    """What a browser opens: a machine that listens everywhere is reached by its name."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
