"""The official classes, and what can go wrong for them and ours alike: for tests in the second environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fix_emulator import KEY
from gemini_embed_emulator import Emulator, Fault

NOBODY = "http://127.0.0.1:1"
"""An address at which nobody listens."""
OLD, NEW = "gemini-embedding-001", "gemini-embedding-2"

Embed = Callable[[str, str | None, str], object]
"""Makes a class by model, key and address, without retries, and embeds a text."""

EXCEPTIONS: dict[str, Callable[[Embed, Emulator], object]] = {
    "ValueError": lambda embed, emulator: embed(OLD, None, emulator.base_url),
    "APIError": lambda embed, emulator: embed(OLD, "invalid", emulator.base_url),
    "ClientError": lambda embed, emulator: embed("no-such-model", KEY, emulator.base_url),
    "ServerError": lambda embed, emulator: embed(OLD, KEY, _failing(emulator)),
    "ConnectError": lambda embed, emulator: embed(OLD, KEY, NOBODY),
}
"""What the official packages raise, or what they are made of, and when."""


def _failing(emulator: Emulator) -> str:
    """Its address, at which the next call fails."""
    emulator.faults.push(Fault.status(500))
    return emulator.base_url


def raised_where(official: str, embed: Embed, emulator: Emulator) -> Exception:
    """What `embed` raises where the official packages raise the exception of that name."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what the caller asks
        EXCEPTIONS[official](embed, emulator)
    return raised.value


def told_in(emulator: Emulator) -> set[str]:
    """The texts and task types of the last request."""
    (one,) = emulator.requests[-1].json["requests"]
    return {one.get("taskType"), *(part["text"] for part in one["content"]["parts"])} - {None}


@pytest.fixture
def official_langchain(emulator: Emulator) -> Iterator[Callable[..., Any]]:
    """Makes `GoogleGenerativeAIEmbeddings` on the emulator."""
    from langchain_google_genai import GoogleGenerativeAIEmbeddings

    made: list[Any] = []

    def make(**given: Any) -> Any:
        defaults = {"model": OLD, "google_api_key": KEY, "base_url": emulator.base_url}
        made.append(GoogleGenerativeAIEmbeddings(**(defaults | given)))
        return made[-1]

    yield make
    for embeddings in made:
        embeddings.client.close()


@pytest.fixture
def official_llama_index(emulator: Emulator) -> Iterator[Callable[..., Any]]:
    """Makes `GoogleGenAIEmbedding` on the emulator."""
    from llama_index.embeddings.google_genai import GoogleGenAIEmbedding

    made: list[Any] = []

    def make(**given: Any) -> Any:
        http_options = {"base_url": emulator.base_url, "api_version": "v1beta"}
        made.append(GoogleGenAIEmbedding(**({"model_name": OLD, "api_key": KEY, "http_options": http_options} | given)))
        return made[-1]

    yield make
    for model in made:
        model._client.close()
