"""The tables of docs/coming-from-langchain.md are true of langchain-google-genai's own signatures, and of ours."""

from __future__ import annotations

import inspect
from typing import Any

import gemini_embed
import google.genai.errors
import httpx
import langchain_google_genai._common as official_common
import pytest
from fix_docs import ROOT, names_in, tables_under
from gemini_embed import ConfigurationError
from langchain_gemini_embed import GeminiEmbeddings
from langchain_gemini_embed.options import Options
from langchain_google_genai import GoogleGenerativeAIEmbeddings

pytestmark = pytest.mark.compat

PAGE = ROOT / "docs/coming-from-langchain.md"
DOORS = ("embed_documents", "aembed_documents", "embed_query", "aembed_query")


def test_the_arguments_of_the_constructor() -> None:
    (rows,) = tables_under(PAGE, "Arguments of the constructor")
    assert sorted(names_in(row[0])[0] for row in rows) == sorted(GoogleGenerativeAIEmbeddings.model_fields)
    for official, ours, _ in rows:
        for name in names_in(ours):
            assert name in Options.__annotations__, official
        if not names_in(ours):
            given: dict[str, Any] = {names_in(official)[0]: object()}
            with pytest.raises(ConfigurationError, match="cannot be honoured"):
                GeminiEmbeddings(api_key="k", **given)


def test_the_arguments_of_the_calls() -> None:
    (rows,) = tables_under(PAGE, "Arguments of the calls")
    for cls, column in ((GoogleGenerativeAIEmbeddings, 0), (GeminiEmbeddings, 1)):
        taken = {name for door in DOORS for name in inspect.signature(getattr(cls, door)).parameters} - {"self"}
        assert {name for row in rows for name in names_in(row[column])} == taken


def test_the_exceptions() -> None:
    """Both names are there, and what is raised for a `ValueError` is one."""
    (rows,) = tables_under(PAGE, "Exceptions")
    places: tuple[Any, ...] = (official_common, google.genai.errors, httpx, __builtins__)
    for official, ours, _ in rows:
        (name,) = names_in(official)
        assert any(hasattr(place, name) or (isinstance(place, dict) and name in place) for place in places), name
        assert issubclass(getattr(gemini_embed, names_in(ours)[0]), gemini_embed.GeminiEmbedError)
    assert issubclass(ConfigurationError, ValueError)


def test_the_official_fields_of_an_error_are_there() -> None:
    error = gemini_embed.ApiError(429, "RESOURCE_EXHAUSTED", "slow")
    theirs = google.genai.errors.ClientError(429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}})
    for name in ("code", "status", "message", "details"):
        assert hasattr(error, name)
        assert hasattr(theirs, name)
    assert str(error).startswith("429 RESOURCE_EXHAUSTED")
    assert str(theirs).startswith("429 RESOURCE_EXHAUSTED")
