"""Money that is held for jobs which others have ended: another process has collected one, or found that it never was.

Whoever creates a job holds its likely price until it is collected. Where that is done elsewhere, the ledger tells.
"""

from __future__ import annotations

import asyncio

from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed.metering import Budget


async def settle_elsewhere(ledger: Ledger, budget: Budget) -> None:
    """Let go of what is held for jobs that are not under way any more; what they have cost is spent."""
    if names := budget.jobs_held:
        await asyncio.to_thread(_settle, ledger, budget, names)


def _settle(ledger: Ledger, budget: Budget, names: frozenset[str]) -> None:
    for name in names:
        row = ledger.get(name)
        if row is not None and not row.is_under_way:  # one without a row may be about to have it
            budget.ended_elsewhere(name, row.outcome.usd if row.outcome else 0.0)
