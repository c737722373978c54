"""Where media are read from: bytes, a path, or a binary file that can seek."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO, TypeAlias

from gemini_embed.errors import InputError
from gemini_embed.media.files import open_file

Source: TypeAlias = bytes | str | os.PathLike[str] | BinaryIO
"""bytes, a path, or a binary file object that can seek."""


@contextmanager
def reading(source: Source, root: str | None = None) -> Iterator[BinaryIO]:
    """The source as a file at its beginning; what was opened here is closed, the caller's own file is not.

    Raises:
        InputError: missing, unreadable, no regular file, outside of `root`, or a file object that cannot seek.
    """
    if isinstance(source, bytes):
        yield BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with open_file(os.fspath(source), root=root) as file:
            yield file
    else:
        if not source.seekable():
            raise InputError("the file object cannot seek: read it and pass its bytes")
        source.seek(0)
        yield source


def size_of(file: BinaryIO) -> int:
    """Bytes of a file; it is at its beginning afterwards."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def called(source: Source) -> str:
    """What messages call it."""
    if isinstance(source, bytes):
        return f"<{len(source)} bytes>"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "the file"
