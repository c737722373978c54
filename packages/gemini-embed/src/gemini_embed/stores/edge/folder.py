"""The folder of an `EdgeStore`: its fingerprint and the engine's shard."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gemini_embed.errors import StoreError, missing_extra
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.edge.requantizing import finish_swap, kept_quantization, remove_leftovers
from gemini_embed.stores.points import INDEXED_FIELDS
from gemini_embed.stores.quantization import check_kept, edge_config

if TYPE_CHECKING:
    import qdrant_edge

FINGERPRINT_FILE = "fingerprint.json"

DRAFT = re.compile(r"\.\d+\.\d+\.draft\Z")
"""How the name of a file ends that is being written, or was when its process was killed."""

LOCK_SIGN = "WouldBlock"
"""In the engine's error where another opener holds its log."""
_DOOMED = ".gemini_embed_removed"
"""How the name of a folder ends that is no index any more."""

NEW = "turbo4"
"""The codes of a new index where none are asked for (benchmarks/README.md, recall)."""


def engine() -> Any:
    """The module `qdrant_edge`; MissingExtraError without it."""
    try:
        import qdrant_edge
    except ImportError as error:
        raise missing_extra("edge", "qdrant-edge-py") from error
    return qdrant_edge


SPARE_BYTES = 64 * 2**20
"""Left free on the disk: the engine enlarges its files by 32 MB at a time."""

_FEW_SEGMENTS = 2


def check_room(folder: Path, more_bytes: int) -> None:
    """StoreError when the disk may fill up: the engine maps its files, so the system would end the process (SIGBUS)."""
    free, needed = shutil.disk_usage(folder).free, SPARE_BYTES + more_bytes
    if free < needed:
        raise StoreError(f"{folder}: {free / 2**20:.0f} MB left on the disk, {needed / 2**20:.0f} MB needed: make room")


def kept_fingerprint(folder: Path, wanted: Fingerprint) -> Fingerprint:
    """The fingerprint in the folder; `wanted` itself, once written, when the folder is new."""
    file = folder / FINGERPRINT_FILE
    if file.exists():
        return Fingerprint.from_dict(read_object(file))
    if (folder / "shard").exists():
        raise StoreError(f"{file} is missing beside its vectors: put it back, or use another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(wanted.to_dict(), indent=2))
    return wanted


def load(folder: Path, dimensions: int, quantization: str | None) -> qdrant_edge.EdgeShard:
    """Open the shard, made under another name and renamed when complete: a kill leaves all of it or none.

    `quantization`: the codes of a new shard, and of one without from its next optimisation on; None: those that are
    there, `NEW` in a new one.

    Raises:
        ConfigurationError: there are others.
    """
    shard, edge = folder / "shard", engine()
    finish_swap(folder)
    vectors = edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)
    if not shard.exists():
        draft = folder / f"shard.{os.getpid()}.{threading.get_ident()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        codes = edge_config(quantization or NEW, edge)
        wanted = edge.EdgeConfig(vectors=vectors, quantization_config=codes, max_search_threads=1)
        made = edge.EdgeShard.create(str(draft), wanted)
        for field in INDEXED_FIELDS:
            made.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))
        made.close()
        try:
            draft.rename(shard)
        except OSError:  # another opener was first; whether it still has it, loading tells
            shutil.rmtree(draft)
    kept = kept_quantization(folder)
    check_kept(folder, kept, quantization)
    codes = edge_config(quantization if kept == "none" else None, edge)
    try:
        config = edge.EdgeConfig(vectors=vectors, quantization_config=codes, max_search_threads=_threads(shard))
        loaded: qdrant_edge.EdgeShard = edge.EdgeShard.load(str(shard), config)
    except Exception as error:
        if LOCK_SIGN in str(error):
            raise
        raise StoreError(damaged(folder, error)) from error
    remove_leftovers(folder)  # ours from here on
    clear_doomed(folder.parent)
    return loaded


def _threads(shard: Path) -> int:
    """For searches, which take a segment a thread. One that is written to has all vectors until they are optimised, and
    then a second one: more threads than one would only look for work, for as long as the search takes. The engine keeps
    the number, so it is always told."""
    segments = sum(1 for _ in (shard / "segments").glob("*/"))
    return 1 if segments <= _FEW_SEGMENTS else min(segments, os.cpu_count() or 1)


def removed(folder: Path) -> None:
    """Remove an index from the disk: first what makes it one, so that a kill leaves none that opens and lacks some."""
    try:
        edge = engine()
        edge.EdgeShard.load(str(folder / "shard")).close()  # which fails where a store has it open
    except Exception as error:
        if LOCK_SIGN in str(error):
            raise StoreError(f"{folder} is open, and is not removed: close its store first") from error
    doomed = folder.with_name(f".{folder.name}.{os.getpid()}{_DOOMED}")
    folder.rename(doomed)
    with suppress(FileNotFoundError):  # another process has found it, and is removing it too
        shutil.rmtree(doomed)
    clear_doomed(folder.parent)


def clear_doomed(place: Path) -> None:
    """Remove what a process that was killed in `removed` has left in this folder."""
    for left in place.glob(f".*{_DOOMED}"):
        shutil.rmtree(left, ignore_errors=True)


def damaged(folder: Path, error: BaseException) -> str:
    """What to say when the engine stumbles over its own files."""
    said = str(error) or type(error).__name__
    return (
        f"{folder}: the engine stopped with {said!r}, as it does when files of the folder are damaged: keep a copy of "
        "it, and add the same items to a store in a new folder (what Embedder(cache=...) has is not paid for again)"
    )


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file; StoreError where it is none."""
    try:
        return cast("dict[str, Any]", dict(json.loads(file.read_text())))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{file} is damaged: {error}") from error


def write_whole(file: Path, text: str) -> None:
    """Write all of the file or none of it, and have it on disk before going on."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}.draft")
    with draft.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
