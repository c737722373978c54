"""What is embedded: parts, and contents made of them. One `Content` is exactly one vector.

A part knows where its data is (a path, bytes, a URL, a data URI, a PIL image); nothing is read before it is embedded.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, TypeAlias
from urllib.parse import unquote_to_bytes, urlsplit

from gemini_embed.errors import InputError
from gemini_embed.models import Modality

ContentLike: TypeAlias = Any
"""str, a part, a `Content`, a PIL image, google-genai's `Part` or `Content`, or a sequence of such parts."""


PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"})
"""PIL's modes that PNG has; pictures of others (CMYK, floats) become RGB."""


class Part:
    """One piece of a content, of one modality."""

    modality: ClassVar[Modality]


@dataclass(frozen=True, slots=True)
class Text(Part):
    """A piece of text."""

    modality: ClassVar[Modality] = "text"
    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InputError(f"text must be a str, not {type(self.text).__name__}")


class Media(Part):
    """A part whose data lives somewhere: the base of `Image`, and of other media to come.

    Exactly one of `data` (bytes) and `location` (a path or an http(s) URL) is set. `mime_type` is what the caller
    claims; what the bytes say wins.
    """

    __slots__ = ("data", "location", "mime_type")
    data: bytes | None
    location: str | None
    mime_type: str | None

    def __init__(self, source: Any, mime_type: str | None = None) -> None:
        self.data, self.location, claimed = _place(source)
        self.mime_type = mime_type or claimed

    @property
    def is_url(self) -> bool:
        """Whether the data must be fetched."""
        return self.location is not None and self.location.startswith(("http://", "https://"))

    def local_bytes(self) -> bytes | None:
        """The bytes, read from disk if need be; None for a URL.

        Raises:
            InputError: the file is missing, not a file, or unreadable.
        """
        if self.data is not None or self.location is None:
            return self.data
        if self.is_url:
            return None
        try:
            return Path(self.location).read_bytes()
        except OSError as e:
            raise InputError(f"cannot read {self.location}: {e.strerror or e}") from e

    def __repr__(self) -> str:
        where = repr(self.location) if self.location else f"<{len(self.data or b'')} bytes>"
        return f"{type(self).__name__}({where})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.data, self.location, self.mime_type


class Image(Media):
    """An image from a path, bytes, an http(s) URL, a data URI, a binary file object or a PIL image.

    PNG and JPEG are sent as they are; what the backend does not take is converted to PNG (`pip install
    "gemini-embed[media]"`). The bytes decide what it is, not the name or `mime_type`.
    """

    __slots__ = ()
    modality: ClassVar[Modality] = "image"


@dataclass(frozen=True, slots=True, init=False)
class Content:
    """One or more parts that become one vector together. `title` is used where the task has a place for it."""

    parts: tuple[Part, ...]
    title: str | None

    def __init__(self, *parts: Any, title: str | None = None) -> None:
        object.__setattr__(self, "parts", tuple(part_of(p) for p in parts))
        object.__setattr__(self, "title", title)
        if not self.parts:
            raise InputError("a content needs at least one part")
        if not isinstance(title, str | None):
            raise InputError(f"title must be a str or None, not {type(title).__name__}")

    @property
    def has_media(self) -> bool:
        """Whether any part is not text."""
        return any(not isinstance(p, Text) for p in self.parts)

    @property
    def text(self) -> str:
        """The text parts, joined by line breaks."""
        return "\n".join(p.text for p in self.parts if isinstance(p, Text))

    @classmethod
    def of(cls, like: ContentLike) -> Content:
        """The content that `like` means; a sequence is one content of interleaved parts."""
        if isinstance(like, Content):
            return like
        if _is_genai(like) and hasattr(like, "parts"):
            return cls(*(like.parts or ()))
        if isinstance(like, Sequence) and not isinstance(like, str | bytes | bytearray | memoryview):
            return cls(*like)
        return cls(like)


