"""Google's notebook "Anomaly detection with embeddings": which texts do not belong among the rest?

    python examples/anomalies.py [--plot anomalies.png]

Five strangers are put among 100 definitions of one class; the five that lie farthest from the middle of all should be
these. (The notebook draws its line at a distance of 0.54, `outliers(vectors, radius=0.54)`; how far is too far depends
on the model.) It tells where a class is of one kind: ways of communication are words as well as signals, and stray as
far as strangers. scikit-learn's local outlier factor stands beside where it is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from definitions import definitions, embedded, new_figure, plot_asked_for, rows_of, save, told_of_absence
from gemini_embed import GeminiEmbedError
from gemini_embed.analysis import Outliers, outliers
from numpy.typing import NDArray

MEMBERS, STRANGERS, DRAWS = 100, 5, 20
OF_PLOT = "food", "location"
Detector = Callable[[NDArray[Any]], Sequence[int]]
"""Rows to the positions of so many as there are strangers."""


def main() -> None:
    plot = plot_asked_for("Strangers among definitions of one class.")
    classes, texts = definitions()
    rows, names = rows_of(embedded(texts, "clustering")), np.array(classes)
    show("gemini_embed", rows, names, lambda some: farthest(some).positions)
    beside(rows, names)
    if plot:
        draw_distances(farthest(rows[mixed(names, *OF_PLOT, seed=0)]), plot)


def farthest(rows: NDArray[Any]) -> Outliers:
    """As many as there are strangers."""
    return outliers(rows, fraction=STRANGERS / (MEMBERS + STRANGERS))


def mixed(names: NDArray[Any], own: str, other: str, seed: int) -> NDArray[np.intp]:
    """Positions of members of one class, then of strangers."""
    random = np.random.default_rng(seed)
    counts = (own, MEMBERS), (other, STRANGERS)
    return np.concatenate([random.choice(np.flatnonzero(names == one), count, replace=False) for one, count in counts])


def share_found(rows: NDArray[Any], names: NDArray[Any], own: str, other: str, detect: Detector) -> float:
    """The share of the strangers that are detected, over some draws."""
    found = [detect(rows[mixed(names, own, other, seed)]) for seed in range(DRAWS)]
    return float(np.mean([[position >= MEMBERS for position in positions] for positions in found]))


def show(who: str, rows: NDArray[Any], names: NDArray[Any], detect: Detector) -> None:
    print(f"{who}: strangers that were found, of each other class")
    shares: dict[str, list[str]] = {}
    for own, other in permutations(dict.fromkeys(names.tolist()), 2):
        shares.setdefault(own, []).append(f"{other} {share_found(rows, names, own, other, detect):.2f}")
    for own, found in shares.items():
        print(f"  among {own:14}{', '.join(found)}")


def beside(rows: NDArray[Any], names: NDArray[Any]) -> None:
    """The same by scikit-learn."""
    try:
        from sklearn.neighbors import LocalOutlierFactor
    except ImportError as error:
        told_of_absence(error)
        return

    def detect(some: NDArray[Any]) -> Sequence[int]:
        factor = LocalOutlierFactor(n_neighbors=50, metric="cosine").fit(some)
        found: list[int] = np.argsort(factor.negative_outlier_factor_)[:STRANGERS].tolist()
        return found

    show("scikit-learn, LocalOutlierFactor", rows, names, detect)


def draw_distances(found: Outliers, path: Path) -> None:
    """Each definition by its distance from the middle, and where the line is drawn."""
    figure = new_figure(8, 4)
    axes = figure.subplots()
    order = np.argsort(found.distances)
    stranger = order >= MEMBERS
    places = np.arange(len(order))
    own, other = OF_PLOT
    axes.scatter(places[~stranger], found.distances[order][~stranger], s=14, label=own)
    axes.scatter(places[stranger], found.distances[order][stranger], s=40, marker="^", label=f"strangers: {other}")
    axes.axhline(found.radius, color="grey", linestyle=":", label=f"radius {found.radius:.2f}")
    axes.set(title=f"Strangers among {own}", xlabel="definitions, the nearest first", ylabel="distance from the middle")
    axes.legend()
    save(figure, path)


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
