"""What the vectors are for: the task vocabulary and both official ways to tell a model.

gemini-embedding-2 is told by a prefix in the text, older models by the `taskType` field. Both forms are Google's
(ai.google.dev/gemini-api/docs/embeddings; the enum names beside the prefixes: mteb's google_gemini.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from gemini_embed.errors import ConfigurationError

Side = Literal["query", "document"]
"""Which side of a search a content is on; for symmetric tasks it makes no difference."""


ConditionMedia = Literal["query", "both", "none"]
"""On which side text that stands beside media gets gemini-embedding-2's prefix.

- query (the default): on queries, as Google's article on multimodal search does; documents with media are sent as they
  are, since the embeddings page keeps the prefixes to text and the model's own benchmark leaves them out.
- both: on documents too.
- none: on neither.
"""


Task = Literal[
    "search",
    "question_answering",
    "fact_checking",
    "code_retrieval",
    "classification",
    "clustering",
    "similarity",
    "raw",
]
"""What the vectors are for.

Asymmetric tasks, where queries and documents are conditioned differently:

- search (the default): find documents that match a query.
- question_answering: find the passage that answers a question.
- fact_checking: find evidence for or against a statement.
- code_retrieval: find code by a description.

Symmetric tasks, where both sides are the same:

- classification, clustering: labels and groups.
- similarity: how alike two texts are; not for retrieval.

And raw: nothing is added; what you pass is what the model reads.
"""

TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True)
class _Form:
    """How one task is said: `prefix` in the text of gemini-embedding-2, `enum` in `taskType` of older models."""

    prefix: str
    enum: str
    symmetric: bool = False


_FORMS: dict[str, _Form] = {
    "search": _Form("search result", "RETRIEVAL_QUERY"),
    "question_answering": _Form("question answering", "QUESTION_ANSWERING"),
    "fact_checking": _Form("fact checking", "FACT_VERIFICATION"),
    "code_retrieval": _Form("code retrieval", "CODE_RETRIEVAL_QUERY"),
    "classification": _Form("classification", "CLASSIFICATION", symmetric=True),
    "clustering": _Form("clustering", "CLUSTERING", symmetric=True),
    "similarity": _Form("sentence similarity", "SEMANTIC_SIMILARITY", symmetric=True),
}

# The API's own names. The two that name a side mean search: the method that is called decides the side.
# TASK_TYPE_UNSPECIFIED says "no task", so nothing is added.
_ENUM_NAMES: dict[str, Task] = {
    "retrieval_query": "search",
    "retrieval_document": "search",
    "question_answering": "question_answering",
    "fact_verification": "fact_checking",
    "code_retrieval_query": "code_retrieval",
    "semantic_similarity": "similarity",
    "task_type_unspecified": "raw",
}


def parse_task(task: str) -> Task:
    """The task of a name: one of `Task`, or one of the API's enum names, in any case.

    Raises:
        ConfigurationError: no such task; the message lists all names.
    """
    name = getattr(task, "value", task)
    key = str(name).strip().lower()
    for known in TASKS:
        if key == known:
            return known
    if key in _ENUM_NAMES:
        return _ENUM_NAMES[key]
    raise ConfigurationError(
        f"unknown task {task!r}: use one of {', '.join(TASKS)}, or one of the API's names: "
        f"{', '.join(name.upper() for name in _ENUM_NAMES)}"
    )


def is_symmetric(task: Task) -> bool:
    """Whether queries and documents are conditioned alike."""
    return task == "raw" or _FORMS[task].symmetric


def uses_titles(task: Task, side: Side) -> bool:
    """Whether a title has a place: on documents of asymmetric tasks."""
    return side == "document" and not is_symmetric(task)


def with_prefix(text: str, task: Task, side: Side, title: str | None = None) -> str:
    """`text` as gemini-embedding-2 is to read it. Text is never guessed at: what looks like a prefix is kept."""
    if task == "raw":
        return text
    if uses_titles(task, side):
        return f"title: {(title or '').strip() or 'none'} | text: {text}"
    return f"task: {_FORMS[task].prefix} | query: {text}"


def task_type(task: Task, side: Side) -> str | None:
    """The `taskType` that older models are sent, None for raw."""
    if task == "raw":
        return None
    return "RETRIEVAL_DOCUMENT" if uses_titles(task, side) else _FORMS[task].enum
