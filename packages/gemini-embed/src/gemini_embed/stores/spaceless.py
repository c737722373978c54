"""Scripts that put no spaces between words: Chinese, Japanese, Thai and its neighbours; Korean, where particles follow.

The engine's own multilingual tokenizer cuts them by dictionaries, so that a word is cut otherwise in another sentence:
東京 alone is Chinese to it, and not found in 東京タワー. And it leaves out numbers, as of "order 4711". Pairs of
characters that stand beside each other, as search engines take them, are the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
SPACELESS = f"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\uac00-\ud7af{_HAN}"
"""Ranges of a regular expression."""
_RUN = re.compile(f"[{SPACELESS}]+")
_IS_HAN = re.compile(f"[{_HAN}]")


def spaced(text: str, *, is_query: bool) -> str:
    """The text with pairs of characters for words where there are no spaces.

    A text to be found has each Chinese character for itself too, since one can be a word.
    """
    if text.isascii():
        return text
    return _RUN.sub(lambda run: f" {_pairs(run[0], is_query)} ", unicodedata.normalize("NFKC", text))


def _pairs(run: str, is_query: bool) -> str:
    alone = [run] if len(run) == 1 else [] if is_query else _IS_HAN.findall(run)
    return " ".join(map(_token, [*alone, *map("".join, pairwise(run))]))


def _token(characters: str) -> str:
    """As the engine leaves it whole, which cuts at the vowel signs of Thai."""
    return "".join(f"u{ord(one)}" for one in characters)