def contents_of(likes: Iterable[ContentLike]) -> list[Content]:
    """Every input as a `Content`; what cannot be one is named by its position."""
    if isinstance(likes, str | bytes | Part | Content):
        raise InputError(f"pass a list of inputs, not one {type(likes).__name__}: [x] for a single one")
    if not isinstance(likes, Iterable):
        raise InputError(f"pass a list of inputs, not {type(likes).__name__}")
    contents = []
    for position, like in enumerate(likes):
        try:
            contents.append(Content.of(like))
        except InputError as e:
            raise e.at(position) from e.__cause__
    return contents


def part_of(like: Any) -> Part:
    """The part that `like` means: a str is text, a path, bytes or a PIL image is an image."""
    if isinstance(like, Part):
        return like
    if isinstance(like, str):
        return Text(like)
    if _is_genai(like):
        return _from_genai(like)
    if isinstance(like, bytes | bytearray | memoryview | os.PathLike) or _is_pil(like) or hasattr(like, "read"):
        return Image(like)
    raise InputError(f"cannot embed a {type(like).__name__}: pass str, Text, Image, Content or a PIL image")


def _place(source: Any) -> tuple[bytes | None, str | None, str | None]:
    """(bytes, location, claimed MIME type) of a source."""
    if isinstance(source, str):
        scheme = source.split(":", 1)[0].lower() if ":" in source[:12] else ""
        if scheme == "data":
            return _from_data_uri(source)
        if "://" in source[:12]:
            return None, _checked_location(source, scheme), None
        return None, source, None
    if isinstance(source, os.PathLike):
        return None, os.fspath(source), None
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), None, None
    if _is_pil(source):
        buffer = BytesIO()
        picture = source if source.mode in PNG_MODES else source.convert("RGB")
        picture.save(buffer, format="PNG")
        return buffer.getvalue(), None, "image/png"
    if hasattr(source, "read"):
        return _from_file_object(source), None, None
    raise InputError(f"cannot read media from a {type(source).__name__}: pass a path, bytes, a URL or a data URI")


def _checked_location(source: str, scheme: str) -> str:
    if scheme in ("http", "https"):
        if not urlsplit(source).hostname:
            raise InputError(f"{source!r} has no host")
        return f"{scheme}{source[len(scheme) :]}"
    if scheme == "file":
        raise InputError(f"{source!r}: URLs are http(s) only, so that none reads local files; pass the path itself")
    raise InputError(f"{scheme}:// is not supported: pass an http(s) URL, a path, bytes or a data URI")


def _from_data_uri(uri: str) -> tuple[bytes, None, str | None]:
    head, comma, payload = uri[5:].partition(",")
    if not comma:
        raise InputError("a data URI without a comma holds no data")
    mime_type, *options = head.split(";")
    raw = unquote_to_bytes(payload)
    if "base64" in (o.strip().lower() for o in options):
        try:
            raw = base64.b64decode(raw, validate=True)
        except binascii.Error as e:
            raise InputError(f"the data URI's base64 is damaged: {e}") from e
    return raw, None, mime_type or None


def _from_file_object(source: Any) -> bytes:
    data = source.read()
    if not isinstance(data, bytes):
        raise InputError("the file object yields text: open it in binary mode")
    return data


def _is_pil(like: Any) -> bool:
    return any(kind.__module__.startswith("PIL.") for kind in type(like).__mro__)


def _is_genai(like: Any) -> bool:
    return type(like).__module__.startswith("google.genai.")


def _from_genai(part: Any) -> Part:
    """A google-genai `types.Part` as ours."""
    if getattr(part, "text", None) is not None:
        return Text(part.text)
    blob = getattr(part, "inline_data", None)
    if blob is not None and (blob.mime_type or "").startswith("image/"):
        return Image(blob.data, mime_type=blob.mime_type)
    raise InputError("of google-genai's parts, text and inline images can be embedded here")
