"""Other codes for a shard: in a copy, which takes the shard's place when it is complete.

    shard                    the shard, open and locked by us all the while, so that nobody writes to it
    requantized.<process>    its copy, on which a child process works
    shard.new, shard.old     the copy complete, and the shard put aside: for the moment between two renames

A kill at any moment leaves the old codes or the new ones, never some of each. `finish_swap` and `remove_leftovers`
tidy up when the folder is next opened.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gemini_embed.errors import StoreError
from gemini_embed.stores.edge.child import run_child
from gemini_embed.stores.quantization import edge_config, name_of

_CHILD = """
import sys
from pathlib import Path
from gemini_embed.stores.edge.requantizing import make_copy

make_copy(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
"""
_CONFIG, _CODES = "edge_config.json", "quantization_config"


def kept_quantization(folder: Path) -> str:
    """The codes that the shard is to have, by the engine's own file."""
    return name_of(_config(folder / "shard").get(_CODES))


def codes_made(folder: Path) -> set[str]:
    """The codes that its segments have. One without gets them when it is optimised; with int8 the newest has none."""
    return {_codes_of(file) for file in (folder / "shard" / "segments").glob("*/segment.json")}


def requantized(folder: Path, quantization: str) -> None:
    """Give the shard, which is flushed and locked by us, other codes; it is to be loaded anew then.

    Raises:
        StoreError: the child process failed; the shard is as it was.
    """
    draft = folder / f"requantized.{os.getpid()}.{threading.get_ident()}"
    try:
        run_child(folder, "requantises it", _CHILD, str(folder / "shard"), str(draft), quantization)
        _swap(folder, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def make_copy(shard: Path, draft: Path, quantization: str) -> None:
    """Copy a shard that nobody writes to, and give the copy other codes. Runs in a process of its own: it takes long,
    and holds Python's lock."""
    import qdrant_edge as edge

    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(shard, draft)
    config = _config(draft)
    config.pop(_CODES, None)  # the engine cannot be told to take codes away: it would keep what it reads here
    (draft / _CONFIG).write_text(json.dumps(config), encoding="utf-8")
    vectors = edge.EdgeVectorParams(size=config["vectors"][""]["size"], distance=edge.Distance.Cosine)
    wanted = edge.EdgeConfig(vectors=vectors, quantization_config=edge_config(quantization, edge))
    copy = edge.EdgeShard.load(str(draft), wanted)
    copy.optimize()
    copy.flush()
    copy.close()


def _swap(folder: Path, draft: Path) -> None:
    """Put the complete copy in the shard's place. Between the two last steps there is no shard, for `finish_swap`."""
    shard, new, old = folder / "shard", folder / "shard.new", folder / "shard.old"
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(new, ignore_errors=True)
    draft.rename(new)
    shard.rename(old)
    new.rename(shard)


def finish_swap(folder: Path) -> None:
    """Go on where a kill came between the renames."""
    if not (folder / "shard").exists() and (folder / "shard.new").exists():
        (folder / "shard.new").rename(folder / "shard")


def remove_leftovers(folder: Path) -> None:
    """What a kill left beside the shard, which is ours."""
    for leftover in (folder / "shard.new", folder / "shard.old", *folder.glob("requantized.*")):
        shutil.rmtree(leftover, ignore_errors=True)


def needed_bytes(folder: Path) -> int:
    """What requantising writes before it takes anything away: the copy, and what is made of that."""
    return 2 * sum(file.stat().st_size for file in (folder / "shard").rglob("*") if file.is_file())


def _config(shard: Path) -> dict[str, Any]:
    return _read(shard / _CONFIG)


def _codes_of(segment: Path) -> str:
    kept: Mapping[str, Any] = _read(segment)["config"]["vector_data"][""]
    return name_of(kept.get(_CODES))


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{file} is damaged: {error}") from error
