"""Engines that live in one process: a forked child has their memory and locks as they were, and none of their threads.

Its first call would wait for ever, or write into files that the parent has open. So it is refused, at once.
"""

from __future__ import annotations

import os
import weakref

from gemini_embed.errors import StoreLockedError


class OfOneProcess:
    """A store whose engine runs in the process that opened it."""

    _is_the_parent_s = False

    def _opened_here(self) -> None:
        """The engine runs from now on."""
        _opened.add(self)

    def _check_process(self) -> None:
        """To be asked before any lock is taken, since another thread may have held it at the fork.

        Raises:
            StoreLockedError: opened before this process was forked.
        """
        if self._is_the_parent_s:
            raise StoreLockedError(
                f"{self} was opened before this process was forked, and stays open in its parent: make the index in "
                "the worker, after the fork, or share one by a server, QdrantStore(url=...)"
            )


_opened: weakref.WeakSet[OfOneProcess] = weakref.WeakSet()
_left_by_parents: list[OfOneProcess] = []


def _after_fork_in_child() -> None:
    for store in list(_opened):
        store._is_the_parent_s = True
        _left_by_parents.append(store)  # to close its engine would wait, too


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
