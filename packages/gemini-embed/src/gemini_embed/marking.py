"""Where the words of a query stand in a text, to be marked for a reader; pure, and no search depends on it."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["marked"]

_WORD = re.compile(r"\w+")
_SHARED, _ENDING = 4, 3
"""Words are alike that share so many letters at least, where the longer has so many more at most: tyre, tyres."""
_FRAME = frozenset(
    """a about after all am an and any are as at be been before but by can could did do does for from had has have he
    her here him his how i if in into is it its just let like make may me might more most must my need no not of on one
    only or our out over own please shall she should show so some tell than that the their them then there these they
    this those to too up upon us use used very want was we were what when where which while who whom whose why will
    with would you your""".split()  # noqa: SIM905 - read as words
)
"""English words that hold sentences together, and say nothing of what is looked for."""


def marked(text: str, query: str) -> list[tuple[int, int]]:
    """(start, end) of the words of `text` that the query has too, in order: in any case of letters, and with the small
    endings of English. Where a query holds nothing but small words, they are what is looked for."""
    words = [_folded(word) for word in _WORD.findall(query)]
    telling = {word for word in words if word not in _FRAME and (len(word) > 1 or not word.isascii())} or set(words)
    beginnings = {word[:_SHARED] for word in telling}
    return [
        match.span()
        for match in _WORD.finditer(text)
        if (word := _folded(match[0]))[:_SHARED] in beginnings and any(_alike(word, one) for one in telling)
    ]


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHARED and long.startswith(short) and len(long) - len(short) <= _ENDING


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()
