"""Readers of the caller's own: a function that is given a file's path, or anything that is a `FileReader`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from gemini_embed.errors import ConfigurationError, MediaError
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.chosen import Readers
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.passages import FileReader, Passage, Picture

ReadFunction: TypeAlias = Callable[[Path], str | Iterable[str | Passage | Picture]]
"""Given a file's path, what it says: as a text, which is cut where it is long, or in parts. It is called for each file
that is read, in the thread that adds; what it raises is told as damage of the file."""

ReaderLike: TypeAlias = ReadFunction | FileReader
_KEY = re.compile(r"\.\S+|[\w.+-]+/[\w.+-]+")


@dataclass(frozen=True)
class FunctionReader:
    """A function as a reader.

    Attributes:
        function: see `ReadFunction`.
        name: by default the function's module and name.
        version: change it when the function comes to read the same file otherwise; `sync` then reads its files anew.
    """

    function: ReadFunction
    name: str = ""
    version: str = "1"

    def __post_init__(self) -> None:
        if not self.name:
            own = getattr(self.function, "__qualname__", type(self.function).__qualname__)
            object.__setattr__(self, "name", f"{getattr(self.function, '__module__', '')}.{own}")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """None of its own."""
        return {}

    def takes(self, head: bytes) -> bool:
        """Whatever has the name."""
        return True

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        """`data` is not used: the function opens the file that is called `name`."""
        found = self.function(Path(name))
        flow = Flow()
        for one in [found] if isinstance(found, str) else found:
            if isinstance(one, Picture) or (isinstance(one, Passage) and one.place != Excerpt()):
                yield one
                continue
            if not isinstance(one, str | Passage):
                raise MediaError(
                    f"{name}: {self.name} gave a {type(one).__name__}: give texts, or Passage(...)", "damaged"
                )
            flow.part("", heading=one.heading if isinstance(one, Passage) else "", metadata=_told(one))
            flow.text(one if isinstance(one, str) else one.text)
        yield from flow.passages(most_tokens)


def _told(one: str | Passage) -> Mapping[str, Any]:
    if isinstance(one, str):
        return {}
    return {**one.metadata, **({"symbol": one.symbol} if one.symbol else {})}


_OURS = frozenset(("source", "file_path", "modality", "mime_type", "sha256", "uri"))


def own_passage(text: str, metadata: Mapping[str, Any]) -> Passage:
    """A passage with another library's metadata, as far as they can be kept: where it came from is known here."""
    kept = {name: value for name, value in metadata.items() if name not in _OURS and _can_be_kept(value)}
    return Passage(text, Excerpt(), metadata=kept)


def _can_be_kept(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def readers_of(given: Mapping[str, ReaderLike] | None) -> Readers:
    """The readers of an add: `given` by the end of a file's name (".rst") or MIME type, before those of the table.

    Raises:
        ConfigurationError: a key that is neither, or a value that reads nothing.
    """
    if given is None:
        return Readers()
    if not isinstance(given, Mapping):
        raise ConfigurationError('readers= is a mapping such as {".rst": function}')
    return Readers({_key(key): _reader(key, like) for key, like in given.items()})


def _key(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ConfigurationError(f'readers= names files by their end or MIME type, ".rst" or "text/x-rst", not {key!r}')
    return key.lower()


def _reader(key: str, like: ReaderLike) -> FileReader:
    if isinstance(like, FileReader):
        return like
    if isinstance(like, type) or not callable(like):
        raise ConfigurationError(f"readers={{{key!r}: ...}} takes a function of a path, or a FileReader, not {like!r}")
    return FunctionReader(like)
