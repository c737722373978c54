"""The headers that say who asks: an API key, or a bearer token from google-auth."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from gemini_embed.errors import AuthenticationError, ConfigurationError
from gemini_embed.secret import Secret, without_frames
from gemini_embed.service.connection import NO_CREDENTIALS, Connection

logger = logging.getLogger(__name__)

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Auth:
    """Headers for one connection. Lives on the engine's loop; google-auth's blocking calls run in a thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._credentials: Any = connection.credentials
        self._scoped = False
        self._lock = asyncio.Lock()

    async def headers(self) -> dict[str, Secret]:
        """The headers of a request.

        Raises:
            ConfigurationError: there is no key, or there are no credentials.
            AuthenticationError: credentials that cannot be refreshed.
        """
        if self._connection.needs_key:
            self._connection = self._connection.ready()
            return {"x-goog-api-key": self._connection.require_key()}
        async with self._lock:  # one refresh serves all requests that wait for it
            if not self._scoped:
                self._credentials = await _in_thread(_scoped, self._credentials)
                self._scoped = True
            if not self._credentials.token or self._credentials.expired:
                await _in_thread(_refresh, self._credentials)
        headers = {"authorization": Secret(f"Bearer {self._credentials.token}")}
        if quota_project := getattr(self._credentials, "quota_project_id", None):
            headers["x-goog-user-project"] = Secret(quota_project)
        return headers

    async def renew(self, refused: dict[str, Secret]) -> bool:
        """Refresh a bearer token that was refused; False where there is nothing to renew."""
        if "authorization" not in refused or not hasattr(self._credentials, "refresh"):
            return False
        async with self._lock:
            if refused["authorization"].reveal() != f"Bearer {self._credentials.token}":
                return True  # another request has renewed it meanwhile
            try:
                await _in_thread(_refresh, self._credentials)
            except AuthenticationError as e:
                logger.warning("the token was refused and cannot be renewed: %s", e)
                return False
        return True


async def _in_thread(call: Any, *args: Any) -> Any:
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    try:
        return await asyncio.to_thread(call, *args)
    except DefaultCredentialsError as e:
        why = str(e).partition(" To set up ")[0].strip().rstrip(".")
        raise ConfigurationError(NO_CREDENTIALS.format(why=why)) from None
    except GoogleAuthError as e:
        raise AuthenticationError(401, "UNAUTHENTICATED", f"Google credentials: {e}") from without_frames(e)


def _scoped(given: Any) -> Any:
    """The given credentials, or Application Default ones, with the scope that service accounts need."""
    import google.auth
    from google.auth.credentials import with_scopes_if_required

    if given is None:
        return google.auth.default(scopes=[SCOPE])[0]
    return with_scopes_if_required(given, [SCOPE])  # type: ignore[no-untyped-call]  # google-auth is typed in part


def _refresh(credentials: Any) -> None:
    from google.auth.transport.requests import Request

    credentials.refresh(Request())
