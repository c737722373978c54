"""Milvus Lite: files opened by a server that milvus-lite runs inside this process, one for each file.

pymilvus would start it too, but answers a locked file with a log line and an error that does not say so.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gemini_embed.errors import ConfigurationError, StoreError, StoreLockedError, missing_extra

_INDEX_PARAMS = {"M", "efConstruction"}
_CELL_PARAMS = {"nlist"}
_INDEXES: Mapping[str, set[str]] = {
    "AUTOINDEX": set(),
    "FLAT": set(),
    "HNSW": _INDEX_PARAMS,
    "HNSW_SQ": _INDEX_PARAMS,
    "IVF_FLAT": _CELL_PARAMS,
    "IVF_SQ8": _CELL_PARAMS,
}
"""Every index that Lite builds (3.2), with its parameters; it accepts other names too, and then scans."""
_SEARCH_PARAMS = {"ef", "nprobe"}

_ITERATORS = ("pymilvus.client.iterator.query_iterator", "pymilvus.orm.iterator")
"""Loggers that warn, at every iteration over a file, that it has no server's timestamps (pymilvus 3 and 2.6)."""

_starting = threading.Lock()
_writing: dict[Path, threading.RLock] = {}


def check_file(place: str, token: str | None) -> None:
    """Raise ConfigurationError for what is no file of Milvus Lite, or for a server's token beside one."""
    if not place.endswith(".db"):
        raise ConfigurationError(f"{place!r}: give http://host:port, or the path of a file that ends in .db")
    if token is not None:
        raise ConfigurationError("token goes with the address of a server, not with a file")


def check_settings(index_type: str, index_params: Mapping[str, Any], search_params: Mapping[str, Any]) -> None:
    """ConfigurationError for what Lite would take without a word and then not do."""
    if index_type not in _INDEXES:
        raise ConfigurationError(
            f"Milvus Lite accepts the index {index_type!r} but builds none: it has {', '.join(_INDEXES)}; "
            "others need a server, MilvusStore('http://...')"
        )
    ignored = [*(set(index_params) - _INDEXES[index_type]), *(set(search_params) - _SEARCH_PARAMS)]
    if ignored:
        raise ConfigurationError(
            f"Milvus Lite ignores {', '.join(sorted(ignored))} with {index_type}: leave it out, or use a server"
        )


def start(path: Path) -> tuple[str, threading.RLock]:
    """Open the file; returns the local server's address, and the lock that its one writer at a time must hold.

    StoreLockedError when another process has it.
    """
    manager = _manager()
    path.parent.mkdir(parents=True, exist_ok=True)
    catcher = _Catcher()
    log = logging.getLogger("milvus_lite.server_manager")
    for name in _ITERATORS:
        logging.getLogger(name).addFilter(_is_of_use)
    with _starting:
        log.addFilter(catcher)
        try:
            address = manager.start_and_get_uri(str(path))
        finally:
            log.removeFilter(catcher)
        lock = _writing.setdefault(path.absolute(), threading.RLock())
    if address is None:
        if type(catcher.error).__name__ == "DataDirLockedError":
            raise StoreLockedError(
                f"{path} is open in another process, and Milvus Lite allows one at a time: close that one first, "
                "or share an index by a server, MilvusStore('http://...')"
            ) from catcher.error
        raise StoreError(f"Milvus Lite cannot open {path}: {catcher.error}") from catcher.error
    return address, lock


def stop(path: Path, address: str) -> None:
    """Let go of the file, unless another client in this process, such as langchain-milvus's, still uses it."""
    from pymilvus.client.connection_manager import ConnectionManager

    place = address.removeprefix("http://")
    connections = ConnectionManager.get_instance().get_stats()["connections"]
    if not any(one["address"] == place and one["client_count"] for one in connections):
        _manager().release_server(str(path))


def _manager() -> Any:
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError as error:
        raise missing_extra("milvus", "milvus-lite") from error
    return server_manager_instance


class _Catcher(logging.Filter):
    """Keeps the error that milvus-lite logs instead of raising it, and keeps it off the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info is None:
            return True
        self.error = record.exc_info[1]
        return False


def _is_of_use(record: logging.LogRecord) -> bool:
    return "mvccTs" not in record.getMessage()


def _leave_files_to_the_parent() -> None:
    """In a forked child, milvus-lite's handler at exit would write and close what the parent has open."""
    import sys

    module = sys.modules.get("milvus_lite.server_manager")
    if module is not None:
        atexit.unregister(module.server_manager_instance.release_all)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_files_to_the_parent)
