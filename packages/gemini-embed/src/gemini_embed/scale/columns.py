"""Which columns of a row are its content, its source, its title and its metadata: a row as an item."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from gemini_embed.content import Image, Media, media_of_type
from gemini_embed.content.places import named_type
from gemini_embed.errors import ConfigurationError, InputError, MissingExtraError
from gemini_embed.indexing import ItemLike
from gemini_embed.indexing.items import Item, Unreadable
from gemini_embed.media.kinds import HEAD_BYTES, kind_of
from gemini_embed.scale.tables import Row

ContentColumns: TypeAlias = str | Mapping[str, str] | Callable[[Row], ItemLike]
"""What of a row is embedded: the name of a column of texts or bytes; `{"text": "body"}`; `{"bytes": "data"}` or
`{"uri": "path"}`, each with a `"mime_type"` column if there is one; or what makes an item of a row."""

_KEYS = ("text", "bytes", "uri")


@dataclass(frozen=True)
class Columns:
    """The columns of a row that mean something."""

    content: ContentColumns
    source: str | None = None
    metadata: Sequence[str] = ()
    title: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.metadata, str):
            raise ConfigurationError(f"metadata={self.metadata!r} must be a list of columns")
        if isinstance(self.content, Mapping):
            if sum(key in self.content for key in _KEYS) != 1 or set(self.content) - {*_KEYS, "mime_type"}:
                raise ConfigurationError(
                    f"content={dict(self.content)!r} must name exactly one of text, bytes and uri, and maybe mime_type"
                )
        elif not isinstance(self.content, str) and not callable(self.content):
            raise ConfigurationError(f"content={self.content!r} must be a column, a mapping of columns, or a function")

    def wanted(self, names: Sequence[str]) -> list[str]:
        """Those that are read, of those that are there; a function is given all."""
        if isinstance(self.content, str):
            read = [self.content]
        else:
            read = list(self.content.values() if isinstance(self.content, Mapping) else names)
        return list(dict.fromkeys([*read, *filter(None, (self.source, self.title)), *self.metadata]))

    def item(self, row: Row) -> Item:
        """The row as an item; one that is not fit to be read says so when it is."""
        source = self._text(row, self.source)
        try:
            made = self._made(row)
        except InputError as error:
            made = Unreadable(error)
        except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
            if not callable(self.content):
                raise
            made = Unreadable(InputError(f"content= failed on the row: {error!r}"))
        item = made if isinstance(made, Item) else Item(made)
        metadata = {name: row[name] for name in self.metadata if row[name] is not None}
        uri = self._uri(row)
        if uri is not None and "://" in uri and not isinstance(item.content, Unreadable):
            metadata["uri"] = uri
        return Item(
            item.content,
            source=item.source or source or uri,
            metadata={**metadata, **(item.metadata or {})},
            title=item.title or self._text(row, self.title),
            page_content=item.page_content,
        )

    def _made(self, row: Row) -> Any:
        if callable(self.content):
            return self.content(row)
        if isinstance(self.content, str):
            key, value, mime_type = "", row[self.content], None
        else:
            key = next(key for key in _KEYS if key in self.content)
            value = row[self.content[key]]
            mime_type = row[self.content["mime_type"]] if "mime_type" in self.content else None
        if value is None:
            raise InputError(f"the row has nothing in its column {self._content_column()!r}")
        if key == "uri":
            return _at(os.fspath(value), mime_type)
        if isinstance(value, bytes | bytearray | memoryview) and key != "text":
            return _held(bytes(value), mime_type)
        if isinstance(value, str) and key != "bytes":
            return value
        wanted = "a text" if key == "text" else "bytes" if key == "bytes" else "a text or bytes"
        raise InputError(f"the column {self._content_column()!r} holds {type(value).__name__}, and not {wanted}")

    def _content_column(self) -> str:
        content = self.content
        return next(content[key] for key in _KEYS if key in content) if isinstance(content, Mapping) else str(content)

    def _uri(self, row: Row) -> str | None:
        if not isinstance(self.content, Mapping) or "uri" not in self.content:
            return None
        return self._text(row, self.content["uri"])

    @staticmethod
    def _text(row: Row, name: str | None) -> str | None:
        value = None if name is None else row[name]
        return None if value is None else str(value)


def _at(uri: str, mime_type: str | None) -> Any:
    """What is at a path, at an http(s) or gs:// address, or wherever fsspec gets it from."""
    scheme = uri.partition("://")[0].lower() if "://" in uri else ""
    if not scheme:
        return Path(uri)
    if scheme == "file":
        return Path(uri[len("file://") :])
    if scheme in ("http", "https"):
        return (media_of_type(mime_type or named_type(uri) or "") or Image)(uri, mime_type)
    return _held(_read(uri), mime_type)


def _read(uri: str) -> bytes:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError(
            f"{uri} is read by fsspec: pip install fsspec, with what it needs for this address, such as s3fs; or hand "
            'over the bytes, content={"bytes": ...}'
        ) from error
    try:
        with fsspec.open(uri, "rb") as file:
            return bytes(file.read())
    except (OSError, ValueError) as error:  # ValueError: an address that it does not know
        raise InputError(f"{uri} cannot be read: {error}") from error


def _held(data: bytes, mime_type: str | None) -> Media | str:
    """Bytes as the medium that they begin like, else as text."""
    if not data:
        raise InputError("the row holds 0 bytes")
    kind = kind_of(data[:HEAD_BYTES])
    medium = media_of_type(kind.mime_type if kind else mime_type or "")
    if medium is not None:
        return medium(data, kind.mime_type if kind else mime_type)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the row's bytes are no medium that is known here, nor text in UTF-8: they begin {data[:16]!r}"
        ) from error
