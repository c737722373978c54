"""A few lines of a text, around the words that were looked for."""

from __future__ import annotations

from typing import TypedDict

from gemini_embed.marking import marked

LENGTH = 320  # characters: what a card holds


class Piece(TypedDict):
    """A stretch of an excerpt, and whether it is a word of the query."""

    text: str
    marked: bool


def excerpt(text: str, words: str, length: int = LENGTH) -> list[Piece]:
    """The `length` characters that hold most of the query's words, in pieces; the beginning where there is none."""
    text = " ".join(text.replace("#", "").split())  # without the marks of headings
    spans = marked(text, words) if words else []
    start = _start(text, spans, length)
    end = _end(text, start + length)
    pieces: list[Piece] = [{"text": "… ", "marked": False}] if start else []
    at = start
    for left, right in spans:
        if at <= left and right <= end:
            pieces += [{"text": text[at:left], "marked": False}, {"text": text[left:right], "marked": True}]
            at = right
    pieces.append({"text": text[at:end] + (" …" if end < len(text) else ""), "marked": False})
    return [piece for piece in pieces if piece["text"]]


def _start(text: str, spans: list[tuple[int, int]], length: int) -> int:
    """Where the excerpt begins: at a word, a little before the first of those that it holds most of."""
    if len(text) <= length or not spans:
        return 0
    lead = length // 5
    best = max(spans, key=lambda span: sum(span[0] <= left < span[0] + length - lead for left, _ in spans))
    start = min(max(best[0] - lead, 0), len(text) - length)
    word = text.find(" ", start) + 1 if start else 0
    return word if 0 < word <= best[0] else start


def _end(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    return max(text.rfind(" ", 0, end), 0) or end
