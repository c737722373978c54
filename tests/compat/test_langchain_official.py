"""With the compatible settings our requests and vectors are those of GoogleGenerativeAIEmbeddings 4.4.2.

Two things may differ, and `meant` takes them out: `prettyPrint`, which changes only the white space of the reply, and
the `role` that google-genai gives to a query but not to a document; embeddings have no speakers.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gemini_embed import ConfigurationError
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiEmbeddings
from langchain_google_genai import GoogleGenerativeAIEmbeddings
from pydantic import ValidationError

pytestmark = pytest.mark.compat

KEY = "key-for-compat-tests"
OLD, NEW = "gemini-embedding-001", "gemini-embedding-2"
Call = Callable[[Any], Any]

CALLS: dict[str, Call] = {
    "query": lambda model: model.embed_query("yeast"),
    "document": lambda model: model.embed_documents(["yeast"]),
    "size of the call": lambda model: model.embed_query("yeast", output_dimensionality=16),
}
CALLS_001: dict[str, Call] = {
    **CALLS,
    "titled document": lambda model: model.embed_documents(["yeast"], titles=["Bread"]),
    "task of the call": lambda model: model.embed_query("yeast", task_type="CLUSTERING"),
    "several documents": lambda model: model.embed_documents(["yeast", "flour", "salt"]),
    "more than a batch": lambda model: model.embed_documents([f"text {i}" for i in range(150)], batch_size=100),
}


def meant(emulator: Emulator, *ignored: str) -> list[str]:
    """Path and body of every request as text, in a fixed order, without what does not count."""
    sent = [[request.path, _without(request.json, {"role", *ignored})] for request in emulator.requests]
    emulator.requests.clear()
    return sorted(json.dumps(one, sort_keys=True) for one in sent)


def _without(value: Any, ignored: set[str]) -> Any:
    """JSON without the fields of those names, and without objects that are empty then."""
    if isinstance(value, dict):
        kept = {name: _without(one, ignored) for name, one in value.items() if name not in ignored}
        return {name: one for name, one in kept.items() if one != {}}
    return [_without(one, ignored) for one in value] if isinstance(value, list) else value


@pytest.fixture(params=["developer", "vertex"])
def where(request: pytest.FixtureRequest, emulator: Emulator, fake_credentials: Any) -> dict[str, Any]:
    """The arguments that say where to ask, the same for both classes."""
    if request.param == "developer":
        return {"google_api_key": KEY, "base_url": emulator.base_url}
    return {"project": "p", "location": "global", "credentials": fake_credentials, "base_url": emulator.base_url}


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS_001.items()])
def test_001_with_the_default_task(emulator: Emulator, where: Any, call: Call) -> None:
    official = call(GoogleGenerativeAIEmbeddings(model=OLD, output_dimensionality=768, **where))
    expected = meant(emulator)
    own = call(GeminiEmbeddings(model=OLD, output_dimensionality=768, normalize=False, **where))

    assert meant(emulator) == expected
    np.testing.assert_allclose(own, official, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
def test_2_with_the_task_raw(emulator: Emulator, where: Any, call: Call) -> None:
    """But for the `taskType` that gemini-embedding-2 ignores."""
    official = call(GoogleGenerativeAIEmbeddings(model=NEW, output_dimensionality=768, **where))
    assert any("taskType" in str(request.json) for request in emulator.requests)
    expected = meant(emulator, "taskType")
    own = call(GeminiEmbeddings(model=NEW, output_dimensionality=768, task="raw", **where))

    assert "taskType" not in str([request.json for request in emulator.requests])
    assert meant(emulator) == expected
    np.testing.assert_allclose(own, official, rtol=1e-6, atol=1e-7)


def test_2_several_documents(emulator: Emulator) -> None:
    """On the Developer API; on Vertex AI the official class fails."""
    where: dict[str, Any] = {"google_api_key": KEY, "base_url": emulator.base_url}
    official = GoogleGenerativeAIEmbeddings(model=NEW, **where).embed_documents(["yeast", "flour"])
    expected = meant(emulator, "taskType")
    own = GeminiEmbeddings(model=NEW, task="raw", **where).embed_documents(["yeast", "flour"])

    assert meant(emulator) == expected
    np.testing.assert_allclose(own, official, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", sorted(GoogleGenerativeAIEmbeddings.model_fields))
def test_every_official_argument_is_known(name: str) -> None:
    """Taken or refused by name, never unknown; so an object that none can take fails for another reason."""
    given: dict[str, Any] = {name: object()}
    with pytest.raises((ConfigurationError, ValidationError)) as caught:
        GeminiEmbeddings(**given)
    assert "unknown argument" not in str(caught.value)


@pytest.mark.parametrize("door", ["embed_documents", "aembed_documents", "embed_query", "aembed_query"])
def test_every_official_argument_of_a_call_is_taken(door: str) -> None:
    official = inspect.signature(getattr(GoogleGenerativeAIEmbeddings, door)).parameters
    assert set(official) <= set(inspect.signature(getattr(GeminiEmbeddings, door)).parameters)
