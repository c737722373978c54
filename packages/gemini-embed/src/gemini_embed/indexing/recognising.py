"""What a file or a medium is, by what it holds and not by its name; and its hash, read in pieces."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

from gemini_embed.content import Media, media_of_type
from gemini_embed.errors import InputError, MediaError, MissingExtraError
from gemini_embed.media import open_file, read_file
from gemini_embed.media.kinds import HEAD_BYTES, kind_of
from gemini_embed.readers import FileReader, FunctionReader, Readers, mime_type_named
from gemini_embed.readers.encoded import Said, said_of
from gemini_embed.readers.encoding import text_of
from gemini_embed.windows import probe

_MARKDOWN = (".md", ".markdown")
_TABLE = Readers()
_NO_PROSE = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_SAVED_ANEW = "save it anew as"
_WAYS_OUT = {
    ".doc": f"{_SAVED_ANEW} .docx",
    ".ppt": f"{_SAVED_ANEW} .pptx",
    ".xls": f"{_SAVED_ANEW} .xlsx",
    ".xlsb": f"{_SAVED_ANEW} .xlsx",
    ".msg": f"{_SAVED_ANEW} .eml",
    ".pages": f"{_SAVED_ANEW} .docx or PDF",
    ".numbers": f"{_SAVED_ANEW} .xlsx or PDF",
    ".key": f"{_SAVED_ANEW} .pptx or PDF",
    ".mobi": f"{_SAVED_ANEW} .epub",
    ".azw3": f"{_SAVED_ANEW} .epub",
    ".zip": "unpack it",
    ".gz": "unpack it",
    ".tar": "unpack it",
    ".7z": "unpack it",
}
"""What helps with files that nothing here reads; anything else can be given a reader by `readers=`."""
_LONGEST_CHARACTER = 4  # bytes of UTF-8


@dataclass(frozen=True)
class TextFile:
    """A file that holds text, in UTF-8 or whatever else can be told."""

    path: Path
    said: Said
    """The text, without data written as base64."""

    @property
    def mime_type(self) -> str:
        """By its name, as text has no marks of its own."""
        if self.path.suffix.lower() in _MARKDOWN:
            return "text/markdown"
        return _text_type(self.path)


@dataclass(frozen=True)
class ReadFile:
    """A file that a reader makes passages of."""

    path: Path
    data: bytes
    reader: FileReader

    @property
    def mime_type(self) -> str:
        """By its name."""
        return mime_type_named(self.path) or _text_type(self.path)


def file_part(path: Path, root: str | None, readers: Readers = _TABLE) -> Media | TextFile | ReadFile:
    """A file as a medium, as text, or as what a reader is there for; the caller's own readers come first.

    Raises:
        InputError: unreadable, empty, or neither.
    """
    try:
        head = read_file(os.fspath(path), root=root, head_bytes=HEAD_BYTES)
    except InputError as error:
        if isinstance(error.__cause__, IsADirectoryError):
            way_out = f"pass it alone, add({os.fspath(path)!r}), to add all its files"
            raise InputError(f"{path} is a folder: {way_out}") from error
        raise
    if head and (own := readers.own_of(path)) and own.takes(head):
        opens_itself = isinstance(own, FunctionReader)  # it may be large
        return ReadFile(path, b"" if opens_itself else read_file(os.fspath(path), root=root), own)
    kind = kind_of(head)
    if kind is not None and (part := media_of_type(kind.mime_type)) is not None and not _is_prose(head, kind.modality):
        return part(path, kind.mime_type)
    if not head:
        raise MediaError(f"{path} is empty (0 bytes)", "empty")
    if (reader := readers.of(path)) and reader.takes(head):
        return ReadFile(path, read_file(os.fspath(path), root=root), reader)
    # Looked at before all of it is read: whatever is not text can be large.
    named = mimetypes.guess_type(path.name)[0] or "of an unknown kind"
    text = _decoded(read_file(os.fspath(path), root=root)) if _may_be_text(head) else None
    # An SVG is text too, and so is a page that says "not found".
    if text is None or media_of_type(named):
        holds = f"it begins {head[:16].decode('ascii', 'replace')!r}"
        raise MediaError(
            f"{path} is no image, audio, video or PDF that is known here, nor text: {holds}, and its name says {named}"
            f"{_ways_out(path)}",
            "unknown",
        )
    if not text.strip():
        raise MediaError(f"{path} is empty (only white space)", "empty")
    said = said_of(text)
    if not said.text.strip():
        raise MediaError(f"{path} holds nothing but data written as text", "no_content")
    return TextFile(path, said)


def _text_type(path: Path) -> str:
    named = mimetypes.guess_type(path.name)[0] or ""
    return named if named.startswith("text/") else "text/plain"


def _is_prose(head: bytes, modality: str) -> bool:
    """Whether what begins like a medium is a text that happens to: "ID3 tags", "BMW". No medium's head can be read as
    text, but that of a PDF."""
    return modality != "pdf" and _utf_8(head) is not None and _NO_PROSE.search(head) is None


def _may_be_text(head: bytes) -> bool:
    return _utf_8(head) is not None or text_of(head[: len(head) // 4 * 4]) is not None


def _utf_8(head: bytes) -> str | None:
    """A file's beginning in UTF-8; a character may be cut off at its end."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < HEAD_BYTES - _LONGEST_CHARACTER:
            return None
        text = head[: error.start].decode("utf-8-sig")
    return None if "\0" in text else text


def _decoded(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text_of(data)
    return text if "\0" not in text else text_of(data)


def _ways_out(path: Path) -> str:
    told = _WAYS_OUT.get(path.suffix.lower())
    return f": {told}" if told else ""


def mime_type_of(part: Media, root: str | None) -> str | None:
    """The MIME type of a medium that is at hand; an image is looked into to its end, where Pillow is installed.

    Raises:
        MediaError: an image that is damaged, or that is none.
    """
    head = part.local_bytes(root=root, head_bytes=HEAD_BYTES) or b""
    if part.modality == "image":
        held = part.data if part.data is not None else part.location or ""
        try:
            return probe(held, "image", name=repr(part), root=root).mime_type
        except MissingExtraError:  # PNG and JPEG can be sent without it
            if kind_of(head) is None:
                raise
    kind = kind_of(head)
    return kind.mime_type if kind else part.mime_type


def digest_of(part: Media, root: str | None) -> tuple[str, int]:
    """SHA-256 of the bytes of a medium that is at hand, in hex, and how many bytes these are."""
    if part.data is not None:
        return hashlib.sha256(part.data).hexdigest(), len(part.data)
    with open_file(part.location or "", root=root) as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
