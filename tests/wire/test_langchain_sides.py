"""A task that names a side: a call's is honoured, a constructor's gives way to the method, and says so once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import ConfigurationError, GeminiEmbedWarning, InputError
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiEmbeddings

Make = Callable[..., GeminiEmbeddings]
OLD, NEW = "gemini-embedding-001", "gemini-embedding-2"
QUERY, DOCUMENT = "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"


def said(emulator: Emulator) -> list[str]:
    """What the last request told the model: the task type, or the text with its prefix."""
    requests = emulator.requests[-1].json["requests"]
    return [one.get("taskType") or one["content"]["parts"][0]["text"] for one in requests]


CALLS = [
    pytest.param(lambda m, t: m.embed_query("a", task_type=t), id="query"),
    pytest.param(lambda m, t: asyncio.run(m.aembed_query("a", task_type=t)), id="aquery"),
    pytest.param(lambda m, t: m.embed_documents(["a"], task_type=t), id="documents"),
    pytest.param(lambda m, t: asyncio.run(m.aembed_documents(["a"], task_type=t)), id="adocuments"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("task_type", [QUERY, DOCUMENT, "retrieval_document"])
def test_the_side_that_a_call_names_is_sent(
    call: Any, task_type: str, make_langchain: Make, emulator: Emulator
) -> None:
    call(make_langchain(model=OLD), task_type)
    assert said(emulator) == [task_type.upper()]


@pytest.mark.parametrize(
    ("task_type", "text"),
    [(QUERY, "task: search result | query: a"), (DOCUMENT, "title: none | text: a")],
)
def test_in_prefixes_too(task_type: str, text: str, make_langchain: Make, emulator: Emulator) -> None:
    model = make_langchain(model=NEW)
    model.embed_query("a", task_type=task_type)
    assert said(emulator) == [text]
    model.embed_documents(["a"], task_type=task_type)
    assert said(emulator) == [text]


def test_a_constructors_side_gives_way_to_the_method_and_says_so_once(make_langchain: Make, emulator: Emulator) -> None:
    model = make_langchain(model=OLD, task_type=DOCUMENT)
    model.embed_documents(["a"])
    with pytest.warns(GeminiEmbedWarning, match=f"task_type='{DOCUMENT}' .* embed_query sends {QUERY}") as warned:
        model.embed_query("a")
    model.embed_query("b")  # a second warning would be an error here
    assert said(emulator) == [QUERY]
    assert [warning.filename for warning in warned] == [__file__]
    with pytest.warns(GeminiEmbedWarning, match=f"embed_documents sends {DOCUMENT}"):
        make_langchain(model=OLD, task_type=QUERY).embed_documents(["a"])
    assert said(emulator) == [DOCUMENT]


def test_what_is_no_list_of_texts_and_titles_of_queries_are_refused(make_langchain: Make) -> None:
    model = make_langchain()
    with pytest.raises(InputError, match="pass a list of"):
        model.embed_documents("abc", task_type=QUERY)  # type: ignore[arg-type]  # not a list
    with pytest.raises(InputError):
        model.embed_documents([3], task_type=QUERY)  # type: ignore[list-item]  # not a text
    with pytest.raises(ConfigurationError, match="a query has no title"):
        model.embed_documents(["a"], task_type=QUERY, titles=["A"])
    with pytest.raises(ConfigurationError, match="a query has no title"):
        model.embed_query("a", title="A")  # type: ignore[arg-type]  # refused
    with pytest.raises(InputError, match="1 titles for 2 texts"):
        model.embed_documents(["a", "b"], titles=["A"])
