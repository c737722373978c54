"""What an index is fed: items, each made ready as a record (for the store) and a content (for the embedder)."""

from __future__ import annotations

import hashlib
import json
import math
import mimetypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, uuid5

import filetype

from gemini_embed.content import Content, ContentLike, Image, Media, Part, Text
from gemini_embed.errors import InputError
from gemini_embed.stores.base import Record

_NAMESPACE = UUID("7f1c5a52-8a0e-5f0f-9b57-6c1f7a0f6e0d")
"""Of all record ids. Never changes: ids made today must come out the same tomorrow."""


@dataclass(frozen=True)
class Item:
    """One thing to index, with what should be known about it.

    Attributes:
        content: a str (text), `Path` (its file), part, `Content`, PIL image, or a list of parts for one interleaved
            content.
        source: what the content belongs to; all records of a source are replaced together. Default: `metadata`'s
            "source", else the path or URL of the content, else "sha256:..." of it.
        metadata: your own fields, kept with the record and open to filters. JSON values; dates become ISO text.
        title: embedded with the content where the task has a place for it, and kept.
        page_content: text to keep with the record, such as a caption. Default: the content's own text.
    """

    content: ContentLike
    source: str | None = None
    metadata: Mapping[str, Any] | None = None
    title: str | None = None
    page_content: str | None = None


ItemLike: TypeAlias = ContentLike | Path | Item
"""An `Item`, or just its content."""


@dataclass(frozen=True)
class Prepared:
    """An item made ready. Equal `content_key`s mean equal vectors."""

    record: Record
    content: Content
    content_key: str


def prepare(like: ItemLike, fingerprint_digest: str, root: str | None = None) -> Prepared:
    """Read and hash an item, its files inside of `root` only. A URL is not fetched: it stands for its content.

    Raises:
        InputError: it cannot be indexed; the error names the file, and no position.
    """
    item = like if isinstance(like, Item) else Item(like)
    content, uri, mime_type = _content(item, root)
    seen = [_look(part, root) for part in content.parts]
    content_hash = seen[0].sha256 if len(seen) == 1 else _sha256("\n".join(one.sha256 for one in seen))
    metadata = _json_object(item.metadata or {})
    source = item.source or metadata.get("source") or uri or f"sha256:{content_hash}"
    if not isinstance(source, str):
        raise InputError(f"the source in metadata must be a string, not {type(source).__name__}")
    described = {
        "source": source,
        "modality": _modality(content),
        "mime_type": next((one.mime_type for one in seen if one.mime_type), mime_type),
        "title": content.title,
        "sha256": None if any(one.unread for one in seen) else content_hash,
        "uri": uri,
    }
    content_key = json.dumps([content_hash, content.title])
    window = None  # the whole content: every record today
    record = Record(
        id=str(uuid5(_NAMESPACE, json.dumps([source, window, content_key, fingerprint_digest]))),
        page_content=content.text if item.page_content is None else item.page_content,
        metadata=metadata | {name: value for name, value in described.items() if value is not None},
    )
    _check_text(record)
    return Prepared(record, content, content_key)


def source_of(like: ItemLike) -> str | None:
    """The source of an item that may be unfit to be prepared, as far as it tells, and as it can be printed."""
    source = _named_source(like if isinstance(like, Item) else Item(like))
    return source and source.encode(errors="replace").decode()


def _named_source(item: Item) -> str | None:
    named = item.source or (item.metadata.get("source") if isinstance(item.metadata, Mapping) else None)
    if isinstance(named, str):
        return named
    if isinstance(item.content, Media):
        return item.content.location
    return os.fspath(item.content) if isinstance(item.content, os.PathLike) else None


def _content(item: Item, root: str | None) -> tuple[Content, str | None, str | None]:
    """What to embed, the path or URL it came from, and the MIME type of text (media tell their own)."""
    if isinstance(item.content, os.PathLike):
        path = Path(item.content)
        part, mime_type = _file(path, root)
        return Content(part, title=item.title), str(path), mime_type
    content = Content.of(item.content)
    if item.title is not None:
        content = Content(*content.parts, title=item.title)
    places = (part.location for part in content.parts if isinstance(part, Media))
    return content, next(filter(None, places), None), "text/plain"


def _file(path: Path, root: str | None) -> tuple[Part, str | None]:
    """A file as a part, by what it holds: an image, or text in UTF-8; with the MIME type of text."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: pass its files, for example sorted(Path(...).rglob('*.md'))")
    image = Image(path)
    data = image.local_bytes(root=root) or b""
    kind = filetype.guess_mime(data)
    if kind is not None and kind.startswith("image/"):
        return image, None
    named = mimetypes.guess_type(path.name)[0] or "text/plain"
    text = _text(data) if kind is None and not named.startswith("image/") else None
    if text is None:
        raise InputError(f"{path} is neither an image nor text in UTF-8 ({kind or named}): this cannot be indexed yet")
    if not text.strip():
        raise InputError(f"{path} is empty")
    return Text(text), "text/markdown" if path.suffix in (".md", ".markdown") else "text/plain"


def _text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


class _Look(NamedTuple):
    sha256: str
    mime_type: str | None = None
    unread: bool = False


def _look(part: Part, root: str | None) -> _Look:
    """The hash of a part, over its text or bytes; a URL is hashed as its address, unread."""
    if isinstance(part, Text):
        return _Look(_sha256(part.text))
    if not isinstance(part, Media):
        raise InputError(f"a {type(part).__name__} cannot be indexed")
    data = part.local_bytes(root=root)
    if data is None:
        return _Look(_sha256(part.location or ""), part.mime_type, unread=True)
    return _Look(hashlib.sha256(data).hexdigest(), filetype.guess_mime(data) or part.mime_type)


def _modality(content: Content) -> str:
    kinds = {part.modality for part in content.parts}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _sha256(text: str) -> str:
    try:
        return hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise InputError(f"the text holds a lone surrogate at character {error.start}: it is not valid text") from error


def _check_text(record: Record) -> None:
    """InputError for what no store could keep: names of files need not be valid text."""
    try:
        json.dumps([record.page_content, record.metadata], ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 40) : error.end]
        raise InputError(f"a path, metadata or page_content is not valid text (a lone surrogate): {near!r}") from error


def _json_object(metadata: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(metadata, Mapping):
        raise InputError(f"metadata is a mapping, not {type(metadata).__name__}")
    return {_key(key): _json_value(value, str(key)) for key, value in metadata.items()}


def _json_value(value: Any, name: str) -> Any:
    """`value` as every store can keep it and give it back."""
    if value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {_key(key): _json_value(inner, f"{name}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(inner, name) for inner in value]
    raise InputError(f"metadata {name!r} holds {value!r}: only JSON values, dates and paths can be kept and filtered")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InputError(f"metadata has the key {key!r}: keys are strings")
    return key
