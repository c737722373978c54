"""Recall and nDCG by modalities, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gemini_embed.evaluation.rendering import html, markdown
from gemini_embed.records import MODALITIES

ALL = "all"
"""The target of all that is relevant, whatever its modality."""
Pair: TypeAlias = tuple[str, str]
"""The modality of the question, and that of what is relevant, or `ALL`."""


@dataclass(frozen=True, kw_only=True)
class RelevanceTable:
    """What the first `k` hits hold of what is relevant. It prints as Markdown, and shows in a notebook."""

    k: int
    questions: int
    records: int
    """In the index."""
    recall: Mapping[Pair, float]
    """(query modality, target modality) to the share of what is relevant there, mean of the questions that have any."""
    ndcg: Mapping[Pair, float]
    """The same to nDCG, as if what is relevant in the target modality were all that is."""
    strangers: Mapping[str, float]
    """Query modality to how many of the first `k` hits are of modalities that hold nothing relevant, mean."""

    def __str__(self) -> str:
        return self.markdown()

    def markdown(self) -> str:
        """A line about it, and the table."""
        return markdown(self._said(), *self._cells())

    def _repr_html_(self) -> str:
        return html(self._said(), *self._cells())

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """The head, and a row for each modality that questions have."""
        targets = [*_in_order(target for _, target in self.recall if target != ALL), ALL]
        rows = []
        for asked in _in_order(self.strangers):
            pairs = [(asked, target) for target in targets]
            cells = [self._cell(pair) if pair in self.recall else "" for pair in pairs]
            rows.append([asked, *cells, f"{self.strangers[asked]:.2f}"])
        return ["question", *targets, "strangers"], rows

    def _cell(self, pair: Pair) -> str:
        return f"{self.recall[pair]:.2f} / {self.ndcg[pair]:.2f}"

    def _said(self) -> str:
        return (
            f"Recall@{self.k} / nDCG@{self.k} of {self.questions:,} questions to {self.records:,} records, by the "
            f"modality of what is relevant. Strangers: hits among the first {self.k} of modalities that hold nothing "
            "relevant."
        )


@dataclass(frozen=True, kw_only=True)
class FusionTable:
    """`RelevanceTable`s of the same questions, by fusion. It prints as Markdown, and shows in a notebook."""

    tables: Mapping[str, RelevanceTable]

    def __str__(self) -> str:
        return self.markdown()

    def markdown(self) -> str:
        """A line about it, and the table: a row for each fusion."""
        return markdown(self._said(), *self._cells())

    def _repr_html_(self) -> str:
        return html(self._said(), *self._cells())

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        first = next(iter(self.tables.values()))
        pairs = [pair for pair in first.recall if pair[1] != ALL]
        asked = list(first.strangers)
        rows = [
            [
                name,
                *(table._cell(pair) for pair in pairs),
                *(f"{table.strangers[one]:.2f}" for one in asked),
            ]
            for name, table in self.tables.items()
        ]
        return ["fusion", *(" to ".join(pair) for pair in pairs), *(f"strangers for {one}" for one in asked)], rows

    def _said(self) -> str:
        return next(iter(self.tables.values()))._said()


def _in_order(modalities: Iterable[str]) -> list[str]:
    """Each once, as they stand in `MODALITIES`; others behind."""
    given = dict.fromkeys(modalities)
    return [*(one for one in MODALITIES if one in given), *(one for one in given if one not in MODALITIES)]
