"""A batch run: the vectors that are wanted, and the jobs that bring them."""

from __future__ import annotations

from collections.abc import Sequence

from gemini_embed.batch_jobs.host import Host
from gemini_embed.calls.call import Call


class BatchRun:
    """Jobs under way, see `Batches.submit`.

    Args:
        host: the embedder, as jobs see it.
        name: of the run.
        wanted: keys in the cache that its vectors will have; None where only the jobs' own files tell, as on another
            machine.
        call: what was submitted; its entries have their keys. None for a run that was found again.
    """

    def __init__(self, host: Host, name: str, wanted: Sequence[bytes] | None = None, call: Call | None = None) -> None:
        self.name = name
        self._host, self._wanted, self._call = host, wanted, call

    def __repr__(self) -> str:
        return f"BatchRun({self.name!r})"
