"""google-genai's client, for what is rare and intricate: made when it is needed, its errors in our words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from gemini_embed.errors import ApiError, ConnectionFailedError
from gemini_embed.secret import without_frames
from gemini_embed.service.connection import Connection
from gemini_embed.transport import HttpOptions, context_for

ATTEMPTS = 5

T = TypeVar("T")


class Sdk:
    """google-genai's client of one connection. Its calls block, so they run in threads; its frames hold the key."""

    def __init__(self, connection: Connection, http: HttpOptions) -> None:
        self._connection = connection
        self._http = http
        self._client: Any = None
        self._opening = threading.Lock()

    async def ask(self, call: Callable[[Any], T], *, what: str) -> T:
        """The outcome of `call`, which is given the client; `what` is asked of the service, for errors.

        Raises:
            ApiError: the service refused.
            ConnectionFailedError: whatever else went wrong on the way.
        """
        client = await asyncio.to_thread(self._opened)
        try:
            return await asyncio.to_thread(call, client)
        except Exception as e:
            raise _our_error(e, f"the {what}") from without_frames(e)

    def asked(self, call: Callable[[Any], T], *, what: str) -> T:
        """`ask`, blocking, for threads; `what` is a model's name. Raises as it does."""
        with self._opening:
            client = self._opened()
        try:
            return call(client)
        except Exception as e:
            raise _our_error(e, what) from without_frames(e)

    def _opened(self) -> Any:
        if self._client is None:
            from google import genai

            self._http.require_all()
            self._client = genai.Client(
                **self._name(),
                http_options={
                    "base_url": self._connection.base_url,
                    "api_version": self._connection.api_version,
                    "timeout": round(self._http.timeout_s * 1000),
                    "headers": {name: value.reveal() for name, value in self._http.headers.items()},
                    "retry_options": {"attempts": ATTEMPTS},
                    # No redirect: it would carry the key to another host.
                    "client_args": {
                        "follow_redirects": False,
                        "verify": context_for(self._http.verify),
                        **({"proxy": self._http.proxy.reveal()} if self._http.proxy else {}),
                    },
                },
            )
        return self._client

    def _name(self) -> dict[str, Any]:
        """In whose name it asks."""
        connection = self._connection
        is_vertex = connection.backend == "vertex"
        if connection.needs_key:
            return {"vertexai": is_vertex, "api_key": connection.require_key().reveal()}
        told = {"project": connection.project, "location": connection.location}
        return {"vertexai": True, **told, "credentials": connection.credentials}


def _our_error(error: Exception, what: str) -> Exception:
    """The SDK's errors, and those of the HTTP library under it, as ours."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        status, message = getattr(error, "status", None) or "", getattr(error, "message", None) or ""
        return ApiError(code, str(status), str(message), model=what)
    return ConnectionFailedError(f"a call of {what} failed: {type(error).__name__}: {error}")
