"""The table of recall by limit, oversampling and rescoring: as text, as HTML, as a plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gemini_embed.errors import missing_extra
from gemini_embed.evaluation.rendering import html, markdown
from gemini_embed.stores.quantization import bytes_a_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MIB = 2**20


class Cell(NamedTuple):
    """How a search was made. Equal to the plain tuple of the three."""

    limit: int
    """How many hits were asked for."""
    oversampling: float
    """How many times `limit` candidates the codes gave."""
    rescore: bool
    """Whether these were scored again with the full vectors."""


@dataclass(frozen=True, kw_only=True)
class RecallTable:
    """Recall of an index against exact searches of the same store. It prints as Markdown, and shows in a notebook."""

    quantization: str
    """The codes, see `gemini_embed.stores.Quantization`."""
    records: int
    dimensions: int
    queries: int
    """How many were asked in each cell."""
    recall: Mapping[tuple[int, float, bool], float]
    """(limit, oversampling, rescore) to the share of the `limit` nearest records that is found, mean of the queries."""
    p50_ms: Mapping[tuple[int, float, bool], float]
    """(limit, oversampling, rescore) to the median of a search in milliseconds, hits with their payload."""
    exact_p50_ms: float
    """The median of an exact search of the largest limit, in milliseconds."""

    @property
    def code_bytes(self) -> int:
        """What the codes take that searches read first."""
        return round(self.records * bytes_a_vector(self.quantization, self.dimensions))

    @property
    def raw_bytes(self) -> int:
        """What the vectors take, as float32."""
        return round(self.records * bytes_a_vector("none", self.dimensions))

    def __str__(self) -> str:
        return self.markdown()

    def markdown(self) -> str:
        """A line about the index, and the table."""
        return markdown(self._said(), *self._cells())

    def _repr_html_(self) -> str:
        return html(self._said(), *self._cells())

    def plot(self, axes: Axes | None = None) -> Axes:
        """Recall over limits, a line for each oversampling, with rescoring and without. Needs the extra `plot`.

        Draws on `axes`, or on a figure of its own.
        """
        if axes is None:
            try:
                from matplotlib.figure import Figure
            except ImportError as error:
                raise missing_extra("plot", "matplotlib") from error
            axes = Figure(figsize=(6, 4), layout="constrained").subplots()
        for oversampling, rescore in self._columns():
            limits = self._limits()
            found = [self.recall[limit, oversampling, rescore] for limit in limits]
            axes.plot(limits, found, "o-" if rescore else "x:", label=_column(oversampling, rescore))
        axes.set(xlabel="limit", ylabel="recall", ylim=(None, 1.005), title=f"{self.quantization}, {self._size()}")
        axes.legend()
        return axes

    def _limits(self) -> list[int]:
        return list(dict.fromkeys(limit for limit, _, _ in self.recall))

    def _columns(self) -> list[tuple[float, bool]]:
        return list(dict.fromkeys((oversampling, rescore) for _, oversampling, rescore in self.recall))

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """The head, and a row for each limit."""
        rows = []
        for limit in self._limits():
            keys = [(limit, *column) for column in self._columns()]
            rows.append([str(limit), *(f"{self.recall[key]:.3f} ({self.p50_ms[key]:.1f} ms)" for key in keys)])
        return ["limit", *(_column(*column) for column in self._columns())], rows

    def _size(self) -> str:
        return f"{self.records:,} x {self.dimensions}"

    def _said(self) -> str:
        return (
            f"{self.quantization}: {self._size()}, codes {self.code_bytes / _MIB:,.1f} MiB beside vectors of "
            f"{self.raw_bytes / _MIB:,.1f} MiB. Recall (p50 of a search) of {self.queries:,} queries against exact "
            f"searches (p50 {self.exact_p50_ms:.1f} ms)."
        )


def _column(oversampling: float, rescore: bool) -> str:
    return f"x{oversampling:g}{', rescored' if rescore else ''}"
