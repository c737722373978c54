"""Compressed replies, inflated with isal where it has a wheel (three times as fast as zlib), within a bound."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

from gemini_embed.errors import UnreadableReplyError

_zlib: Any = zlib
with suppress(ImportError):  # no wheel for this platform: zlib gives the same bytes
    from isal import isal_zlib as _zlib

GZIP_OR_ZLIB = 47
"""zlib's window bits for a gzip or zlib stream, told apart by its header."""


def inflate(data: bytes, encoding: str, max_bytes: int) -> bytes:
    """`data` of a `content-encoding`, inflated.

    Raises:
        UnreadableReplyError: damaged, cut short, of an unknown encoding, or larger than `max_bytes`.
    """
    if encoding in ("", "identity"):
        return data
    decompressor = _decompressor(encoding)
    try:
        # A gzip stream ends with its size, and a buffer that fits saves the copies of one that grows. Nothing relies on
        # it: any server can write anything there.
        told = max(int.from_bytes(data[-4:], "little"), 1)
        inflated: bytes = decompressor.decompress(data, min(told, max_bytes))
        if not decompressor.eof and len(inflated) < max_bytes:
            inflated += decompressor.decompress(decompressor.unconsumed_tail, max_bytes - len(inflated))
    except (zlib.error, _zlib.error) as e:
        raise UnreadableReplyError(f"a damaged {encoding} reply: {e}") from e
    if decompressor.eof:
        return inflated
    if len(inflated) >= max_bytes:
        raise UnreadableReplyError(f"a reply of more than {max_bytes} bytes")
    raise UnreadableReplyError(f"a {encoding} reply that was cut short after {len(data)} bytes")


class Unpacking:
    """A body that comes piece by piece, inflated as it comes: it never takes more than twice `max_bytes`.

    The encoding is none or one gzip or deflate; several upon each other are refused: a kilobyte may hold a gigabyte.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        self._decompressor = None if encoding in ("", "identity") else _decompressor(encoding)
        self._data = bytearray()
        self._max_bytes = max_bytes

    def add(self, piece: bytes) -> bool:
        """Take the next piece; False where the body is larger than `max_bytes`, and nothing more is to be taken.

        Raises:
            UnreadableReplyError: damaged.
        """
        room = self._max_bytes + 1 - len(self._data)
        if self._decompressor is None:
            self._data += piece[:room]
        elif not self._decompressor.eof:  # what follows the end belongs to nothing
            try:
                self._data += self._decompressor.decompress(piece, room)
            except (zlib.error, _zlib.error) as e:
                raise UnreadableReplyError(f"a damaged compressed reply: {e}") from e
        return len(self._data) <= self._max_bytes

    def whole(self) -> bytes:
        """The body.

        Raises:
            UnreadableReplyError: it was cut short.
        """
        if self._decompressor is not None and not self._decompressor.eof:
            raise UnreadableReplyError(f"a compressed reply that was cut short after {len(self._data)} bytes")
        return bytes(self._data)


def _decompressor(encoding: str) -> Any:
    if encoding not in ("gzip", "deflate"):
        raise UnreadableReplyError(f"a reply compressed with {encoding!r}: one gzip at most is understood")
    return _zlib.decompressobj(GZIP_OR_ZLIB)
