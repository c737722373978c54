"""qdrant-client: connected, told apart from its local mode, and which of its errors will pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import httpx

from gemini_embed.errors import ConfigurationError, missing_extra

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


def check_place(places: Mapping[str, object], api_key: str | None) -> None:
    """ConfigurationError unless it is told exactly once, by its argument's name, where the collections are."""
    given = [name for name, value in places.items() if value is not None]
    if len(given) != 1:
        raise ConfigurationError(f"give exactly one of {', '.join(places)}, not {' and '.join(given) or 'none'}")
    location = places["location"]
    if location is not None and location != ":memory:":
        raise ConfigurationError(f'location is ":memory:"; for {location!r} use url= (a server) or path= (a folder)')
    if api_key is not None and places["url"] is None:
        raise ConfigurationError(f"api_key goes with url=, not with {given[0]}=")


def connected(
    *, location: str | None, path: str | None, url: str | None, api_key: str | None, timeout_s: int
) -> QdrantClient:
    """A client of a server (`url`), or of local mode in memory (`location`) or in a folder (`path`).

    Raises:
        MissingExtraError: qdrant-client is not installed.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise missing_extra("qdrant", "qdrant-client") from error
    if url is not None:
        return QdrantClient(url=url, api_key=api_key, timeout=timeout_s, check_compatibility=False)
    # SQLite's own check of threads is off because the store lets one in at a time.
    return QdrantClient(location=location, path=path, force_disable_check_same_thread=True)


def no_quantization_here() -> ConfigurationError:
    """The error for quantization in local mode."""
    return ConfigurationError(
        "quantization needs a server: qdrant-client's local mode takes it without a word and ignores it; "
        'EdgeStore(..., quantization="turbo4") has it without a server'
    )


def is_local(client: QdrantClient) -> bool:
    """Whether it is qdrant-client's local mode, and no server."""
    return client.init_options.get("location") == ":memory:" or is_in_folder(client)


def is_in_folder(client: QdrantClient) -> bool:
    """Whether it is local mode with files, which one process at a time has open."""
    return client.init_options.get("path") is not None


def is_gone(error: Exception) -> bool:
    """Whether there is no collection of the name that was asked; a point that is missing is "not found" too."""
    from qdrant_client.http.exceptions import UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        return error.status_code == 404 and b"Collection" in error.content
    return isinstance(error, ValueError) and str(error).startswith("Collection ")  # local mode


def passes(error: Exception) -> bool:
    """Whether the server is away or overloaded, as opposed to refusing what it is asked."""
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        return error.status_code in (429, 502, 503, 504)
    return isinstance(error, ResponseHandlingException) and isinstance(error.source, httpx.TransportError)
