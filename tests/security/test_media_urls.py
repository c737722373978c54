"""Media from URLs: what the caller signed is not shown, and a name that changes its address helps nobody."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import Answer, CaptureServer, Received
from gemini_embed import Content, Embedder, Image, InputError

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
SIGNED = "://user:hidden1@{}/a.png?X-Signature=hidden2#hidden3"

Serve = Callable[..., CaptureServer]


def fetch(url: str, capture: CaptureServer, **options: Any) -> None:
    with Embedder(api_key="k", base_url=capture.base_url, verify=False, **options) as embedder:
        embedder.embed([Content("a text"), Image(url)])


PRIVATE: dict[str, Any] = {"allow_private_urls": True}
FAILURES = [
    pytest.param(Answer(PNG), {}, "not a public address", id="private"),
    pytest.param(Answer(b"", 403), PRIVATE, "answered 403", id="refused"),
    pytest.param(Answer(b""), PRIVATE, "is empty", id="empty"),
    pytest.param(Answer(b"%PDF-1.7"), PRIVATE, "not an image", id="no-image"),
    pytest.param(Answer(PNG * 9), {**PRIVATE, "max_media_bytes": 99}, "larger than", id="large"),
    pytest.param(Answer(PNG, sent_bytes=9), PRIVATE, "cannot fetch", id="broken-off"),
    pytest.param(Answer(PNG, wait_s=9), {**PRIVATE, "timeout_s": 0.3}, "did not arrive|cannot fetch", id="slow"),
    pytest.param(Answer(b"", 302, {"location": "https" + SIGNED.format("127.0.0.1:1")}), PRIVATE, "cannot fetch",
                 id="redirected"),
    pytest.param(Answer(b"", 302, {"location": "ftp" + SIGNED.format("h")}), PRIVATE, "not an http", id="to-ftp"),
    pytest.param(Answer(b"", 302, {"location": "?hidden4"}), PRIVATE, "more than 5 redirects", id="in-circles"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "options", "message"), FAILURES)
def test_a_signed_url_is_not_shown(
    answer: Answer,
    options: dict[str, Any],
    message: str,
    make_server: Serve,
    capture: CaptureServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = make_server(lambda request: answer)
    host = f"127.0.0.1:{server.server_address[1]}"
    with pytest.raises(InputError, match=f"^input 1: .*({message})") as caught:
        fetch("http" + SIGNED.format(host), capture, **options)
    shown = [str(caught.value), repr(caught.value), repr(Image("http" + SIGNED.format(host))), caplog.text]
    assert not [text for text in shown if "hidden" in text]
    assert "/a.png?..." in str(caught.value)


def test_a_signed_url_is_sent_whole(make_server: Serve, capture: CaptureServer, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    server = make_server(lambda request: Answer(PNG))
    fetch("http" + SIGNED.format(f"127.0.0.1:{server.server_address[1]}"), capture, **PRIVATE)
    (request,) = server.requests
    assert request.query == {"X-Signature": "hidden2"}
    assert "authorization" not in request.headers
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("url", ["https://user:hidden@", "ftp://user:hidden@h/a.png", "file://hidden/a"])
def test_what_is_no_url_is_not_shown_whole(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Image(url)
    assert "user:hidden" not in str(caught.value)


def test_a_name_that_changes_its_address(
    make_server: Serve, capture: CaptureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is checked, this machine when it is asked. It is looked up once, and pinned."""
    inside = make_server(lambda request: Answer(PNG))
    looked_up: list[str] = []
    genuine = asyncio.base_events.BaseEventLoop.getaddrinfo

    async def rebinding(loop: Any, host: Any, port: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return await genuine(loop, host, port, **options)
        looked_up.append(host)
        address = "::1" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", rebinding)
    monkeypatch.setattr("gemini_embed.media.fetching.is_public", lambda address: address == "::1")
    with pytest.raises(InputError):  # nobody listens at ::1
        fetch(f"http://rebinding.example:{inside.server_address[1]}/a.png", capture, timeout_s=1)
    assert looked_up == ["rebinding.example"]
    assert not inside.requests


def test_one_private_address_among_public_ones_is_enough(
    capture: CaptureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = asyncio.base_events.BaseEventLoop.getaddrinfo

    async def mixed(loop: Any, host: Any, port: Any, **options: Any) -> Any:
        if host != "mixed.example":
            return await genuine(loop, host, port, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", mixed)
    with pytest.raises(InputError, match=r"http://mixed.example/a.png leads to 10\.0\.0\.1"):
        fetch("http://mixed.example/a.png", capture)


def test_the_host_header_is_the_name(make_server: Serve, capture: CaptureServer) -> None:
    def respond(request: Received) -> Answer:
        return Answer(PNG)

    server = make_server(respond)
    port = server.server_address[1]
    fetch(f"http://localhost:{port}/a.png", capture, **PRIVATE)
    assert server.requests[0].headers["host"] == f"localhost:{port}"
