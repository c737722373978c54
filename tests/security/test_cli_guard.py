"""Who may ask the servers of the command: names, origins and tokens, as a browser or a program sends them."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from gemini_embed import ConfigurationError
from gemini_embed_cli.serving.guard import Guard, is_loopback, new_token

TOKEN = "a-token-of-24-characters"


async def served(scope: Any, receive: Any, send: Any) -> None:
    """What is guarded: answers 200 to everything."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"served"})


def asked(guard: Guard, method: str = "GET", target: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
    """(status, headers, body) of a request; `_` stands for `-` in the names of headers."""
    path, _, query = target.partition("?")
    fields = [(name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": fields}
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("the guard reads no body")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    start, body = sent
    return start["status"], {key.decode(): value.decode() for key, value in start["headers"]}, body["body"].decode()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8000", 200, id="address"),
        pytest.param("localhost:8000", 200, id="name"),
        pytest.param("LOCALHOST", 200, id="any-case-no-port"),
        pytest.param("[::1]:8000", 200, id="ipv6"),
        pytest.param("evil.example", 421, id="rebound-name"),
        pytest.param("localhost.evil.example:8000", 421, id="begins-like-ours"),
        pytest.param("localhost@evil.example", 421, id="user-name"),
        pytest.param("evil.example/localhost", 421, id="path"),
        pytest.param("192.168.0.7:8000", 421, id="address-of-the-network"),
        pytest.param("[::1", 421, id="half-a-bracket"),
        pytest.param("localhost:port", 421, id="no-number"),
        pytest.param("", 421, id="empty"),
    ],
)
def test_only_its_own_names_are_answered_to(host: str, status: int) -> None:
    assert asked(Guard(served), host=host)[0] == status


def test_one_host_must_be_named() -> None:
    assert asked(Guard(served))[0] == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a-program"),
        pytest.param({"origin": "http://localhost:8000"}, 200, id="own-page"),
        pytest.param({"origin": "http://evil.example"}, 403, id="foreign"),
        pytest.param({"origin": "http://localhost:3000"}, 403, id="other-server-of-this-machine"),
        pytest.param({"origin": "http://127.0.0.1:8000"}, 403, id="other-name-of-it"),
        pytest.param({"origin": "null"}, 403, id="sandboxed"),
        pytest.param({"sec_fetch_site": "same-origin"}, 200, id="fetch-own"),
        pytest.param({"sec_fetch_site": "none"}, 200, id="address-bar"),
        pytest.param({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403, id="foreign-img"),
        pytest.param({"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"}, 403, id="other-port"),
        pytest.param(
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}, 200, id="link"
        ),
        pytest.param(
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}, 403, id="iframe"
        ),
    ],
)
def test_only_its_own_pages_may_ask(headers: dict[str, str], status: int) -> None:
    assert asked(Guard(served), host="localhost:8000", **headers)[0] == status


def test_a_form_of_another_site_is_no_link() -> None:
    headers = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert asked(Guard(served), "POST", host="localhost", **headers)[0] == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 401, id="none"),
        pytest.param({"authorization": f"Bearer {TOKEN}"}, 200, id="bearer"),
        pytest.param({"authorization": f"bearer {TOKEN}"}, 200, id="any-case"),
        pytest.param({"authorization": f"Bearer {TOKEN}x"}, 401, id="longer"),
        pytest.param({"authorization": "Bearer "}, 401, id="empty"),
        pytest.param({"authorization": TOKEN}, 401, id="no-scheme"),
        pytest.param({"authorization": "Bearer \xe9"}, 401, id="not-ascii"),
        pytest.param({"cookie": f"other=1; page={TOKEN}"}, 200, id="cookie"),
        pytest.param({"cookie": f"other={TOKEN}"}, 401, id="another-cookie"),
    ],
)
def test_the_token_is_needed(headers: dict[str, str], status: int) -> None:
    guard = Guard(served, bound="0.0.0.0", token=TOKEN, cookie="page")  # noqa: S104 - nothing listens here
    assert asked(guard, host="192.168.0.7:8000", **headers)[0] == status


def test_the_link_with_the_token_sets_a_cookie_and_forgets_itself() -> None:
    guard = Guard(served, bound="127.0.0.1", token=TOKEN, cookie="page")
    status, headers, _ = asked(guard, target=f"/?token={TOKEN}", host="127.0.0.1")
    assert (status, headers["location"]) == (303, "/")
    assert headers["set-cookie"] == f"page={TOKEN}; Path=/; HttpOnly; SameSite=Lax"
    assert asked(guard, target="/?token=wrong", host="127.0.0.1")[0] == 401
    assert asked(guard, target=f"/?token={TOKEN}", host="evil.example")[0] == 421
    assert asked(Guard(served, token=TOKEN), target=f"/?token={TOKEN}", host="localhost")[0] == 401, "programs alone"


def test_refusals_say_what_to_do_and_not_the_token() -> None:
    for headers in ({"host": "evil.example"}, {"host": "localhost"}, {"host": "localhost", "origin": "null"}):
        status, _, words = asked(Guard(served, token=TOKEN), **headers)
        assert status >= 400
        assert words.endswith(".")
        assert TOKEN not in words


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens here
        ("::", False),
        ("example.org", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


def test_beyond_this_machine_a_token_must_be_set() -> None:
    with pytest.raises(ConfigurationError, match="set a token"):
        Guard(served, bound="192.168.0.7")
    with pytest.raises(ConfigurationError, match="16 or more"):
        Guard(served, token="short")
    assert len(new_token()) >= 32
    assert new_token() != new_token()


def test_websockets_are_closed() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Guard(served)({"type": "websocket"}, send, send))  # type: ignore[arg-type] # nothing is received
    assert sent == [{"type": "websocket.close", "code": 1008}]
