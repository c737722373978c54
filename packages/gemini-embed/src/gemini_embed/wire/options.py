"""What a request says beside its contents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """Options of one call. `auto_truncate` None leaves the service's default: cut what is too long."""

    model: str
    dimensions: int | None = None
    auto_truncate: bool | None = None


def to_bytes(body: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
