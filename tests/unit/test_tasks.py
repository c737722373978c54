"""The task vocabulary: every name, in any case, and both official forms."""

from enum import Enum

import pytest
from gemini_embed import ConfigurationError
from gemini_embed.tasks import TASKS, is_symmetric, parse_task, task_type, uses_titles, with_prefix


class SdkTask(Enum):
    """As google-genai's enums are."""

    QUERY = "RETRIEVAL_QUERY"


NAMES = [
    *(pytest.param(task, task, id=f"ours-{task}") for task in TASKS),
    pytest.param("RETRIEVAL_QUERY", "search", id="side-query"),
    pytest.param("RETRIEVAL_DOCUMENT", "search", id="side-document"),
    pytest.param("QUESTION_ANSWERING", "question_answering", id="qa"),
    pytest.param("FACT_VERIFICATION", "fact_checking", id="facts"),
    pytest.param("CODE_RETRIEVAL_QUERY", "code_retrieval", id="code"),
    pytest.param("CLASSIFICATION", "classification", id="classification"),
    pytest.param("CLUSTERING", "clustering", id="clustering"),
    pytest.param("SEMANTIC_SIMILARITY", "similarity", id="similarity"),
    pytest.param("TASK_TYPE_UNSPECIFIED", "raw", id="unspecified"),
    pytest.param("task_type_unspecified", "raw", id="lower-case"),
    pytest.param("Retrieval_Query", "search", id="mixed-case"),
    pytest.param(" search ", "search", id="spaces-around"),
    pytest.param(SdkTask.QUERY, "search", id="an-enum"),
]


@pytest.mark.parametrize(("name", "task"), NAMES)
def test_names(name: str, task: str) -> None:
    assert parse_task(name) == task


@pytest.mark.parametrize("name", ["", "searches", "RETRIEVAL", "none", 5])
def test_unknown_names_are_refused_with_all_that_exist(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown task .*search.*raw.*RETRIEVAL_QUERY"):
        parse_task(name)


@pytest.mark.parametrize("task", TASKS)
def test_symmetric_tasks_say_the_same_on_both_sides(task: str) -> None:
    name = parse_task(task)
    sides = [(with_prefix("x", name, side), task_type(name, side)) for side in ("query", "document")]
    assert (sides[0] == sides[1]) == is_symmetric(name)
    assert uses_titles(name, "document") != is_symmetric(name)
    assert not uses_titles(name, "query")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        pytest.param(None, "title: none | text: x", id="none"),
        pytest.param("", "title: none | text: x", id="empty"),
        pytest.param(" \t", "title: none | text: x", id="blank"),
        pytest.param(" T ", "title: T | text: x", id="trimmed"),
        pytest.param("none", "title: none | text: x", id="the-word-none"),
    ],
)
def test_titles(title: str | None, text: str) -> None:
    assert with_prefix("x", "search", "document", title) == text
