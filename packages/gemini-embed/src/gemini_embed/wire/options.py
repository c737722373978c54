"""What a request says beside its contents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gemini_embed.plan import Entry


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
    """Compact JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
