"""The tables of docs/coming-from-langchain.md are true of langchain-google-genai's own class, and of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import gemini_embed
import pytest
from fix_docs import ROOT, names_in, tables_under
from fix_emulator import KEY
from fix_official import EXCEPTIONS, raised_where
from gemini_embed import ApiError, ConfigurationError, GeminiEmbedError, RetryPolicy
from gemini_embed_emulator import Emulator, Fault
from langchain_gemini_embed import GeminiEmbeddings
from langchain_gemini_embed.options import SYNONYMS, Options
from langchain_google_genai import GoogleGenerativeAIEmbeddings
from langchain_google_genai._common import GoogleGenerativeAIError

pytestmark = pytest.mark.compat

PAGE = ROOT / "docs/coming-from-langchain.md"
DOORS = ("embed_documents", "aembed_documents", "embed_query", "aembed_query")
Make = Callable[..., Any]


def test_the_arguments_of_the_constructor() -> None:
    """Each is there under its own name and the core's, or is refused by name."""
    (rows,) = tables_under(PAGE, "Arguments of the constructor")
    assert sorted(names_in(row[0])[0] for row in rows) == sorted(GoogleGenerativeAIEmbeddings.model_fields)
    for cell, ours, _ in rows:
        (official,) = names_in(cell)
        if not names_in(ours):
            given: dict[str, Any] = {official: object()}
            with pytest.raises(ConfigurationError, match="cannot be honoured"):
                GeminiEmbeddings(api_key="k", **given)
            continue
        assert set(names_in(ours)) <= set(Options.__annotations__)
        assert {SYNONYMS.get(name, name) for name in names_in(ours)} == {official}


def test_the_arguments_of_the_calls() -> None:
    (rows,) = tables_under(PAGE, "Arguments of the calls")
    assert [row[0] for row in rows] == [row[1] for row in rows]
    for cls in (GoogleGenerativeAIEmbeddings, GeminiEmbeddings):
        taken = {name for door in DOORS for name in inspect.signature(getattr(cls, door)).parameters} - {"self"}
        assert {name for row in rows for name in names_in(row[0])} == taken


def test_the_exceptions(official_langchain: Make, emulator: Emulator) -> None:
    """What goes wrong raises what the row says, here; there it is the one that wraps it."""
    (rows,) = tables_under(PAGE, "Exceptions")
    named = {names_in(official)[0]: names_in(ours)[0] for official, ours, _ in rows}
    assert named.pop(GoogleGenerativeAIError.__name__) == GeminiEmbedError.__name__
    assert sorted(named) == sorted(EXCEPTIONS)

    def own(model: str, key: str | None, url: str) -> object:
        given: dict[str, Any] = {"model": model, "google_api_key": key, "base_url": url}
        return GeminiEmbeddings(**given, dimensions=8, retry=RetryPolicy(max_attempts=1)).embed_query("x")

    def official(model: str, key: str | None, url: str) -> object:
        return official_langchain(model=model, google_api_key=key, base_url=url).embed_query("x")

    for name, ours in named.items():
        error = raised_where(name, own, emulator)
        assert isinstance(error, getattr(gemini_embed, ours)), name
        wrapped = raised_where(name, official, emulator)
        if name == "ValueError":
            assert isinstance(wrapped, ValueError)
            assert isinstance(error, ValueError)
        else:
            assert isinstance(wrapped, GoogleGenerativeAIError), name
            assert name in {cls.__name__ for cls in type(wrapped.__cause__).__mro__}


def test_an_error_has_the_official_words_and_attributes(official_langchain: Make, emulator: Emulator) -> None:
    emulator.faults.push(Fault.rate_limited(), Fault.rate_limited())
    with pytest.raises(GoogleGenerativeAIError, match="429 RESOURCE_EXHAUSTED") as wrapped:
        official_langchain().embed_query("x")
    with pytest.raises(ApiError, match=r"^429 RESOURCE_EXHAUSTED") as own:
        GeminiEmbeddings(api_key=KEY, base_url=emulator.base_url, retry={"max_attempts": 1}).embed_query("x")
    official: Any = wrapped.value.__cause__
    assert (own.value.code, own.value.status, own.value.message) == (official.code, official.status, official.message)
    assert own.value.details == official.details["error"]["details"]
