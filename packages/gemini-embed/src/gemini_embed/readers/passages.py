"""What a reader makes of a file: passages, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from gemini_embed.excerpt import Excerpt


@dataclass(frozen=True)
class Passage:
    """A stretch of a file that is embedded by itself.

    Attributes:
        text: what it says, as it stands in the file.
        place: where that is, as links name it.
        symbol: the qualified name of what it defines, such as `Cache.get`; "" where it has none.
    """

    text: str
    place: Excerpt
    symbol: str = ""


class FileReader(Protocol):
    """Reads files of one kind. The same file is always read as the same passages: ids of records are made of them."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What every record of such a file is told to be."""

    def takes(self, head: bytes) -> bool:
        """Whether a file that begins so may be one; else it is not read to its end, which may be far."""

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage]:
        """The passages of a file of these bytes, in order, of at most so many likely tokens each.

        Raises:
            MediaError: it is not what its name says; the message names `name`.
        """
