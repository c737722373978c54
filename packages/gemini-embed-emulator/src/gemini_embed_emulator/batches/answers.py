"""What a job gives back: whose answer stands under whose key, in which order, and what is not there."""

from __future__ import annotations

import random
from collections.abc import Mapping

from .lines import LineError
from .plan import Entry, JobPlan

SHUFFLED_ABOVE = 1_000
"""Inline jobs of more requests come back in another order."""


def arranged(plan: JobPlan, count: int, errors: Mapping[int, LineError], *, shuffle: bool) -> list[Entry]:
    """The answers of `count` lines, of which some have errors of their own, as the plan has them come."""
    chance = random.Random(plan.seed)  # noqa: S311 - a script, not a secret
    entries = [Entry(i, i, errors.get(i)) for i in range(count)]
    told = LineError(plan.failed_code, plan.failed_message)
    for i in _some(chance, count, plan.failed):
        entries[i] = Entry(i, i, told)
    pairs = _some(chance, count, 2 * plan.swapped)
    for one, other in zip(pairs[::2], pairs[1::2], strict=False):
        entries[one], entries[other] = (
            entries[one]._replace(answer=other, error=entries[other].error),
            entries[other]._replace(answer=one, error=entries[one].error),
        )
    left_out = {*_some(chance, count, plan.missing)}
    twice = {*_some(chance, count, plan.doubled)} - left_out
    entries = [entry for i, entry in enumerate(entries) if i not in left_out for _ in range(1 + (i in twice))]
    if shuffle:
        chance.shuffle(entries)
    return plan.arrange(entries) if plan.arrange else entries


def _some(chance: random.Random, count: int, wanted: int) -> list[int]:
    """So many different positions, in no order; none are drawn where none are wanted."""
    return chance.sample(range(count), min(wanted, count)) if wanted else []
