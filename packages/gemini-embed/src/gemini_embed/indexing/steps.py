"""What changes an index, as steps that either door can take: `MultimodalIndex.add` and `sync`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed.engine import Steps
from gemini_embed.errors import InputError
from gemini_embed.indexing.adding import added
from gemini_embed.indexing.items import ItemLike, Place
from gemini_embed.indexing.options import AddOptions, How
from gemini_embed.indexing.replacing import Gone
from gemini_embed.indexing.report import AddReport
from gemini_embed.indexing.walking import files_at
from gemini_embed.stores import Store

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


def add_steps(
    embedder: Embedder, opened: Callable[[], Store], items: Iterable[ItemLike] | Place, options: AddOptions
) -> Steps[AddReport]:
    """Add items, or the files of a place, to the store that `opened` gives once everything asked for makes sense."""
    found, how = asked(items, options, embedder.root)
    return (yield from added(embedder, opened(), found, how))


def sync_steps(embedder: Embedder, opened: Callable[[], Store], folder: Path, options: AddOptions) -> Steps[AddReport]:
    """Add what a folder holds, then remove what is gone from it."""
    if not os.path.isdir(folder):
        raise InputError(f"there is no folder {folder}: sync takes one folder")
    files = files_at(folder, embedder.root)
    if not files:
        raise InputError(
            f"{folder} holds no files; is it mounted? To remove all that came from it, use index.delete(filter=...)"
        )
    how = How.asked(options, on_error="skip")
    return (yield from added(embedder, opened(), files, how, Gone(folder, files)))


def asked(items: Iterable[ItemLike] | Place, options: AddOptions, root: str | None) -> tuple[Iterable[ItemLike], How]:
    """The items, those of a place among them, and how they are to be added."""
    if isinstance(items, str | os.PathLike):
        return files_at(items, root), How.asked(options, on_error="skip")
    return items, How.asked(options, on_error="raise")
