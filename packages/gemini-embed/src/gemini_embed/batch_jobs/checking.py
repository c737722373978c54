"""Some texts of a job embedded online before it is created, at full price: what its answers are compared with."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.calls import embed
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.refused import RefusedItems
from gemini_embed.calls.rows import Rows
from gemini_embed.calls.uploads import Uploads
from gemini_embed.metering import ObservedCall, observed
from gemini_embed.preparing import Entry, Purpose
from gemini_embed.service import HttpSession
from gemini_embed.transport import HttpOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


def drawn(entries: Sequence[Entry], count: int) -> list[Entry]:
    """So many of the entries at random. One of ten times the tokens is drawn ten times less often: what is verified is
    paid in full, and a long recording tells no more of a job than a line of text."""
    return nsmallest(count, entries, key=lambda entry: random.expovariate(1 / max(entry.tokens, 1)))


async def online_vectors(
    session: HttpSession, request: Request, http: HttpOptions, purpose: Purpose, entries: Sequence[Entry], count: int
) -> dict[bytes, NDArray[np.float32]]:
    """The vectors of `count` of these entries, `drawn`, by their key, as served. They are in the cache from now on.
    Those that are refused are left out: their answers in the job will be refusals too.

    Raises:
        RequestError, BudgetError: as every other call.
    """
    some = drawn(entries, count)
    if not some:
        return {}
    facts, size = request.facts, request.options.dimensions
    items = [replace(entry, position=place, twins=()) for place, entry in enumerate(some)]
    rows = Rows(len(items), dimensions=facts.size(size), unit_length=False, model=facts.name)
    uploads = Uploads(request.connection, http)
    job = partial(embed, request=request, items=items, rows=rows, refused=RefusedItems("skip"), uploads=uploads)
    told = ObservedCall(facts, request.connection.base_url, purpose.task, purpose.side, size, len(items))
    result = await observed(told, job, rows)(session)
    pairs = zip(some, result.values, strict=True)
    return {entry.key: vector for entry, vector in pairs if np.isfinite(vector).all()}
