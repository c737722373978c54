"""The engine's log, of which the last entry is played back whenever a shard is opened, however long ago that was."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed.errors import StoreError
from gemini_embed.stores.edge.folder import check_room, engine

if TYPE_CHECKING:
    import qdrant_edge


def close_shard(folder: Path, shard: qdrant_edge.EdgeShard, has_upserted: bool) -> None:
    """Close it; after an upsert with an entry that changes nothing, so that there is little to play back: after one of
    2,000 points x 768 the next opening costs a fifth.

    On a disk that is full it is left out: the log is a mapped file, and the system would end the process."""
    if has_upserted:
        with suppress(StoreError):
            check_room(folder, 0)
            shard.update(engine().UpdateOperation.delete_points([]))
    shard.close()
