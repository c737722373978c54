"""How many tokens a text likely has. Only the service can count; this is for planning and for warnings."""

from __future__ import annotations

import re

IMAGE_TOKENS = 258
"""Tokens of one image (measured in a recording; Vertex's documentation says the same)."""

AUDIO_TOKENS_PER_S = 25
"""Tokens of a second of audio (Vertex's documentation; the Developer API's price a second agrees)."""
FRAME_TOKENS = 66
"""Tokens of a frame of video (likewise)."""
PAGE_TOKENS = 258
"""Tokens of a page of PDF, beside those of its text (Vertex's documentation)."""

CHARS_PER_TOKEN_ASCII = 4.0
CHARS_PER_TOKEN_OTHER = 2.5
CHARS_PER_TOKEN_CJK = 1.3

# Scripts written without spaces, where a token is about a character: kana, han, hangul, and Thai to Khmer.
_DENSE = (  # compiled when it is needed, which takes 2 ms
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


def likely_tokens(text: str) -> int:
    """A likely token count, from the script the text is written in; at least 1."""
    if text.isascii():
        return int(len(text) / CHARS_PER_TOKEN_ASCII) + 1
    dense = len(re.findall(_DENSE, text))
    plain = len(text.encode("ascii", "ignore"))
    other = max(len(text) - dense - plain, 0)
    likely = plain / CHARS_PER_TOKEN_ASCII + dense / CHARS_PER_TOKEN_CJK + other / CHARS_PER_TOKEN_OTHER
    return int(likely) + 1


def most_tokens(text: str) -> int:
    """More tokens than this it cannot have: a token is at least one byte of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
