"""The MCP server over streamable HTTP: the SDK's client, and requests that no client of ours would send."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest
from fix_mcp import OverHttp

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


async def test_with_the_token(mcp_over_http: OverHttp) -> None:
    async with mcp_over_http.connected() as ask:
        told = await ask("search", query="The pump is in the cellar.", k=1)
        assert told.json["results"][0]["link"] == "manual.pdf#page=2"
        assert "cellar" in (await ask("fetch", id="manual.pdf#page=2")).words


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"authorization": ""}, 401, id="no-token"),
        pytest.param({"authorization": "Bearer guessed-by-somebody"}, 401, id="another-token"),
        pytest.param({"authorization": "Basic TOKEN"}, 401, id="another-scheme"),
        pytest.param({"host": "rebound.example"}, 421, id="foreign-host"),
        pytest.param({"host": "127.0.0.1.nip.example:80"}, 421, id="look-alike-host"),
        pytest.param({"origin": "https://elsewhere.example"}, 403, id="foreign-origin"),
        pytest.param({"origin": "null"}, 403, id="page-without-origin"),
        pytest.param({"origin": "http://127.0.0.1:1"}, 403, id="another-port"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another-site"),
        pytest.param({"content-type": "text/plain"}, 400, id="as-a-form-may-send"),
    ],
)
async def test_refused(mcp_over_http: OverHttp, headers: dict[str, str], status: int) -> None:
    """Before anything of the request is read."""
    given = {"authorization": f"Bearer {mcp_over_http.token}", **ACCEPT}
    given |= {name: value.replace("TOKEN", mcp_over_http.token) for name, value in headers.items()}
    async with httpx.AsyncClient() as client:
        assert (await client.post(mcp_over_http.url, json=LIST, headers=given)).status_code == status


async def test_an_oversized_request(mcp_over_http: OverHttp) -> None:
    """Told to be large, or found to be so."""
    given = {"authorization": f"Bearer {mcp_over_http.token}", **ACCEPT}

    async def pieces() -> object:
        for _ in range(6):
            yield b" " * 2**20

    async with httpx.AsyncClient() as client:
        told = await client.post(mcp_over_http.url, content=b" " * (5 * 2**20), headers=given)
        found = await client.post(mcp_over_http.url, content=pieces(), headers=given)  # type: ignore[arg-type] # async
    assert (told.status_code, found.status_code) == (413, 413)


async def test_clients_that_go_away(mcp_over_http: OverHttp) -> None:
    """In the middle of a request, and before its answer; the next is served."""
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "x"}},
    }
    body = json.dumps(call).encode()
    head = (
        f"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{mcp_over_http.port}\r\nauthorization: Bearer {mcp_over_http.token}\r\n"
        f"accept: {ACCEPT['accept']}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()
    for sent in (head[:40], head, head + body[:10], head + body):
        with socket.create_connection(("127.0.0.1", mcp_over_http.port)) as connection:
            connection.sendall(sent)
    async with mcp_over_http.connected() as ask:
        assert not (await ask("search", query="pump")).is_error


async def test_many_clients_at_once(mcp_over_http: OverHttp) -> None:
    """Each gets its own answer."""

    async def one(number: int) -> str:
        async with mcp_over_http.connected() as ask:
            told = await ask("fetch", id=f"notes.md#L{number}", media=False)
            return told.words.splitlines()[1]

    found = await asyncio.gather(*(one(number) for number in range(1, 11)))
    assert found == [f"Line {number}: the pump room is behind door {number}." for number in range(1, 11)]
