"""Media of hits for a model that reads them: opened, and chosen by kind and size where there are too many."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast, get_args

from gemini_embed.errors import GeminiEmbedError, InputError
from gemini_embed.hits import Hit

MediaKind = Literal["image", "audio", "video", "pdf"]
"""What chat models take beside words."""
KINDS: tuple[MediaKind, ...] = get_args(MediaKind)
"""All of them."""
MAX_BYTES = 15 * 2**20
"""Of media in one request: Gemini takes 20 MB, base64 and words included."""


@dataclass(frozen=True)
class Medium:
    """A medium as chat models take it: an image whole, a recording or video cut to its window, pages of a PDF."""

    kind: MediaKind
    mime_type: str
    base64: str

    @property
    def size_bytes(self) -> int:
        """Of its base64, which is what is sent."""
        return len(self.base64)


def medium_of(hit: Hit, left: int = MAX_BYTES) -> tuple[Medium | None, str]:
    """A hit's medium, opened under the rules of its index, and ""; or None, and why in words that follow a link.

    The words are " (not shown: ...)", and "" for texts, which have no medium. `left` is how many bytes of base64 it may
    have.
    """
    if hit.modality in (None, "text"):
        return None, ""
    if left <= 0:
        return None, " (not shown: no bytes are left)"
    try:
        part = hit.clip()
    except GeminiEmbedError as error:
        return None, f" (not shown: {error})"
    data = base64.b64encode(part.data or b"").decode()
    if len(data) > left:
        return None, f" (not shown: {len(data):,} bytes, {left:,} are left)"
    return Medium(cast("MediaKind", part.modality), part.mime_type or "", data), ""


class Offered(NamedTuple):
    """A medium that a tool result offers. Equal keys are the same medium."""

    kind: str
    size_bytes: int
    key: Hashable


def check_kinds(kinds: Iterable[str] | None) -> frozenset[str]:
    """`kinds` as a set, all of them for None; InputError for one that is none."""
    if isinstance(kinds, str):
        raise InputError(f"kinds={kinds!r}: pass a list of kinds, [{kinds!r}] for a single one")
    wanted = frozenset(KINDS if kinds is None else kinds)
    if unknown := wanted - set(KINDS):
        raise InputError(f"kinds= has {', '.join(sorted(map(repr, unknown)))}: there are {', '.join(KINDS)}")
    return wanted


def chosen(
    results: Sequence[Sequence[Offered]], *, max_bytes: int = MAX_BYTES, kinds: Iterable[str] | None = None
) -> list[list[str]]:
    """For each medium of each result, oldest result first: "" if the model gets it, else why not, in words.

    The newest result takes of `max_bytes` first, and in a result what comes first. A medium that is offered again later
    is sent there, once.

    Raises:
        InputError: a kind that is none.
    """
    wanted, left = check_kinds(kinds), max_bytes
    seen: set[Hashable] = set()
    newest_first: list[list[str]] = []
    for result in reversed(results):
        said: list[str] = []
        for one in result:
            if one.kind not in wanted:
                said.append(f"{one.kind} is not sent to this model")
            elif one.key in seen:
                said.append("shown once, elsewhere")
            elif one.size_bytes > left:
                said.append(f"{one.size_bytes:,} bytes, {left:,} are left")
            else:
                left -= one.size_bytes
                seen.add(one.key)
                said.append("")
        newest_first.append(said)
    return newest_first[::-1]
