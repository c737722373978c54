"""What callers pass, checked: texts, titles, sizes and numbers. Errors say which argument, and what it may be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

from gemini_embed.content import Content
from gemini_embed.errors import ConfigurationError, InputError
from gemini_embed.models import ModelFacts


def document_contents(texts: Sequence[str], titles: Sequence[str | None] | None) -> Iterator[Content]:
    """A content per text, with its title, made as they are read. Raises InputError: no list, a wrong type, another
    number of titles."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise InputError(f"pass a list of texts, not one {type(texts).__name__}: [text] for a single one")
    titled: Iterable[tuple[str, str | None]]
    if titles is None:
        titled = ((text, None) for text in texts)
    else:
        texts = list(texts)
        if isinstance(titles, str) or len(titles) != len(texts):
            given = "one str" if isinstance(titles, str) else f"{len(titles)} titles"
            raise InputError(f"{given} for {len(texts)} texts: pass one title, or None, per text")
        titled = zip(texts, titles, strict=True)
    return (_text_content(text, title, position) for position, (text, title) in enumerate(titled))


def query_content(text: str) -> Content:
    """The content of a query. Raises InputError when it is not a str."""
    return _text_content(text, None, None)


def _text_content(text: str, title: str | None, position: int | None) -> Content:
    if not isinstance(text, str):
        raise InputError(f"a text must be a str, not {type(text).__name__}; embed() takes media", position=position)
    if not isinstance(title, str | None):
        raise InputError(f"a title must be a str or None, not {type(title).__name__}", position=position)
    return Content(text, title=title)


def checked_dimensions(dimensions: int | None, facts: ModelFacts) -> int | None:
    """The size to ask for; None is the model's own. Raises ConfigurationError for one that it cannot have."""
    if dimensions is None:
        return None
    if type(dimensions) is not int or dimensions < 1:
        raise ConfigurationError(f"dimensions={dimensions!r} must be a positive whole number")
    if facts.max_dimensions is not None and dimensions > facts.max_dimensions:
        raise ConfigurationError(
            f"dimensions={dimensions}: {facts.name} has at most {facts.max_dimensions}; "
            "facts={'max_dimensions': ...} if it has grown"
        )
    if not facts.shortens:
        if dimensions != facts.default_dimensions:
            raise ConfigurationError(f"{facts.name} always returns {facts.default_dimensions} values")
        return None
    return dimensions


def whole(name: str, value: int | None) -> int | None:
    """`value`, if it is None (the default holds) or a positive whole number."""
    if value is not None and (type(value) is not int or value < 1):
        raise ConfigurationError(f"{name}={value!r} must be a positive whole number")
    return value


def positive_number(name: str, value: Any) -> float:
    """`value`, if it is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{name}={value!r} must be a positive number")
    return value


def absolute_path(name: str, value: Any) -> str | None:
    """`value`, if it is None or a path, made absolute, so that a later change of directory changes nothing."""
    if value is not None and not (isinstance(value, str | os.PathLike) and os.fspath(value)):
        raise ConfigurationError(f"{name}={value!r} must be a path")
    return None if value is None else os.path.abspath(value)


def switch(name: str, value: Any) -> bool:
    """`value`, if it is True or False; "no" would count as true."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}={value!r} must be True or False")
    return value


def one_of(name: str, value: Any, options: Any) -> Any:
    """`value`, if it is one of the strings of the `Literal` type `options`."""
    if value not in get_args(options):
        raise ConfigurationError(f"{name}={value!r} must be one of {', '.join(map(repr, get_args(options)))}")
    return value
