"""What changes an index, as steps that either door can take: `add`, `sync`, `submit` and `collect`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed.engine import Steps
from gemini_embed.errors import InputError
from gemini_embed.indexing.adding import added
from gemini_embed.indexing.items import ItemLike, Place
from gemini_embed.indexing.options import AddOptions, How, items_and_how
from gemini_embed.indexing.replacing import Gone
from gemini_embed.indexing.report import AddReport, Tally
from gemini_embed.indexing.submitting import Jobs
from gemini_embed.indexing.walking import files_at
from gemini_embed.metering import Budget
from gemini_embed.stores.base import Store

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.run import BatchRun
    from gemini_embed.embedder import Embedder


def add_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    items: Iterable[ItemLike] | Place,
    options: AddOptions,
    tally: Tally | None = None,
) -> Steps[AddReport]:
    """Add items, or the files of a place, to the store that `opened` gives once everything asked for makes sense."""
    found, how = items_and_how(items, options, embedder.root)
    jobs, budget = None, _budget(embedder, how)
    if how.price == "batch":
        jobs = Jobs(embedder, how, budget)
        yield from jobs.bring(opened(), found)
    return (yield from added(embedder, opened(), found, how, budget=budget, jobs=jobs, tally=tally))


def submit_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    items: Iterable[ItemLike] | Place,
    options: AddOptions,
    name: str | None,
) -> Steps[BatchRun]:
    """Submit what the store that `opened` gives lacks of the items to jobs of the Batch API."""
    found, how = items_and_how(items, {**options, "price": "batch"}, embedder.root)
    budget = _budget(embedder, how)
    portions = embedder.batches.portions(name, budget, how.deadline_s)
    return (yield from Jobs(embedder, how, budget).submit(opened(), found, portions))


def collect_steps(
    embedder: Embedder,
    opened: Callable[[], Store],
    run: BatchRun,
    items: Iterable[ItemLike] | Place,
    options: AddOptions,
) -> Steps[AddReport]:
    """Wait for a run, then add the items that it was submitted for."""
    found, how = items_and_how(items, {**options, "price": "batch"}, embedder.root)
    budget = _budget(embedder, how)
    jobs = Jobs(embedder, how, budget)
    yield from jobs.wait(run)
    return (yield from added(embedder, opened(), found, how, budget=budget, jobs=jobs))


def sync_steps(embedder: Embedder, opened: Callable[[], Store], folder: Path, options: AddOptions) -> Steps[AddReport]:
    """Add what a folder holds to the store that `opened` gives, then remove what is gone from the folder."""
    if not os.path.isdir(folder):
        raise InputError(f"there is no folder {folder}: sync takes one folder")
    how = How.asked(options, on_error="skip")
    files = files_at(folder, embedder.root, respect_gitignore=how.respect_gitignore)
    if not files:
        raise InputError(
            f"{folder} holds no files; is it mounted? To remove all that came from it, use index.delete(filter=...)"
        )
    jobs, budget = None, _budget(embedder, how)
    if how.price == "batch":
        jobs = Jobs(embedder, how, budget)
        yield from jobs.bring(opened(), files)
    return (yield from added(embedder, opened(), files, how, budget=budget, gone=Gone(folder, files), jobs=jobs))


def _budget(embedder: Embedder, how: How) -> Budget:
    return Budget(embedder.facts, how.max_cost_usd, within=embedder.budget)
