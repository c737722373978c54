"""What the doors are given, as contents: lists of inputs, documents with titles, one query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from gemini_embed.content.content import Content
from gemini_embed.content.parts import Part
from gemini_embed.errors import InputError


def contents_of(likes: Iterable[Any], convert: Callable[[Any], Content] = Content.of) -> list[Content]:
    """Every input as a `Content`; what cannot be one is named by its position."""
    if isinstance(likes, str | bytes | Part | Content):
        raise InputError(f"pass a list of inputs, not one {type(likes).__name__}: [x] for a single one")
    if not isinstance(likes, Iterable):
        raise InputError(f"pass a list of inputs, not {type(likes).__name__}")
    contents = []
    for position, like in enumerate(likes):
        try:
            contents.append(convert(like))
        except InputError as e:
            raise e.at(position) from e.__cause__
    return contents


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


def query_content(query: Any) -> Content:
    """The content of one query: a text, a part, or several parts together.

    Raises:
        InputError: no content, or a list of texts alone, which is more likely several queries.
    """
    if isinstance(query, list | tuple) and query and all(isinstance(part, str) for part in query):
        raise InputError(
            "a query is one content, and this is a list of texts: embed(texts, side='query') takes several queries, "
            "Content(*texts) makes one of them"
        )
    return Content.of(query)


def said_of_flat_mix(likes: Iterable[Any], contents: Sequence[Content]) -> str | None:
    """What to say where bare texts and bare media stand in one list, of which google-genai makes one vector."""
    if not isinstance(likes, list | tuple):
        return None
    bare = [
        (like, one) for like, one in zip(likes, contents, strict=True) if not isinstance(like, Content | list | tuple)
    ]
    if not (any(isinstance(like, str) for like, _ in bare) and any(one.has_media for _, one in bare)):
        return None
    return (
        f"each of the {len(contents)} elements of this list of texts and media is a vector of its own, where "
        "google-genai would make one of them all: for one write [[text, image]], or Content(text, image); for "
        "one each, and no warning, [Content(text), Content(image)]"
    )


def refuse_title(title: object) -> None:
    """`title=` is said otherwise.

    Raises:
        InputError: there is one.
    """
    if title is not None:
        raise InputError(
            "title= is titles=, one title, or None, per text: embed_documents([text], titles=[title]); "
            "in embed() a content has its own: Content(text, title=title)"
        )


def _text_content(text: str, title: str | None, position: int | None) -> Content:
    if not isinstance(text, str):
        raise InputError(f"a text must be a str, not {type(text).__name__}; embed() takes media", position=position)
    if not isinstance(title, str | None):
        raise InputError(f"a title must be a str or None, not {type(title).__name__}", position=position)
    return Content(text, title=title)
