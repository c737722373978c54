"""The tools that write: `add` and `sync`, each after a look at its price."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.to_thread
from gemini_embed import AddReport, Budget, Estimate, GeminiEmbedError, InputError, Item, MultimodalIndex

from gemini_embed_cli.folder import FolderError
from gemini_embed_cli.serving.mcp.answers import Answer
from gemini_embed_cli.serving.mcp.folders import Folders, Served, checked
from gemini_embed_cli.serving.mcp.queries import part_in

MOST_TEXT = 200_000
"""Characters of a text that is added."""
MOST_TITLE = 200
_NOTE = "note:"
"""How sources of texts begin, so that none takes the place of a file's records."""
NAMED = 10
"""Skipped files that an answer names."""
TELL_EVERY_S = 2.0
Tell: TypeAlias = Callable[[float, float | None, str], Awaitable[None]]
"""Tells a client how far the work is: of how much, and in words."""
_LEAST_USD = 1e-9
"""A limit for what costs nothing: a budget has to have some."""
_URL = re.compile(r"https?://\S+", re.IGNORECASE)


class Purse:
    """What the writing tools of a server may spend, together, as long as it lives. One of them runs at a time."""

    def __init__(self, limit_usd: float) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = 0.0
        self.turn = anyio.Lock()

    @property
    def left_usd(self) -> float:
        """What may be spent yet."""
        return max(self.limit_usd - self.spent_usd, 0.0)

    def check(self, estimate: Estimate) -> None:
        """Refuse what would cost more.

        Raises:
            FolderError: it would, or its price is not known.
        """
        if estimate.usd is None:
            raise FolderError(f"the price of {estimate.items:,} items is not known: nothing was sent")
        if estimate.usd > self.left_usd:
            raise FolderError(
                f"nothing was sent: it would cost about ${estimate.usd:.4f} ({estimate.items:,} items, about "
                f"{estimate.tokens:,} tokens), and ${self.left_usd:.4f} are left of the ${self.limit_usd:g} that this "
                "server may spend (--max-cost). The user may raise it, or run gemini-embed sync"
            )

    @contextmanager
    def paying(self, budget: Budget) -> Iterator[float]:
        """What the block spends of an embedder's budget, whatever becomes of it; yields the most that it may be."""
        before = budget.spent_usd
        try:
            yield max(self.left_usd, _LEAST_USD)
        finally:
            self.spent_usd += budget.spent_usd - before


async def add(
    file: str | None,
    text: str | None,
    title: str | None,
    folder: str | None,
    folders: Folders,
    purse: Purse,
    tell: Tell,
) -> Answer:
    """One thing, added.

    Raises:
        InputError: not exactly one of a file and a text; a path outside of the folders; what cannot be read.
        FolderError: it would cost too much.
    """
    if (file is None) == (text is None):
        raise InputError("give either file or text")
    served, item = await anyio.to_thread.run_sync(_item, file, text, title, folder, folders)
    async with purse.turn:
        index = await _opened(served)
        async with _told(index.embedder.budget, await _agreed(index, [item], purse, tell), tell):
            with purse.paying(index.embedder.budget) as most_usd:
                report = await index.aadd([item], max_cost_usd=most_usd, progress=False)
    return _answer(report, served, purse)


async def sync(folder: str | None, folders: Folders, purse: Purse, tell: Tell) -> Answer:
    """The index of a folder, made to hold what the folder holds.

    Raises:
        InputError: no such folder, or several and no name.
        FolderError: it would cost too much.
    """
    served = folders.one(folder)
    async with purse.turn:
        index = await _opened(served)
        async with _told(index.embedder.budget, await _agreed(index, served.root, purse, tell), tell):
            with purse.paying(index.embedder.budget) as most_usd:
                report = await index.async_sync(served.root, max_cost_usd=most_usd, progress=False)
    return _answer(report, served, purse)


async def _agreed(index: MultimodalIndex, what: list[Item] | Path, purse: Purse, tell: Tell) -> Estimate:
    """The price, where there is enough left for it."""
    await tell(0.0, None, "estimating the price")
    estimate = await index.aestimate(what)
    purse.check(estimate)
    return estimate


@asynccontextmanager
async def _told(budget: Budget, estimate: Estimate, tell: Tell) -> AsyncIterator[None]:
    """Tell the client how far the block is, by what it has spent of its likely price."""
    before, likely_usd = budget.spent_usd, estimate.usd or 0.0

    async def telling() -> None:
        while True:
            share = min((budget.spent_usd - before) / likely_usd, 1.0) if likely_usd else 0.0
            await tell(share * estimate.items, float(estimate.items), f"embedding {estimate.items:,} items")
            await anyio.sleep(TELL_EVERY_S)

    failure: GeminiEmbedError | None = None  # raised as it is, not in the group's
    async with anyio.create_task_group() as group:
        group.start_soon(telling)
        try:
            yield
        except GeminiEmbedError as error:
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _opened(served: Served) -> MultimodalIndex:
    def opened() -> MultimodalIndex:
        with served.folder.index(new=True) as index:
            return index

    return await anyio.to_thread.run_sync(opened)


def _item(
    file: str | None, text: str | None, title: str | None, folder: str | None, folders: Folders
) -> tuple[Served, Item]:
    title = (title or "").strip() or None
    if title is not None and len(title) > MOST_TITLE:
        raise InputError(f"the title has {len(title):,} characters: at most {MOST_TITLE}")
    if text is not None:
        if len(text) > MOST_TEXT or not text.strip():
            raise InputError(f"the text has {len(text):,} characters: from 1 to {MOST_TEXT:,} are added")
        return folders.one(folder), Item(text, source=title and f"{_NOTE}{title}", title=title)
    file = checked(file or "", "file")
    if _URL.fullmatch(file):
        served = folders.one(folder)
        with served.folder.index(new=True) as index:
            part = part_in(index.embedder.fetch(file), "what the URL holds")
        return served, Item(type(part)(file) if part.modality != "text" else part, source=file, title=title)
    served, path = folders.located(file)
    if os.path.isdir(path):
        raise InputError(f"{file} is a folder: sync takes what is new in it")
    return served, Item(Path(path), title=title)


def _answer(report: AddReport, served: Served, purse: Purse) -> Answer:
    skipped = [str(one) for one in report.skipped[:NAMED]]
    if len(report.skipped) > NAMED:
        skipped.append(f"and {len(report.skipped) - NAMED:,} more")
    told = {
        "folder": served.name,
        "added": report.added,
        "reused": report.reused,
        "replaced": report.replaced,
        "removed": report.removed,
        "skipped": skipped,
        "usd": report.usd,
        "left_usd": round(purse.left_usd, 6),
    }
    return Answer(f"{served.name}:\n{report}\n(${purse.left_usd:.4f} are left to spend)", told)
