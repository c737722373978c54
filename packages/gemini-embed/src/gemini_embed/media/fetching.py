"""Media from http(s) URLs: public addresses only (unless allowed), redirects checked too, bounded in size and time."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

import httpx

from gemini_embed.errors import InputError, UnreadableReplyError
from gemini_embed.media.addresses import is_public
from gemini_embed.secret import shown_url
from gemini_embed.transport import Unpacking
from gemini_embed.transport.tls import default_context

MAX_REDIRECTS = 5
GZIP_OVERHEAD_BYTES = 2**16
"""By so much a gzip may be longer than what is in it; one that goes on and on without content ends here."""


@dataclass(frozen=True)
class FetchPolicy:
    """What may be fetched, and read from disk: with `root` only files inside that folder.

    `timeout_s` bounds the whole fetch, redirects included.
    """

    root: str | None = None
    allow_private_urls: bool = False
    max_bytes: int = 20 * 2**20
    timeout_s: float = 30.0


async def fetch(url: str, policy: FetchPolicy) -> bytes:
    """The bytes at `url`.

    Raises:
        InputError: a private or loopback address, not http(s), an error status, too large, too slow, unreachable. The
            message shows no user, password and query, which may be keys.
    """
    shown = shown_url(url)
    try:
        async with asyncio.timeout(policy.timeout_s), _transport() as transport:
            return await _follow(transport, url, policy)
    except TimeoutError as e:
        raise InputError(f"{shown} did not arrive within {policy.timeout_s:g} s") from e
    except httpx.HTTPError as e:
        raise InputError(f"cannot fetch {shown}: {str(e) or type(e).__name__}") from e
    except httpx.InvalidURL as e:
        raise InputError(f"cannot fetch {shown}: {e}") from e


def _transport() -> httpx.AsyncHTTPTransport:
    # No proxy from the environment: a proxy would look the name up again, and the address that was checked would not
    # be the one that is asked. And no client, which would log the whole URL, keep cookies and add credentials.
    return httpx.AsyncHTTPTransport(verify=default_context(), trust_env=False)


async def _follow(transport: httpx.AsyncHTTPTransport, url: str, policy: FetchPolicy) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        request = await _pinned_request(httpx.URL(url), policy)
        response = await transport.handle_async_request(request)
        try:
            if not response.has_redirect_location:
                return await _body(response, shown_url(url), policy)
            url = str(httpx.URL(url).join(response.headers["location"]))
        finally:
            await response.aclose()
    raise InputError(f"more than {MAX_REDIRECTS} redirects, the last one to {shown_url(url)}")


async def _pinned_request(url: httpx.URL, policy: FetchPolicy) -> httpx.Request:
    """A request to the very address that was checked, so that a second look-up cannot answer otherwise."""
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError(f"{shown_url(str(url))} is not an http(s) URL")
    address = await _checked_address(url, policy)
    headers = {"host": url.netloc.decode("ascii"), "user-agent": "gemini-embed", "accept-encoding": "identity"}
    extensions = {"sni_hostname": url.host, "timeout": httpx.Timeout(policy.timeout_s).as_dict()}
    return httpx.Request("GET", url.copy_with(host=address, userinfo=b""), headers=headers, extensions=extensions)


async def _checked_address(url: httpx.URL, policy: FetchPolicy) -> str:
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:
        raise InputError(f"cannot find the host of {shown_url(str(url))}: {e}") from e
    addresses = [str(entry[4][0]) for entry in found]
    if not policy.allow_private_urls and (private := next((a for a in addresses if not is_public(a)), None)):
        raise InputError(
            f"{shown_url(str(url))} leads to {private}, which is not a public address; "
            "allow_private_urls=True permits it"
        )
    return addresses[0]


async def _body(response: httpx.Response, shown: str, policy: FetchPolicy) -> bytes:
    if response.status_code != 200:
        raise InputError(f"{shown} answered {response.status_code} {response.reason_phrase}".rstrip())
    received = 0
    try:
        unpacking = Unpacking(response.headers.get("content-encoding", "").strip().lower(), policy.max_bytes)
        async for piece in response.aiter_raw():
            received += len(piece)
            if not unpacking.add(piece) or received > policy.max_bytes + GZIP_OVERHEAD_BYTES:
                raise InputError(f"{shown} is larger than max_media_bytes={policy.max_bytes}")
        return unpacking.whole()
    except UnreadableReplyError as e:
        raise InputError(f"cannot read what {shown} answered: {e}") from e
