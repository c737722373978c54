"""What changes an index, as steps that either door can take: `add`, `submit` and `collect`; `sync` is in `syncing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gemini_embed.engine import Steps
from gemini_embed.indexing.adding import added
from gemini_embed.indexing.items import ItemLike, Place
from gemini_embed.indexing.options import AddOptions, How, items_and_how
from gemini_embed.indexing.report import AddReport, Tally
from gemini_embed.indexing.submitting import Jobs
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
    jobs, budget = None, budget_of(embedder, how)
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
    budget = budget_of(embedder, how)
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
    budget = budget_of(embedder, how)
    jobs = Jobs(embedder, how, budget)
    yield from jobs.wait(run)
    return (yield from added(embedder, opened(), found, how, budget=budget, jobs=jobs))


def budget_of(embedder: Embedder, how: How) -> Budget:
    """What this call may spend, of what the embedder may."""
    return Budget(embedder.facts, how.max_cost_usd, within=embedder.budget)
