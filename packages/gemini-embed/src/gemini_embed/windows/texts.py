"""Long text by sentences: windows of about so many tokens, with the place of each in the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gemini_embed.tokens import likely_tokens
from gemini_embed.windows.window import TEXT_TYPE, Window

# A sentence and the white space behind it: up to a mark that ends one (with closing quotes or brackets) before white
# space, up to an East Asian mark, or up to a blank line. Headings of Markdown belong to what follows them.
_HEADINGS = r"(?:#{1,6}[ \t][^\n]*\n\s*)*"
# Linear in any text: a run of marks is looked at once, where it begins, and nothing is given back (possessive, ++).
_MARK = r"[.!?\u2026]"
_CLOSED = r"[\"'\u201d\u2019)\]]*+(?=\s)"
_EAST_ASIAN_END = r"[\u3002\uff01\uff1f]+[\u300d\u300f\uff09]*"
_SENTENCE = re.compile(
    rf"{_HEADINGS}(?:{_MARK}{{2,}}+{_CLOSED}"
    rf"|.+?(?:(?<!{_MARK}){_MARK}++{_CLOSED}|{_EAST_ASIAN_END}|(?=\n\s*\n)|\Z))\s*",
    re.DOTALL,
)
_WORD = re.compile(r"\S+\s*|\s+")


class Stretch(NamedTuple):
    """`whole[start:end]`, and how many tokens that likely is."""

    start: int
    end: int
    tokens: int


def text_windows(text: str, *, tokens: int, overlap: int = 0) -> Iterator[Window]:
    """Windows of whole sentences with at most `tokens` likely tokens; a longer sentence is cut between words.

    With `overlap` a window begins with the last sentences of the one before, of at most so many tokens. White space
    around a window belongs to none. Nothing comes of a text that is empty.
    """
    gathered: list[Stretch] = []
    there = 0  # tokens
    for stretch in _stretches(text, 0, len(text), tokens):
        if gathered and there + stretch.tokens > tokens:
            yield _window(text, gathered)
            gathered = _repeated(gathered, min(overlap, tokens - stretch.tokens))
            there = sum(one.tokens for one in gathered)
        gathered.append(stretch)
        there += stretch.tokens
    if gathered:
        yield _window(text, gathered)


def _stretches(text: str, start: int, end: int, most: int) -> Iterator[Stretch]:
    """Sentences; of those that are too long, words; of these, characters."""
    for piece in _pieces(_SENTENCE, text, start, end):
        if piece.tokens <= most:
            yield piece
            continue
        for word in _pieces(_WORD, text, piece.start, piece.end):
            if word.tokens <= most:
                yield word
                continue
            step = max((word.end - word.start) * most // (word.tokens + 1), 1)
            for at in range(word.start, word.end, step):
                yield _stretch(text, at, min(at + step, word.end))


def _pieces(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Stretch]:
    for match in pattern.finditer(text, start, end):
        if match[0].strip():
            yield _stretch(text, match.start(), match.end())


def _stretch(text: str, start: int, end: int) -> Stretch:
    return Stretch(start, end, likely_tokens(text[start:end].strip()))


def _repeated(gathered: list[Stretch], most: int) -> list[Stretch]:
    """As many of the last stretches as have at most `most` tokens, but never all."""
    first = len(gathered)
    while first > 1 and gathered[first - 1].tokens <= most:
        first -= 1
        most -= gathered[first].tokens
    return gathered[first:]


def _window(text: str, stretches: list[Stretch]) -> Window:
    start, end = stretches[0].start, stretches[-1].end
    whole = text[start:end]
    start += len(whole) - len(whole.lstrip())
    stripped = whole.strip()
    return Window(mime_type=TEXT_TYPE, text=stripped, char_start=start, char_end=start + len(stripped))
