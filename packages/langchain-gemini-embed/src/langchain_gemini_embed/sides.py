"""Which side of a search a text is sent as, where LangChain's words name one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gemini_embed import ConfigurationError, InputError, Text
from gemini_embed.tasks import Side
from langchain_core.documents.base import BaseMedia

_NAMED: dict[str, Side] = {"RETRIEVAL_QUERY": "query", "RETRIEVAL_DOCUMENT": "document"}


def side_of(task_type: Any) -> Side | None:
    """The side that a task's name says; None where it says a task alone."""
    return _NAMED.get(str(getattr(task_type, "value", task_type)).strip().upper())


def said_of_side(task_type: Any, side: Side) -> str:
    """What to say of a constructor's task that names the other side than the method that is called."""
    sent = next(name for name, named in _NAMED.items() if named == side)
    method = "embed_query" if side == "query" else "embed_documents"
    return (
        f"task_type={task_type!r} names the other side: {method} sends {sent}, since the method decides (the official "
        f"class would send {task_type}); for the other side pass task_type= to the call"
    )


def refuse_title(title: object) -> None:
    """A query has none.

    Raises:
        ConfigurationError: there is one.
    """
    if title is not None:
        raise ConfigurationError("a query has no title: embed_documents([text], titles=[title]) embeds a document")


def as_texts(texts: Iterable[str]) -> Any:
    """Each as a text, whatever it looks like; one str is left for the core to refuse."""
    return texts if isinstance(texts, str) else [Text(text) for text in texts]


def texts_alone(texts: Sequence[str]) -> Sequence[str]:
    """What `submit_batch` is given.

    Raises:
        InputError: a document among it; `.position` is its place.
    """
    for position, text in enumerate(() if isinstance(texts, str) else texts):
        if isinstance(text, BaseMedia):
            raise InputError(
                f"submit_batch takes texts, not {type(text).__name__}: "
                "[document.page_content for document in documents], which is what add_documents embeds of them",
                position=position,
            )
    return texts
