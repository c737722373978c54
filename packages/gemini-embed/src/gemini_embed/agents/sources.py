"""Numbers for what tools find, and back from the numbers in an answer to what was found."""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from gemini_embed.errors import InputError
from gemini_embed.hits import Hit

_MENTION = re.compile(r"\[(\d{1,9}(?:\s*[,;\u2013-]\s*\d{1,9})*)\]")
"""`[2]`, `[1, 3]`, `[2-4]`."""
_LONGEST_RANGE = 50
_NUMBER = re.compile(r"\s*\[?(\d{1,9})\]?\s*")


class Sources:
    """Numbers that run on from one tool result to the next, so that `[7]` is one source in a whole conversation.

    What was numbered before keeps its number: the same stretch of the same source, with the same text. Thread-safe.
    Tools that share one share the numbers; give each conversation its own where their readers are not the same.

    Args:
        most: how many are remembered; older ones are forgotten, and their numbers are not used again.
    """

    def __init__(self, most: int = 10_000) -> None:
        if most < 1:
            raise InputError(f"most={most!r}: how many sources are remembered, at least 1")
        self.most = most
        self._lock = threading.Lock()
        self._numbers: dict[Any, int] = {}
        self._hits: dict[int, Hit] = {}
        self._last = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.most,)  # numbers belong to a conversation, which does not travel

    def __repr__(self) -> str:
        return f"Sources({len(self._hits)} of at most {self.most})"

    def number(self, hit: Hit) -> int:
        """The number of a hit, from 1 up."""
        key = _key(hit)
        with self._lock:
            number = self._numbers.get(key)
            if number is None:
                number = self._last = self._last + 1
                self._numbers[key], self._hits[number] = number, hit
                if len(self._hits) > self.most:
                    oldest = next(iter(self._hits))
                    del self._numbers[_key(self._hits.pop(oldest))]
            return number

    @property
    def hits(self) -> dict[int, Hit]:
        """What is remembered, by number."""
        with self._lock:
            return dict(self._hits)

    def cited(self, answer: str) -> Cited:
        """The hits that an answer cites, see `cited`."""
        return cited(answer, self.hits)

    def link(self, given: str) -> str:
        """`given`, or the link of the source where it is a number: "7" or "[7]", as models write.

        Raises:
            InputError: a number that no source has.
        """
        written = _NUMBER.fullmatch(given)
        if written is None:
            return given
        hit = self.hits.get(int(written[1]))
        if hit is None:
            raise InputError(f"there is no source [{written[1]}]: give a link as a search shows it")
        return hit.link


class Conversations:
    """The `Sources` of each conversation, by its id; the longest unused are forgotten beyond `most`. Thread-safe."""

    def __init__(self, most: int = 1_000) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._sources: dict[Hashable, Sources] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.most,)

    def of(self, conversation: Hashable) -> Sources:
        """Those of a conversation; of all that have no id, for None."""
        with self._lock:
            known = self._sources.pop(conversation, None)
            sources = self._sources[conversation] = Sources() if known is None else known
            if len(self._sources) > self.most:
                del self._sources[next(iter(self._sources))]
            return sources


class Cited(dict[int, Hit]):
    """What an answer cites: hits by number, in the order of their first mention; prints as lines with links.

    `unknown` are numbers in it that no source has: the model made them up.
    """

    def __init__(self, hits: Mapping[int, Hit], unknown: tuple[int, ...] = ()) -> None:
        super().__init__(hits)
        self.unknown = unknown

    def __str__(self) -> str:
        return "\n".join(f"[{number}] {hit.modality or 'text'} {hit.link}" for number, hit in self.items())


def cited(answer: str, hits: Mapping[int, Hit]) -> Cited:
    """What the `[2]`, `[1, 3]` and `[2-4]` in an answer stand for, of these hits by number."""
    mentioned = list(dict.fromkeys(_mentioned(answer)))
    known = {number: hits[number] for number in mentioned if number in hits}
    return Cited(known, tuple(number for number in mentioned if number not in hits))


def _mentioned(answer: str) -> Iterator[int]:
    for mention in _MENTION.finditer(answer):
        for piece in re.split(r"[,;]", mention[1]):
            first, *last = map(int, re.findall(r"\d+", piece))
            yield from range(first, min(max([first, *last]), first + _LONGEST_RANGE) + 1)


def _key(hit: Hit) -> Any:
    return hit.link, tuple(hit.window.metadata.items()), hit.page_content
