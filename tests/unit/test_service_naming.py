"""Which service vectors are of: found out from the address, asked where that does not tell, or told by the user."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import Answer, CaptureServer
from gemini_embed import ConfigurationError, Embedder
from gemini_embed.service import ServiceName
from gemini_embed_emulator import Emulator

Serve = Callable[..., CaptureServer]
FREE_PORT = "http://127.0.0.1:9"
"""Nobody listens there."""


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        pytest.param("https://generativelanguage.googleapis.com", "google", id="developer"),
        pytest.param("https://europe-west1-aiplatform.googleapis.com", "google", id="vertex"),
        pytest.param("https://aiplatform.eu.rep.googleapis.com", "google", id="vertex-eu"),
        pytest.param("https://googleapis.com.example", "googleapis.com.example", id="looks-like-google"),
        pytest.param("https://Proxy.example:8443/gemini/", "proxy.example:8443/gemini", id="proxy"),
        pytest.param("http://127.0.0.1:9", "emulator", id="nobody-here"),
        pytest.param("http://[::1]:9", "emulator", id="nobody-here-either"),
    ],
)
def test_what_an_address_tells(base_url: str, name: str) -> None:
    assert ServiceName(base_url).get() == name


def test_every_emulator_has_one_name(emulator: Emulator) -> None:
    """It is asked once, and neither its log nor its faults take notice."""
    with Emulator() as other:
        assert [ServiceName(one.base_url).get() for one in (emulator, other)] == ["emulator", "emulator"]
        assert len(other.requests) == 0


def test_another_server_on_this_machine_is_none(make_server: Serve) -> None:
    server = make_server(lambda request: Answer(b"", 404))
    name = ServiceName(server.base_url)
    assert name.get() == name.get() == server.base_url.removeprefix("http://")
    (request,) = server.requests
    assert request.method == "GET"
    assert not {"x-goog-api-key", "authorization"} & set(request.headers)


def test_an_emulator_that_starts_later(make_server: Serve) -> None:
    """Where nobody answers nothing is settled."""
    server = make_server(lambda request: Answer(b"", 404))
    base_url = server.base_url
    name = ServiceName(base_url)
    server.stop()
    assert name.get() == "emulator"
    make_server(lambda request: Answer(b"", 404), port=server.server_address[1])
    assert name.get() == base_url.removeprefix("http://")


@pytest.mark.parametrize("told", ["google", "emulator", "our gateway"])
def test_what_the_user_says_holds(told: str, make_server: Serve) -> None:
    server = make_server(lambda request: Answer(b"", 404))
    embedder = Embedder(api_key="k", base_url=server.base_url, service=told)
    assert (embedder.fingerprint.service or "google") == told
    assert not server.requests


@pytest.mark.parametrize("told", ["", " ", " google", 3, "a\nb"])
def test_what_is_no_name(told: Any) -> None:
    with pytest.raises(ConfigurationError, match="service="):
        Embedder(api_key="k", service=told)


def test_a_pickle_asks_again(emulator: Emulator) -> None:
    """Where it is unpickled the address may be another's."""
    name = ServiceName(emulator.base_url)
    assert name.get() == "emulator"
    emulator.stop()
    assert "emulator" not in repr(pickle.loads(pickle.dumps(name)).__dict__)  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(ServiceName(FREE_PORT, "x"))).get() == "x"  # noqa: S301 - our own
