"""The server: a socket, a thread with a loop, and connections whose requests are answered one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable

from .http11 import BadRequestError, HttpRequest, read_request

_START_TIMEOUT_S = 10.0
_WATCH_S = 0.02  # how soon a client that has gone is noticed

logger = logging.getLogger("gemini_embed_emulator")


class Client:
    """Who is being answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def wait(self, seconds: float) -> None:
        """Let the client wait; ConnectionError as soon as it is seen to have gone."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _WATCH_S))
            if self._reader.at_eof():
                raise ConnectionAbortedError("the client went away before its answer")

    async def send(self, data: bytes) -> None:
        """Send these bytes."""
        self._writer.write(data)
        await self._writer.drain()


Answer = Callable[[HttpRequest, Client], Awaitable[bool]]
"""Answers one request; False when the connection is to close."""


class Server:
    """Listens in a thread called `name` while it is started; it may be started again after a stop.

    `refuse` gives the bytes for what is no HTTP request.
    """

    def __init__(self, name: str, answer: Answer, refuse: Callable[[BadRequestError], bytes]) -> None:
        self._name = name
        self._answer = answer
        self._refuse = refuse
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def is_running(self) -> bool:
        """Whether it is started."""
        return self._thread is not None

    def start(self, host: str, port: int) -> int:
        """Listen, and answer from a thread in the background. The port that was taken, a free one for 0.

        "::" listens for IPv4 too: a client's "localhost" may be either.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        both = host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server((host, port), family=family, backlog=512, dualstack_ipv6=both)
        taken: int = listener.getsockname()[1]
        ready = threading.Event()
        run = self._serve(listener, ready)
        self._thread = threading.Thread(target=asyncio.run, args=(run,), name=self._name, daemon=True)
        self._thread.start()
        if not ready.wait(_START_TIMEOUT_S):
            raise RuntimeError(f"The emulator did not start within {_START_TIMEOUT_S:.0f} seconds.")
        return taken

    def stop(self) -> None:
        """Close every connection and end the thread; nothing happens when it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = None

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._converse(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)
            task.add_done_callback(lambda _: writer.close())  # one that is cancelled before its first step never began

        server = await asyncio.start_server(connected, sock=listener, limit=2**20)
        ready.set()
        await self._stopping.wait()
        with contextlib.suppress(NotImplementedError):  # Windows' loop accepts in another way
            self._loop.remove_reader(listener)
        await asyncio.sleep(0)  # what is being accepted needs the server open for its first step, or its socket leaks
        server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:  # what is being accepted becomes a connection
            for task in connections:
                task.cancel()
            await asyncio.wait(others)
        await asyncio.sleep(0)  # what was closed lets go of its socket in the loop's next turn

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection's requests until either side has had enough."""
        client = Client(reader, writer)
        try:
            while request := await read_request(reader, writer):
                if not await self._answer(request, client):
                    return
        except BadRequestError as error:
            writer.write(self._refuse(error))
        except ConnectionError:
            logger.debug("A client went away.")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
