"""The options of `Embedder` are said once: what stands in front of it has them all, and no others."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from gemini_embed import Embedder
from gemini_embed.adapters import EmbedderOptions, suggestion
from langchain_gemini_embed import GeminiEmbeddings
from langchain_gemini_embed.options import SYNONYMS
from llama_index.embeddings.gemini_embed import GeminiEmbedding

IN_THE_FRAMEWORKS_WORDS = {"model", "api_key", "batch_size"}
NOT_KEPT_IN_DUMPS = {"credentials", "headers", "proxy", "verify"}
"""They may hold secrets, so LlamaIndex's `to_dict` must not find them as fields."""
OF_LANGCHAIN = {"model", "google_api_key", "batch_size", "client_args", "request_options"}


def test_the_options_are_those_of_the_signature() -> None:
    """By name, order aside, and by type: each may be None as well."""
    signature = inspect.signature(Embedder.__init__).parameters
    wanted = {name: one.annotation for name, one in signature.items() if name != "self"}
    said = {name: one.__forward_arg__ for name, one in EmbedderOptions.__annotations__.items()}
    assert set(said) == set(wanted) - IN_THE_FRAMEWORKS_WORDS
    for name, annotation in said.items():
        plain = wanted[name].removesuffix(" | None")
        assert annotation.removesuffix(" | None") == ("str" if plain == "Task" else plain), name


def test_langchain_has_a_field_for_each() -> None:
    fields = {SYNONYMS.get(name, name) for name in EmbedderOptions.__annotations__}
    assert set(GeminiEmbeddings.model_fields) == fields | OF_LANGCHAIN


def test_llama_index_has_a_field_for_each_that_is_no_secret() -> None:
    fields = set(EmbedderOptions.__annotations__) & set(GeminiEmbedding.model_fields)
    assert fields == set(EmbedderOptions.__annotations__) - NOT_KEPT_IN_DUMPS


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        pytest.param("dimension", ": did you mean dimensions=?", id="misspelt"),
        pytest.param("zzz", ": the arguments are dimensions, task", id="unknown"),
    ],
)
def test_what_is_said_of_an_unknown_argument(argument: str, said: str) -> None:
    assert suggestion(argument, ["task", "dimensions"]) == said


@pytest.mark.parametrize("kind", [GeminiEmbeddings, GeminiEmbedding])
@pytest.mark.parametrize("option", sorted(EmbedderOptions.__annotations__))
def test_none_stands_for_the_default(option: str, kind: Any) -> None:
    plain, told = kind(api_key="made-up"), kind(api_key="made-up", **{option: None})
    field = SYNONYMS.get(option, option) if kind is GeminiEmbeddings else option
    assert getattr(told, field, None) == getattr(plain, field, None)
    assert repr(told.embedder) == repr(plain.embedder)


def test_an_empty_task_says_nothing() -> None:
    """As an empty variable of the environment does."""
    assert GeminiEmbeddings(api_key="made-up", task_type="").embedder.task == "search"
