"""What is embedded: contents, made of parts. One `Content` is exactly one vector."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from gemini_embed.content.parts import Image, Media, Part, Text, Video, media_of_type
from gemini_embed.content.places import is_genai, is_pil, named_type
from gemini_embed.errors import InputError

ContentLike: TypeAlias = Any
"""str, a part, a `Content`, a PIL image, google-genai's `Part`, `File` or `Content`, or a sequence of such parts."""


@dataclass(frozen=True, slots=True, init=False)
class Content:
    """One or more parts that become one vector together. `title` is used where the task has a place for it."""

    parts: tuple[Part, ...]
    title: str | None

    def __init__(self, *parts: Any, title: str | None = None) -> None:
        object.__setattr__(self, "parts", parts_of(parts))
        object.__setattr__(self, "title", title)
        if not self.parts:
            raise InputError("a content needs at least one part")
        if title is not None and not isinstance(title, str):
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
        if isinstance(like, str):
            return cls(like)
        if is_genai(like) and hasattr(like, "parts"):
            return cls(*(like.parts or ()))
        if isinstance(like, Sequence) and not isinstance(like, bytes | bytearray | memoryview):
            return cls(*like)
        return cls(like)


def parts_of(likes: Sequence[Any], convert: Callable[[Any], Part] | None = None) -> tuple[Part, ...]:
    """The parts of one content, each by `convert` (`part_of`); of several, one that cannot be a part is named."""
    parts = []
    for number, like in enumerate(likes):
        try:
            parts.append((convert or part_of)(like))
        except InputError as e:
            raise (e.in_part(number) if len(likes) > 1 else e) from e.__cause__
    return tuple(parts)


def part_of(like: Any) -> Part:
    """The part that `like` means: a str is text, bytes are the medium that they begin like, a path is the medium that
    its name says (what the file holds is looked at before anything is sent), and an image where nothing says more."""
    if isinstance(like, Part):
        return like
    if isinstance(like, str):
        return Text(like)
    if is_genai(like):
        return _from_genai(like)
    if is_pil(like):
        return Image(like)
    if isinstance(like, os.PathLike):
        return (media_of_type(named_type(os.fspath(like)) or "") or Image)(like)
    if isinstance(like, bytes | bytearray | memoryview) or hasattr(like, "read"):
        return _recognised(Image(like))
    raise InputError(
        f"cannot embed a {type(like).__name__}: pass str, Text, Image, Audio, Video, Pdf, Content or a PIL image"
    )


def _from_genai(like: Any) -> Part:
    """A google-genai `types.Part` or `types.File` as ours."""
    if getattr(like, "text", None) is not None:
        return Text(like.text)
    blob, file = getattr(like, "inline_data", None), getattr(like, "file_data", None)
    if blob is not None:
        source, mime_type = blob.data, blob.mime_type
    elif file is not None:
        source, mime_type = file.file_uri, file.mime_type
    else:
        source, mime_type = like, getattr(like, "mime_type", None)
    kind = media_of_type(mime_type or "")
    if kind is None:
        raise InputError(
            f"of google-genai's parts, text, images, audio, video and PDF can be embedded, not {mime_type!r}"
        )
    if kind is Video and (excerpt := getattr(like, "video_metadata", None)) is not None:
        return video_excerpt(source, mime_type, excerpt.start_offset, excerpt.end_offset, excerpt.fps)
    return kind(source, mime_type=mime_type)


def _recognised(held: Media) -> Media:
    """Bytes as the medium that they begin like."""
    from gemini_embed.media.kinds import HEAD_BYTES, kind_of  # texts need nothing of it

    kind = kind_of((held.data or b"")[:HEAD_BYTES])
    medium = media_of_type(kind.mime_type) if kind else None
    return (medium or type(held))(held.data)


def video_excerpt(
    source: Any, mime_type: str | None, start_offset: str | None, end_offset: str | None, fps: float | None
) -> Video:
    """A video with the wire's `videoMetadata`, where offsets are durations such as "12.5s"."""
    return Video(source, mime_type=mime_type, start_s=_seconds(start_offset), end_s=_seconds(end_offset), fps=fps)


def _seconds(offset: str | None) -> float | None:
    """A duration of the wire, such as "12.5s"."""
    try:
        return None if offset is None else float(offset.removesuffix("s"))
    except ValueError as e:
        raise InputError(f"video_metadata: {offset!r} is no offset in seconds, such as '12.5s'") from e
