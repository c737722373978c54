"""Files read by path: regular ones only, at most so large, and inside `root` where one is set."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from gemini_embed.errors import InputError

# O_NONBLOCK: opening a pipe would wait for its writer. What a platform lacks (Windows most of them) is 0.
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
# O_PATH: a folder that may be passed through but not listed is fine.
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_PATH", os.O_RDONLY)


def read_file(path: str, *, root: str | None, max_bytes: int | None = None, head_bytes: int | None = None) -> bytes:
    """The bytes of a regular file, all of them or the first `head_bytes`; nothing else is opened or waited for.

    With `root` the file must lie inside that folder once all symbolic links are followed, the root's own too. A
    relative `path` begins at the working directory, as it does without a root.

    Raises:
        InputError: missing, unreadable, not a regular file, outside of `root`, or of more than `max_bytes`.
    """
    with open_file(path, root=root) as file:
        size = os.fstat(file.fileno()).st_size
        if max_bytes is not None and size > max_bytes:
            raise InputError(f"{path} has {size} bytes, more than max_media_bytes={max_bytes}")
        return file.read(size if head_bytes is None else head_bytes)  # no more, if it grows meanwhile


def open_file(path: str, *, root: str | None = None) -> BufferedReader:
    """A regular file, open for reading; see `read_file`.

    Raises:
        InputError: missing, unreadable, not a regular file, or outside of `root`.
    """
    try:
        return open(_opened(path, root), "rb")
    except OSError as e:
        raise InputError(f"cannot read {path}: {e.strerror or e}") from e
    except UnicodeEncodeError as e:
        raise InputError(f"cannot read {path!a}: no file has such a name") from e


def _opened(path: str, root: str | None) -> int:
    """A descriptor of the file. What is checked is the file that was opened, so that no swap in between helps."""
    if "\0" in path:
        raise InputError(f"cannot read {path!r}: a name holds no null byte")
    real = path if root is None else _inside(path, root)
    _check_regular(path, os.stat(real))  # before it is opened: opening a device can have effects
    descriptor = os.open(real, _FILE) if root is None else _opened_without_links(real, os.path.realpath(root))
    try:
        _check_regular(path, os.fstat(descriptor))
    except (InputError, OSError):
        os.close(descriptor)
        raise
    return descriptor


def _inside(path: str, root: str) -> str:
    """Where `path` leads, if that is inside `root`."""
    real, real_root = os.path.realpath(path), os.path.realpath(root)
    if Path(real).is_relative_to(real_root):
        return real
    leads = f" (it leads to {real})" if real != path else ""
    raise InputError(f"{path} lies outside of root={root}{leads}: only files inside are read")


def _opened_without_links(real: str, root: str) -> int:
    """Open the resolved path `real`, from `root` down, folder by folder; a link that appeared meanwhile is an error."""
    if os.open not in os.supports_dir_fd:  # Windows, where making a link takes a privilege
        return os.open(real, _FILE | _NO_LINK)
    *folders, name = Path(real).relative_to(root).parts or (".",)
    here = os.open(root, _FOLDER)
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER | _NO_LINK, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(name, _FILE | _NO_LINK, dir_fd=here)
    finally:
        os.close(here)


def _check_regular(path: str, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"cannot read {path}: it is a pipe, a device or a socket, not a regular file")
