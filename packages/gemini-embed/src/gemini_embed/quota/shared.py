"""One pace for all objects of a process that share a project and a model."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable

from gemini_embed.quota.pace import Pace

_paces: dict[Hashable, Pace] = {}
_lock = threading.Lock()


def shared_pace(project: Hashable, model: str) -> Pace:
    """The pace of a project and a model in this process. It outlives the objects that use it, and so does what it has
    learned and counted: a notebook that makes an embedder anew meets no quota twice."""
    with _lock:
        return _paces.setdefault((project, model), Pace(model))


def forget_paces() -> None:
    """Begin anew: in tests, and in a forked child, which shares the quota, but not what is under way."""
    global _lock  # the old one may be held by a thread that the child does not have
    _lock = threading.Lock()
    _paces.clear()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=forget_paces)
