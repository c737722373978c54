"""The tables of docs/coming-from-llama-index.md are true of the official package's own signatures, and of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import gemini_embed
import pytest
from fix_docs import ROOT, names_in, tables_under
from fix_official import EXCEPTIONS, raised_where
from gemini_embed import ConfigurationError, GeminiEmbedWarning
from gemini_embed_emulator import Emulator
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.embeddings.google_genai import GoogleGenAIEmbedding

pytestmark = pytest.mark.compat

PAGE = ROOT / "docs/coming-from-llama-index.md"


def test_the_arguments_are_in_the_same_places() -> None:
    """Row by row: the page, the official class and ours."""
    rows = tables_under(PAGE, "Arguments of the constructor")[0]
    official = [*inspect.signature(GoogleGenAIEmbedding.__init__).parameters][1:-1]  # but self and **kwargs
    own = [*inspect.signature(GeminiEmbedding.__init__).parameters][1:]
    assert [names_in(row[0])[0] for row in rows] == official
    assert [names_in(row[1])[0] for row in rows] == own[: len(official)]


@pytest.mark.parametrize("row", tables_under(PAGE, "Arguments of the constructor")[1], ids=lambda row: row[0])
def test_what_programs_pass_is_taken_or_answered(row: list[str]) -> None:
    (name,), (ours,) = map(names_in, row)
    given: dict[str, Any] = {name: "CLUSTERING" if name == "task_type" else "gemini-embedding-001"}
    if name == "model":
        with pytest.warns(GeminiEmbedWarning, match="model_name="):
            assert GeminiEmbedding(api_key="k", **given).model_name == "gemini-embedding-001"
    elif name == "task_type":
        assert GeminiEmbedding(api_key="k", **given).task == "clustering"
    else:
        with pytest.raises(ConfigurationError, match=f"did you mean {ours}="):
            GeminiEmbedding(api_key="k", **given)


def test_the_hooks() -> None:
    (rows,) = tables_under(PAGE, "Hooks of subclasses")
    hooks = ("_get_", "_aget_", "_embed_", "_aembed_")
    defined = {name for name in vars(GoogleGenAIEmbedding) if name.startswith(hooks)}
    assert {names_in(row[0])[0] for row in rows} == defined
    for official, ours in rows:
        theirs, own = getattr(GoogleGenAIEmbedding, names_in(official)[0]), getattr(GeminiEmbedding, names_in(ours)[0])
        assert [*inspect.signature(own).parameters] == [*inspect.signature(theirs).parameters]


def test_the_exceptions(official_llama_index: Callable[..., Any], emulator: Emulator) -> None:
    """What goes wrong raises what the row says: in its first column there, in its second here."""
    (rows,) = tables_under(PAGE, "Exceptions")
    assert sorted(names_in(row[0])[0] for row in rows) == sorted(EXCEPTIONS)

    def own(model: str, key: str | None, url: str) -> object:
        return GeminiEmbedding(model, key, dimensions=8, base_url=url, retries=1).get_text_embedding("x")

    def official(model: str, key: str | None, url: str) -> object:
        http_options = {"base_url": url, "api_version": "v1beta"}
        made = official_llama_index(model_name=model, api_key=key, http_options=http_options, retries=1)
        return made.get_text_embedding("x")

    for cell, ours, _ in rows:
        (name,) = names_in(cell)
        assert isinstance(raised_where(name, own, emulator), getattr(gemini_embed, names_in(ours)[0])), name
        theirs = raised_where(name, official, emulator)
        assert name in {cls.__name__ for cls in type(theirs).__mro__}
