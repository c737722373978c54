"""What a search can be asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args

from gemini_embed.errors import InputError
from gemini_embed.records import MODALITIES
from gemini_embed.searching.hypotheses import Hypothetical, check_hypothetical
from gemini_embed.searching.lexical import DEPTH, Words, WordsLike, words_asked
from gemini_embed.stores import FilterLike, Precision, Store

Fusion = Literal["above_chance", "rrf", "standardized", "raw"]
"""How hits of several modalities become one list. Cosines of different modalities cannot be compared: a space that all
share keeps a gap between them, so that unrelated texts often score higher than a text and the video it describes.

- above_chance (the default): what lies above chance in its modality by its rank, as "rrf" has it; all else comes behind
  that, by how far it lies above what this query usually scores there. Chance is what the best of so many unrelated
  records would reach, by a sample of the index. Modalities of a few records, where that cannot be told, and hits
  that words have found are ranked as by "rrf".
- rrf: reciprocal rank fusion. The best of each modality come first, then the second best, and so on.
- standardized: by how far a score lies above what this query scores against a sample of its modality. Better where some
  modalities hold nothing that fits, if the index has some dozens of records of each.
- raw: by the cosines as they are.
"""


class SearchOptions(TypedDict, total=False):
    """The options of `MultimodalIndex.search`, which describes them."""

    filter: FilterLike
    score_threshold: float | Mapping[str, float] | None
    fusion: Fusion
    quotas: Mapping[str, int] | None
    mmr: float | None
    collapse: float | None
    merge: bool
    padding: float | Mapping[str, float]
    hypothetical: Hypothetical
    precision: Precision | None
    lexical: WordsLike
    task: str | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of one search, checked.

    Raises:
        InputError: a value that means nothing.
    """

    k: int
    filter: FilterLike = None
    score_threshold: float | Mapping[str, float] | None = None
    fusion: Fusion = "above_chance"
    quotas: Mapping[str, int] | None = None
    mmr: float | None = None
    collapse: float | None = None
    merge: bool = False
    padding: float | Mapping[str, float] = 0.0
    hypothetical: Hypothetical = None
    precision: Precision | None = None
    lexical: WordsLike = None
    task: str | None = None

    def __post_init__(self) -> None:
        if type(self.k) is not int or self.k < 1:
            raise InputError(f"k is the number of hits wanted, a whole number from 1 up, not {self.k!r}")
        if self.fusion not in get_args(Fusion):
            raise InputError(f"fusion={self.fusion!r} is none of {', '.join(get_args(Fusion))}")
        for name, most in (("mmr", 1.0), ("collapse", 1.0)):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and 0 <= value <= most):
                raise InputError(f"{name}={value!r} must lie between 0 and 1")
        for name in ("score_threshold", "quotas", "padding"):
            _check_modalities(name, getattr(self, name))
        if not all(0 <= value < math.inf for value in _told(self.padding)):
            raise InputError(f"padding={self.padding!r}: seconds, pages or characters, from 0 up")
        if not all(type(most) is int and most >= 0 for most in (self.quotas or {}).values()):
            raise InputError(f"quotas={self.quotas!r}: most hits of a modality, a whole number each")
        _check_precision(self)
        check_hypothetical(self.hypothetical)
        words_asked(self.lexical)

    @property
    def depth(self) -> int:
        """How many hits to look at, so that `k` are left when near-duplicates and neighbours are one."""
        depth = self.k if self.mmr is None and self.collapse is None and not self.merge else max(4 * self.k, 20)
        return depth if self.words is None else max(depth, DEPTH)

    @property
    def compares(self) -> bool:
        """Whether hits are compared with a sample; estimates by codes cannot be compared with cosines."""
        if self.fusion == "above_chance":
            return self.precision is None or self.precision.rescore is not False
        return self.fusion == "standardized"

    @property
    def words(self) -> Words | None:
        """What is looked for by words."""
        return words_asked(self.lexical)

    def threshold(self, modality: str | None) -> float | None:
        """The least score of a hit of this modality."""
        return of_modality(self.score_threshold, modality)

    def padding_of(self, modality: str | None) -> float:
        """Seconds, pages or characters that windows of this modality are widened by, on either side. A number for all
        is not meant for texts, whose unit it would not fit."""
        if modality == "text" and not isinstance(self.padding, Mapping):
            return 0.0
        return of_modality(self.padding, modality) or 0.0


def wanted_over(store: Store, k: int, options: SearchOptions) -> Wanted:
    """The options of one search of a store that need not be open yet, checked.

    Raises:
        InputError: a value that means nothing, or that this kind of store does not take.
    """
    wanted = Wanted(k=k, **options)
    if wanted.precision is not None and not store.takes_precision:
        store.check_precision(wanted.precision)
    return wanted


def of_modality(told: float | Mapping[str, float] | None, modality: str | None) -> float | None:
    """What is told for all, or for this one."""
    return told.get(modality or "") if isinstance(told, Mapping) else told


def _check_precision(wanted: Wanted) -> None:
    """Scores of codes are no cosines, which these options are told in."""
    precision = wanted.precision
    if not isinstance(precision, Precision | None):
        raise InputError(f"precision={precision!r} must be a gemini_embed.Precision(...)")
    if precision is None or precision.rescore is not False:
        return
    if wanted.score_threshold is not None or wanted.fusion == "standardized":
        name = "score_threshold" if wanted.score_threshold is not None else 'fusion="standardized"'
        raise InputError(
            f"{name} needs cosines, and rescore=False gives the codes' own estimates: leave one of them out"
        )


def _check_modalities(name: str, told: Any) -> None:
    if isinstance(told, Mapping) and (unknown := sorted(map(str, set(told) - {*MODALITIES}))):
        raise InputError(f"{name} names {', '.join(unknown)}; there are {', '.join(MODALITIES)}")
    if not all(_is_number(value) for value in _told(told)):
        raise InputError(f"{name}={told!r} must be a number, or a number for each modality")


def _told(told: Any) -> list[Any]:
    """The values: one for each modality, one for all, or none."""
    if isinstance(told, Mapping):
        return list(told.values())
    return [] if told is None else [told]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # not NaN
