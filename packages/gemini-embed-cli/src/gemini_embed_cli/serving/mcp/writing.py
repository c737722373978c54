"""The tools that write: `add` and `sync`, each after a look at its price."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
from gemini_embed import AddReport, Budget, Estimate, InputError, Item, MultimodalIndex

from gemini_embed_cli.folder import FolderError
from gemini_embed_cli.serving.mcp.answers import Answer
from gemini_embed_cli.serving.mcp.folders import Folders, Served, checked
from gemini_embed_cli.serving.mcp.queries import part_in

MOST_TEXT = 200_000
"""Characters of a text that is added."""
MOST_TITLE = 200
NAMED = 10
"""Skipped files that an answer names."""
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
    file: str | None, text: str | None, title: str | None, folder: str | None, folders: Folders, purse: Purse
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
        purse.check(await index.aestimate([item]))
        with purse.paying(index.embedder.budget) as most_usd:
            report = await index.aadd([item], max_cost_usd=most_usd, progress=False)
    return _answer(report, served, purse)


async def sync(folder: str | None, folders: Folders, purse: Purse) -> Answer:
    """The index of a folder, made to hold what the folder holds.

    Raises:
        InputError: no such folder, or several and no name.
        FolderError: it would cost too much.
    """
    served = folders.one(folder)
    async with purse.turn:
        index = await _opened(served)
        purse.check(await index.aestimate(served.root))
        with purse.paying(index.embedder.budget) as most_usd:
            report = await index.async_sync(served.root, max_cost_usd=most_usd, progress=False)
    return _answer(report, served, purse)


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
        return folders.one(folder), Item(text, source=title, title=title)
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
