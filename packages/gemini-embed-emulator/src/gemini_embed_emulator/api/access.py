"""Who may call: API keys on the Developer API and in express mode, bearer tokens on both backends."""

from __future__ import annotations

from gemini_embed_emulator import errors
from gemini_embed_emulator.http import ReceivedRequest
from gemini_embed_emulator.settings import Settings

_DEVELOPER, _VERTEX = "generativelanguage.googleapis.com", "aiplatform.googleapis.com"


class Access:
    """Checks what a request shows for itself against the settings. Raises ApiError when it is not enough."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def developer(self, request: ReceivedRequest) -> None:
        """A key, in the header or the query, or a token."""
        key, token = _key(request), _token(request)
        if key or not token:
            self._check_key(key, _DEVELOPER, errors.missing_key())
        else:
            self._check_token(token)

    def openai(self, request: ReceivedRequest) -> None:
        """A key as a bearer token, nothing else."""
        self._check_key(_bearer(request), _DEVELOPER, errors.missing_authorization())

    def vertex(self, request: ReceivedRequest, method: str, *, in_project: bool) -> None:
        """A token; a key only on the short path of express mode. `method` is the call's name in gRPC."""
        if token := _token(request):
            self._check_token(token)
            return
        key = _key(request)
        if in_project:
            raise errors.key_where_token_is_needed(method) if key else errors.missing_token(method)
        self._check_key(key, _VERTEX, errors.missing_token(method))

    def storage(self, request: ReceivedRequest) -> None:
        """A token, nothing else: a key reaches public objects only."""
        if not (token := _token(request)):
            raise errors.anonymous_caller()
        self._check_token(token)

    def _check_key(self, key: str, service: str, missing: errors.ApiError) -> None:
        if not key:
            raise missing
        allowed = self._settings.api_keys
        if key in self._settings.invalid_api_keys or (allowed is not None and key not in allowed):
            raise errors.bad_key(service)

    def _check_token(self, token: str) -> None:
        if token in self._settings.invalid_api_keys:
            raise errors.bad_token()


def _key(request: ReceivedRequest) -> str:
    query = request.query
    return request.headers.get("x-goog-api-key", "") or query.get("key", "") or query.get("$key", "")


def _bearer(request: ReceivedRequest) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _token(request: ReceivedRequest) -> str:
    query = request.query
    return _bearer(request) or query.get("access_token", "") or query.get("oauth_token", "")
