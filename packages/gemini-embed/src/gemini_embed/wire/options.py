"""What a request says beside its contents."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from itertools import chain
from secrets import token_hex
from typing import Any

from gemini_embed.preparing import Entry


@dataclass(frozen=True)
class Options:
    """Options of one call. `auto_truncate` None leaves the service's default: cut what is too long."""

    model: str
    dimensions: int | None = None
    auto_truncate: bool | None = None


def parts_of(item: Entry) -> list[dict[str, Any]]:
    """The parts of a content as the JSON has them; its media are loaded."""
    return [{"text": part} if isinstance(part, str) else part for part in item.parts]  # type: ignore[misc]  # no Media


def to_bytes(body: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8; bytes are written as base64."""
    media: list[bytes] = []
    mark = token_hex(16)  # no text of a user's can hold it

    def marked(data: object) -> str:
        if not isinstance(data, bytes):
            raise TypeError(f"a {type(data).__name__} has no place in a request")
        media.append(data)
        return mark

    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=marked).encode()
    if not media:
        return text
    # Put in here, since a video as a str within a str would be in memory four times.
    first, *others = text.split(f'"{mark}"'.encode())
    written = ((b'"', base64.b64encode(data), b'"', rest) for data, rest in zip(media, others, strict=True))
    return b"".join((first, *chain.from_iterable(written)))
