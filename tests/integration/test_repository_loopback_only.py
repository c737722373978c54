"""The tests themselves cannot reach further than this machine, from whatever thread."""

from __future__ import annotations

import socket
import traceback

import pytest
from gemini_embed import Embedder, RetryPolicy
from pytest_socket import SocketConnectBlockedError

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")  # it warns when it raises

NOBODY = "192.0.2.1"  # of a network that exists in documentation only


def test_the_main_thread_is_held_back() -> None:
    with socket.socket() as connection, pytest.raises(SocketConnectBlockedError):
        connection.connect((NOBODY, 80))


def test_the_engine_is_held_back() -> None:
    """Its loop runs in a thread of its own."""
    embedder = Embedder(api_key="k", base_url=f"http://{NOBODY}", retry=RetryPolicy(max_attempts=1), timeout_s=5)

    with embedder, pytest.raises(Exception) as caught:  # noqa: PT011 - whichever error wraps it
        embedder.embed_query("out")

    assert "SocketConnectBlockedError" in "".join(traceback.format_exception(caught.value))
