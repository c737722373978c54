"""Definitions in a text as passages: one for each function and class, and for what stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gemini_embed.readers.lines import Lines
from gemini_embed.readers.passages import Passage

WHOLE_TOKENS = 160
"""A class with more is one passage no longer, but one for its head and one for each of its methods. In this library's
own source the file that defines a name came first for 0.64 of the names with 1,024, 0.69 with 256, 0.70 with 160, and
0.70 with every method by itself (`benchmarks/README.md`, Code)."""

_FEW_TOKENS = 16
"""What stands between definitions and has fewer is no passage of its own."""
_ABOVE = ("#", "//", "/*", "*", "--", "@")
"""How lines begin that belong to the definition below them: comments, and marks such as `@Override`."""

_DEEPEST = 20
"""What is defined deeper inside of others is part of what is around it."""
_WORD = re.compile(r"\w")


@dataclass
class Definition:
    """A function, a class or the like: its lines, counted from 1, the last one included."""

    name: str
    first: int
    last: int
    inner: list[Definition] = field(default_factory=list)
    """What is defined in it, in order; no two of them share a line."""


def nested(found: Iterable[Definition]) -> list[Definition]:
    """Definitions in any order as a tree, by their lines; one that begins on the last line of another is part of it."""
    top: list[Definition] = []
    around: list[Definition] = []
    for one in sorted(found, key=lambda one: (one.first, -one.last)):
        while around and around[-1].last < one.first:
            around.pop()
        if around and (one.last > around[-1].last or one.first == around[-1].first):
            for outer in around:  # they share a line, as one-liners do: no line can be between them
                outer.last = max(outer.last, one.last)
            continue
        if len(around) == _DEEPEST:
            continue
        (around[-1].inner if around else top).append(one)
        around.append(one)
    return top


class _Stretch(NamedTuple):
    """Lines, and whose they are."""

    first: int
    last: int
    name: str
    part: Literal["definition", "head", "rest"]
    """All of a definition, or what is before the first inside of it, or what is around definitions."""


def passages_of(lines: Lines, definitions: Sequence[Definition], most_tokens: int) -> Iterator[Passage]:
    """All lines but blank ones, in order, each in one passage; a passage begins with the comment above a definition.

    What is defined inside of something that is too long for one passage gets its own, and what is too long even so is
    cut by lines.
    """
    whole = min(WHOLE_TOKENS, most_tokens)
    stretches = (one for one in _stretches(lines, 1, len(lines), "", definitions, whole) if one.first <= one.last)
    for stretch in _joined(lines, stretches):
        yield from lines.passages(stretch.first, stretch.last, stretch.name, most_tokens)


def _stretches(
    lines: Lines, first: int, last: int, name: str, inner: Sequence[Definition], whole: int
) -> Iterator[_Stretch]:
    """Of `first` to `last`, which `name` is the name of: what is defined there, and what is around that."""
    for one in inner:
        start = _with_comment(lines, one.first, first)
        yield _Stretch(first, start - 1, name, "head" if name and one is inner[0] else "rest")
        qualified = f"{name}.{one.name}" if name else one.name
        if one.inner and lines.tokens(start, one.last) > whole:
            yield from _stretches(lines, start, one.last, qualified, one.inner, whole)
        else:
            yield _Stretch(start, one.last, qualified, "definition")
        first = one.last + 1
    yield _Stretch(first, last, name, "rest")


def _with_comment(lines: Lines, number: int, first: int) -> int:
    """Where what stands directly above a line and belongs to it begins, no earlier than `first`."""
    while number > first and lines[number - 1].lstrip().startswith(_ABOVE):
        number -= 1
    return number


def _joined(lines: Lines, stretches: Iterable[_Stretch]) -> Iterator[_Stretch]:
    """Without those that are too short to say anything: the bracket that ends a class goes to what is before, its head
    to what follows, as an `if` does that stands directly above."""
    held: _Stretch | None = None
    for one in stretches:
        if held is None:
            held = one
        elif _is_short(lines, held) and (held.first == 1 or _leans_on_next(lines, held)):
            held = one._replace(first=held.first)
        elif _is_short(lines, one) and not _leans_on_next(lines, one):
            held = held._replace(last=one.last)
        else:
            yield held
            held = one
    if held is not None:
        yield held


def _is_short(lines: Lines, one: _Stretch) -> bool:
    return one.part != "definition" and lines.tokens(one.first, one.last) < _FEW_TOKENS


def _leans_on_next(lines: Lines, one: _Stretch) -> bool:
    return one.part == "head" or (one.last < len(lines) and _WORD.search(lines[one.last]) is not None)
