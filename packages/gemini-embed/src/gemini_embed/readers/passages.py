"""What a reader makes of a file: passages and pictures, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from gemini_embed.excerpt import Excerpt


@dataclass(frozen=True)
class Passage:
    """A stretch of a file that is embedded by itself.

    Attributes:
        text: what it says.
        place: where that is, as links name it.
        symbol: the qualified name of what it defines, such as `Cache.get`; "" where it has none.
        heading: the headings that it stands under, such as `Manual > Starting up`; "" where there are none.
        metadata: what else its record says: `{"slide": 3}`.
    """

    text: str
    place: Excerpt
    symbol: str = ""
    heading: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A picture in a file, embedded by itself as an image.

    Attributes:
        data: a file of its own: PNG, JPEG, ...
        place: where it is, as links name it.
        text: what is told of it: a caption, what stands in its place where it cannot be shown.
        heading, metadata: as a passage's.
        key: what tells it from others, where the bytes may come out differently next time; "" for the bytes.
    """

    data: bytes = field(repr=False)
    place: Excerpt
    text: str = ""
    heading: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@runtime_checkable
class FileReader(Protocol):
    """Reads files of one kind. The same file is always read as the same passages: ids of records are made of them."""

    @property
    def name(self) -> str:
        """What it is called in reports, and by `sync`, which reads a file anew when this or `version` changes."""

    @property
    def version(self) -> str:
        """Another one wherever the same file is read as other passages."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What every record of such a file is told to be."""

    def takes(self, head: bytes) -> bool:
        """Whether a file that begins so may be one; else it is not read to its end, which may be far."""

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        """What a file of these bytes holds, in order, passages of at most so many likely tokens each.

        Raises:
            MediaError: it is not what its name says, damaged, encrypted or too large; the message names `name`.
            MissingExtraError: the library that opens it is not installed.
        """
