"""Messages over a pipe: pickles, each after its length."""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")


def packed(message: Any) -> bytes:
    """As it goes over the pipe. Raises whatever pickle does for what cannot be sent."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def received(pipe: BinaryIO) -> Any:
    """The next message.

    Raises:
        EOFError: the other side has ended.
    """
    (length,) = _LENGTH.unpack(_read(pipe, _LENGTH.size))
    return pickle.loads(_read(pipe, length))  # noqa: S301 - from our own child, or our own parent


def _read(pipe: BinaryIO, length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
