"""How things come into an index.

places -> items -> candidates -> batches -> embedding -> written -> what is outdated removed

walking      folders and globs, as files;  choosing: patterns of those that come in;  ignoring: what git leaves out
options      how, as the caller says it, and of which items
items        what users add, with what should be known about it;  metadata: its fields, checked
recognising  what a file holds;  pieces: the windows of a long medium
candidates   an item read: the records it would become;  origins: where they came from
identity     what their ids are made of
batches      candidates gathered, loaded where the store does not know them;  describing: captions asked for
adding       the stream of all that, embedded ahead of where it is written;  twins: what the store has vectors of
loading      new records' contents made, their media described;  said: the sentences of a window, as records
under_way    batches that are embedded, awaited in order;  writing: into the store;  counting: what came of it so far
replacing    what the sources held before, removed at the end;  scratch: what a long stream remembers of itself
lacking      what an add would embed, for jobs of the Batch API;  submitting: those, and how they are waited for
steps        add, submit and collect, as an index starts them;  by_jobs: the last two as its methods
syncing      what changed in a folder, and what is gone;  kept: what the store held before;  states: as what files were
isolating    items read in a child process
watching     sync again whenever the folder changes
estimating   the same without sending anything
held         records got, counted and removed, their words;  shrinking: copied at a smaller size
following    the index of the collection that an alias leads to now;  tidying: records older than a moment, removed
report       what was done;  by_folder: counted;  report_page: as HTML;  progress: a bar meanwhile
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_embed.indexing.estimating import estimate_add
    from gemini_embed.indexing.items import Describe, Item, ItemLike, Place, Unreadable
    from gemini_embed.indexing.options import AddOptions
    from gemini_embed.indexing.report import AddReport, SkippedItem
    from gemini_embed.indexing.steps import add_steps
    from gemini_embed.indexing.syncing import sync_steps

_LAZY = {
    "AddOptions": "gemini_embed.indexing.options",
    "AddReport": "gemini_embed.indexing.report",
    "Describe": "gemini_embed.indexing.items",
    "Item": "gemini_embed.indexing.items",
    "ItemLike": "gemini_embed.indexing.items",
    "Place": "gemini_embed.indexing.items",
    "SkippedItem": "gemini_embed.indexing.report",
    "Unreadable": "gemini_embed.indexing.items",
    "add_steps": "gemini_embed.indexing.steps",
    "estimate_add": "gemini_embed.indexing.estimating",
    "sync_steps": "gemini_embed.indexing.syncing",
}
"""A search needs none of them, so each is loaded when it is first named."""

__all__ = [
    "AddOptions",
    "AddReport",
    "Describe",
    "Item",
    "ItemLike",
    "Place",
    "SkippedItem",
    "Unreadable",
    "add_steps",
    "estimate_add",
    "sync_steps",
]

if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
