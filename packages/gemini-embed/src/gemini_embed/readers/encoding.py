"""Text from bytes: in UTF-8, UTF-16 and UTF-32 with their marks, in what the text itself says, in what a detector
says."""

from __future__ import annotations

import codecs
from functools import cache
from typing import Any

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""The longer ones first: they begin like the shorter. What begins with one and has neither a sign of an alphabet nor
one between Chinese sentences was never written."""
_NO_TEXT = {*map(chr, range(32)), "\x7f"} - {*"\t\n\r\f\v\x1a\x1b\x08"}
"""Characters that no text has."""
_LOOKED_AT = 65_536
"""Bytes that are enough to detect an encoding."""
_WESTERN = "cp1252"
_MEANT = {
    "ascii": _WESTERN, "iso8859-1": _WESTERN, "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip
"""What is written where a file says the other, by Python's names (encoding.spec.whatwg.org): the larger one."""
_SEVEN_BITS = ("iso2022", "hz", "utf-7")
"""Encodings whose bytes are all in ASCII, and mean something else."""
_SHORT = 400
"""Bytes that are hardly enough to detect one."""


def may_be_text(head: bytes) -> bool:
    """Whether a file that begins so may be text in any encoding that `text_of` knows."""
    return head.startswith(tuple(mark for mark, _ in _MARKS)) or b"\0" not in head


def text_of(data: bytes, told: str | None = None) -> str | None:
    """The text, without its mark; None where there is none. `told` is the encoding that the file says it is in."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _decoded(data, encoding)
            return text if text and any(one < "\u0700" or "\u3000" <= one < "\u3040" for one in text) else None
    if b"\0" in data:
        return None
    named = _named(told)
    if named.startswith(_SEVEN_BITS) and (text := _decoded(data, named)) is not None:
        return text
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        tried = (_decoded(data, one) for one in (_MEANT.get(named), named))
        text = next((one for one in tried if one is not None), None)
    return text if text is not None else _detected(data)


def _named(told: str | None) -> str:
    """What an encoding is called by Python; "" where it knows none of that name."""
    try:
        return codecs.lookup(told or "").name
    except (LookupError, ValueError):  # with a NUL in it
        return ""


def _decoded(data: bytes, encoding: str | None) -> str | None:
    """None where it is not in this encoding, there is no such encoding, or what it says is no text."""
    if not encoding:
        return None
    try:
        text = data.decode(encoding)
    except (UnicodeError, LookupError):
        return None
    return text if _NO_TEXT.isdisjoint(text) else None


def _detected(data: bytes) -> str | None:
    western = _decoded(data, _WESTERN)
    if western is not None and _is_plausible(western):
        return western
    best = _detector()(data[:_LOOKED_AT]).best()
    found = _decoded(data, best.encoding) if best is not None else None
    return western if found is None and len(data) < _SHORT else found


def _is_plausible(text: str) -> bool:
    """Whether what is beyond ASCII are letters inside of words and signs of print, as in Western Europe."""
    beyond = [character for character in text[:_LOOKED_AT] if character > "\x7f"]
    common = sum(character in _COMMON for character in beyond)
    most = 0.4 if len(text) < _SHORT else 0.25
    return common >= 0.9 * len(beyond) and len(beyond) < most * len(text[:_LOOKED_AT])


_COMMON = frozenset(
    "äöüÄÖÜßéèêëàâáãåæçîïíìñóòôõøœúùûýÿÉÈÊÀÂÁÅÆÇÎÍÑÓÔØÚ\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2026\u20ac\u2022"
    "£§°«»¡¿·©®½²³µ\xa0"
)


@cache
def _detector() -> Any:
    from charset_normalizer import from_bytes

    return from_bytes
