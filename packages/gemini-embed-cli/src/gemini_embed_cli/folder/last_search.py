"""The last search in a folder: what `--open N` and `clip N` mean."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gemini_embed_cli.folder.errors import FolderError
from gemini_embed_cli.folder.home import Home

if TYPE_CHECKING:
    from gemini_embed import Hit

_FILE = "last-search.json"


def remember(home: Home, query: Sequence[str], hits: Sequence[Hit]) -> None:
    """Keep what was found, in the place of what was found before.

    Raises:
        OSError: the folder cannot be written.
    """
    home.make()
    kept = [
        {"id": hit.record.id, "score": hit.score, "metadata": hit.metadata, "text": hit.page_content} for hit in hits
    ]
    draft = home.path / f"{_FILE}.{os.getpid()}"
    draft.write_text(json.dumps({"query": list(query), "hits": kept}), "utf-8")
    draft.replace(home.path / _FILE)


def remembered(home: Home, rank: int) -> Hit:
    """Hit `rank`, counted from 1, of the last search.

    Raises:
        FolderError: there was no search, or it found fewer, or its file is damaged.
    """
    from gemini_embed import Hit

    file = home.path / _FILE
    if not file.is_file():
        raise FolderError(f"nothing was searched for in {home.folder} yet: gemini-embed search WORDS")
    try:
        hits: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["hits"]
    except (ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{file} cannot be read: search again") from error
    if not 1 <= rank <= len(hits):
        raise FolderError(f"the last search in {home.folder} found {len(hits)}: there is no hit {rank}")
    kept = hits[rank - 1]
    return Hit.of(kept["metadata"], kept["text"], kept["score"], kept["id"])
