"""Memory given back while a store in mapped files grows.

Pages of a mapped file that were written count as this process's memory until the kernel needs them elsewhere, so an
engine that maps its vectors seems to hold all it ever wrote. Linux can be asked to take them now; other systems, and
kernels before 5.4, take them in their own time.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_MADV_PAGEOUT = 21
"""Pages leave memory once they are on disk, and come back when they are read: no content can be lost by it."""


def release_mapped(folder: Path) -> None:
    """Ask the kernel to take the pages of shared mappings of files below `folder`."""
    if sys.platform != "linux":
        return
    for start, end in _shared_mappings(f"{folder.resolve()}/"):
        _libc().madvise(start, end - start, _MADV_PAGEOUT)  # a refusal changes nothing


def _shared_mappings(prefix: str) -> Iterator[tuple[int, int]]:
    """Address ranges, from lines such as `7f00-7f10 rw-s 00000000 08:01 42   /path/of/the file`."""
    with Path("/proc/self/maps").open(encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            fields = line.rstrip("\n").split(maxsplit=5)
            if len(fields) == 6 and fields[1].endswith("s") and fields[5].startswith(prefix):
                start, end = fields[0].split("-")
                yield int(start, 16), int(end, 16)


@cache
def _libc() -> Any:
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return libc
