"""How much of a file is read at all: what is larger is refused before it takes memory and time."""

from __future__ import annotations

from gemini_embed.errors import MediaError

MOST_BYTES = 100 * 2**20
"""Of a file that is read as passages."""


def check_size(data: bytes, most: int, name: str) -> None:
    """MediaError for a file of more bytes than are read of its kind."""
    if len(data) > most:
        raise MediaError(
            f"{name} has {len(data):,} bytes, more than the {most:,} that are read of its kind", "too_large"
        )
