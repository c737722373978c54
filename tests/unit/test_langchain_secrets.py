"""The key is in no repr, dump, copy's repr, error or pickle; and an object without it still works."""

from __future__ import annotations

import copy
import pickle
import ssl
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed_emulator import Emulator
from langchain_core.load import dumpd, dumps
from langchain_core.runnables import RunnableLambda
from langchain_gemini_embed import GeminiEmbeddings

SECRET = "Sesame-7f3a"


def shown() -> list[Any]:
    ways: dict[str, Callable[[GeminiEmbeddings], object]] = {
        "repr": repr,
        "str": str,
        "repr of the embedder": lambda model: repr(model.embedder),
        "model_dump": lambda model: model.model_dump(),
        "model_dump_json": lambda model: model.model_dump_json(),
        "dumps": dumps,
        "dumpd": dumpd,
        "dumps of a chain": lambda model: dumps(RunnableLambda(model.embed_query)),
        "pickle": pickle.dumps,
        "vars of a pickle": lambda model: vars(pickle.loads(pickle.dumps(model))),  # noqa: S301 - our own
    }
    return [pytest.param(way, id=name) for name, way in ways.items()]


@pytest.mark.parametrize("way", shown())
def test_the_key_is_not_shown(way: Callable[[GeminiEmbeddings], object]) -> None:
    assert SECRET not in str(way(GeminiEmbeddings(api_key=SECRET)))


def test_headers_and_proxies_are_not_shown() -> None:
    model = GeminiEmbeddings(
        api_key="k", additional_headers={"authorization": SECRET}, client_args={"proxy": f"http://u:{SECRET}@p:1"}
    )
    assert SECRET not in repr(model) + str(model.model_dump()) + dumps(model) + repr(model.embedder)


def test_a_pickle_finds_the_key_in_the_environment(
    emulator: Emulator, make_langchain: Callable[..., GeminiEmbeddings], monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(make_langchain(api_key=SECRET, dimensions=768))
    monkeypatch.setenv("GEMINI_API_KEY", "key-of-the-worker")

    again: GeminiEmbeddings = pickle.loads(pickled)  # noqa: S301 - our own
    with again.embedder:
        assert len(again.embed_query("yeast")) == 768
    assert emulator.requests[-1].headers["x-goog-api-key"] == "key-of-the-worker"


@pytest.mark.parametrize(
    "duplicate",
    [
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda model: model.model_copy(), id="model_copy"),
    ],
)
def test_a_copy_keeps_the_key(
    emulator: Emulator,
    make_langchain: Callable[..., GeminiEmbeddings],
    duplicate: Callable[[GeminiEmbeddings], GeminiEmbeddings],
) -> None:
    context = ssl.create_default_context()  # cannot be copied, so nothing may try to
    with duplicate(make_langchain(api_key=SECRET, client_args={"verify": context})).embedder as embedder:
        embedder.embed_query("yeast")
    assert emulator.requests[-1].headers["x-goog-api-key"] == SECRET


def test_importing_brings_in_nothing_heavy() -> None:
    """Not the SDK, no store, no imaging; and LangChain's retrievers only with ours."""
    heavy = ["google.genai", "qdrant_client", "qdrant_edge", "pymilvus", "PIL", "langchain_core.retrievers"]
    code = f"import langchain_gemini_embed, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our code
    assert done.stdout.strip() == "[]"
