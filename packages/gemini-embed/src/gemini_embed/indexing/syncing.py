"""`sync`, as steps that either door can take: what changed in a folder is added, what is gone from it removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed.engine import Steps
from gemini_embed.errors import InputError
from gemini_embed.indexing.adding import added
from gemini_embed.indexing.by_folder import ByFolder
from gemini_embed.indexing.kept import Kept
from gemini_embed.indexing.options import AddOptions, How
from gemini_embed.indexing.replacing import Gone
from gemini_embed.indexing.report import AddReport
from gemini_embed.indexing.states import reading_of
from gemini_embed.indexing.steps import budget_of
from gemini_embed.indexing.submitting import Jobs
from gemini_embed.indexing.walking import Files, files_at
from gemini_embed.metering.budget import Budget
from gemini_embed.stores.base import Store

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


def sync_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    folder: Path,
    options: AddOptions,
    *,
    may_be_empty: bool = False,
) -> Steps[AddReport]:
    """Add what has changed in a folder to the store that `opened` gives, then remove what is gone from the folder."""
    if not os.path.isdir(folder):
        raise InputError(f"there is no folder {folder}: sync takes one folder")
    how = How.asked(options, on_error="skip")
    files = files_at(folder, embedder.root, how.choice)
    if not files and not may_be_empty:
        raise InputError(
            f"{folder} holds no files; is it mounted? To remove all that came from it, use index.delete(filter=...)"
        )
    budget = budget_of(embedder, how)
    with closing(_kept(embedder, opened(), how)) as kept:
        how = replace(how, follow=kept.followed)
        return (yield from _brought_in_step(embedder, opened, folder, files, how, kept, budget))


def _brought_in_step(
    embedder: Embedder,
    opened: Callable[[], Store],
    folder: Path,
    files: Files,
    how: How,
    kept: Kept,
    budget: Budget,
) -> Steps[AddReport]:
    unchanged, by_folder = 0, ByFolder(files.left_out)

    def is_to_be_read(path: str) -> bool:
        nonlocal unchanged
        records = kept.unchanged(path)
        if records is not None:
            by_folder.unchanged(path, records)
            unchanged += records
        return records is None

    changed = files.only(is_to_be_read)
    jobs = None
    if how.price == "batch":
        jobs = Jobs(embedder, how, budget)
        yield from jobs.bring(opened(), changed)
    gone = Gone(folder, files, kept.places())
    report = yield from added(
        embedder, opened(), changed, how, budget=budget, gone=gone, jobs=jobs, by_folder=by_folder
    )
    kept.note_touched()
    return replace(report, reused=report.reused + unchanged)


def _kept(embedder: Embedder, store: Store, how: How) -> Kept:
    """What the store holds. Notes are made of files that replace what they held only."""
    fingerprint = store.kept_fingerprint() or embedder.fingerprint

    def how_read(path: Path) -> str:
        return reading_of(how.readers.label(path), how.cutting, embedder.facts)

    return Kept(store, fingerprint.digest, how_read, root=embedder.root, notes=how.replace)
