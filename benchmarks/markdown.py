"""What tables are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def whole(numbers: Any) -> list[str]:
    """As whole numbers."""
    return [f"{number:,.0f}" for number in numbers]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
