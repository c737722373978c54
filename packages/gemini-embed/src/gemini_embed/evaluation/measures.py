"""How good a ranked list is, by what should be in it; pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from gemini_embed.errors import InputError

Relevant: TypeAlias = Mapping[str, float] | Collection[str]
"""Names of what is relevant; in a mapping with grades above 0, else all alike."""


def recall_at(found: Sequence[str], relevant: Relevant, k: int) -> float:
    """The share of what is relevant that is among the first `k`, from 0 to 1.

    Raises:
        InputError: nothing is relevant, or `k` is below 1.
    """
    grades = grades_of(relevant, k)
    return len(grades.keys() & {*found[:k]}) / len(grades)


def ndcg_at(found: Sequence[str], relevant: Relevant, k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`, from 0 to 1 for the best order that there is.

    What is relevant gains its grade, divided by the binary logarithm of its place + 1 (Järvelin, Kekäläinen, 2002);
    a name that comes again gains nothing.

    Raises:
        InputError: nothing is relevant, or `k` is below 1.
    """
    grades = grades_of(relevant, k)
    places = {name: place for place, name in reversed([*enumerate(found[:k], 1)])}
    gained = sum(grade * _discount(places[name]) for name, grade in grades.items() if name in places)
    best = sorted(grades.values(), reverse=True)[:k]
    return gained / sum(grade * _discount(place) for place, grade in enumerate(best, 1))


def grades_of(relevant: Relevant, k: int = 1) -> dict[str, float]:
    """Each name with its grade, checked."""
    if type(k) is not int or k < 1:
        raise InputError(f"k={k!r}: how many hits to look at, a whole number from 1 up")
    if isinstance(relevant, str):
        raise InputError(f"relevant={relevant!r:.80}: pass a list of names, [name] for a single one")
    grades = dict(relevant) if isinstance(relevant, Mapping) else dict.fromkeys(relevant, 1.0)
    if not grades or not all(0 < grade < math.inf for grade in grades.values()):
        raise InputError(f"relevant={relevant!r:.80}: name something, with grades above 0 where they are told")
    return grades


def _discount(place: int) -> float:
    return 1 / math.log2(place + 1)
