"""Google's notebook "Clustering with embeddings": do definitions of four classes fall into four groups?

    python examples/clustering.py [--plot clustering.png]

As in the notebook 150 texts of each class are put into four groups without their classes, and counted is how many lie
in a group of mostly their class. scikit-learn's k-means stands beside where it is installed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from definitions import Vectors, definitions, embedded, new_figure, plot_asked_for, rows_of, save, told_of_absence
from gemini_embed import GeminiEmbedError
from gemini_embed.analysis import Clusters, clusters

SHOWN = 3


def main() -> None:
    plot = plot_asked_for("Definitions of four classes in four groups.")
    classes, texts = definitions()
    vectors = embedded(texts, "clustering")
    found = clusters(vectors, 4)
    for group in found.groups:
        counted = ", ".join(f"{count} {name}" for name, count in Counter(classes[i] for i in group).most_common())
        typical = ", ".join(texts[i].partition(":")[0].partition(",")[0] for i in group[:SHOWN])
        print(f"  {len(group)}: {counted}; in the middle {typical}")
    print(f"{'gemini_embed':13}{purity(found.labels, classes):.2f} lie in a group of mostly their class")
    beside(vectors, classes)
    if plot:
        draw(vectors, found, classes, plot)


def purity(groups: Sequence[int] | np.ndarray, classes: Sequence[str]) -> float:
    """The share of the class that each group has most of."""
    counts: dict[int, Counter[str]] = {}
    for group, name in zip(groups, classes, strict=True):
        counts.setdefault(int(group), Counter())[name] += 1
    return sum(one.most_common(1)[0][1] for one in counts.values()) / len(classes)


def beside(vectors: Vectors, classes: Sequence[str]) -> None:
    """The same by scikit-learn."""
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        told_of_absence(error)
        return
    groups = KMeans(n_clusters=4, n_init=4, random_state=0).fit_predict(vectors)
    print(f"{'scikit-learn':13}{purity(groups, classes):.2f}, by KMeans")


def draw(vectors: Vectors, found: Clusters, classes: Sequence[str], path: Path) -> None:
    """Vectors on the two directions in which they differ most: colours are groups, marks are classes."""
    centred = rows_of(vectors) - rows_of(vectors).mean(axis=0)
    flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    figure = new_figure(8, 6)
    axes = figure.subplots()
    for name, mark in zip(dict.fromkeys(classes), "osv^", strict=True):
        own = np.array(classes) == name
        colours = found.labels[own]
        x, y = flat[own].T
        axes.scatter(x, y, c=colours, marker=mark, cmap="tab10", vmin=0, vmax=9, s=24, label=name)
    axes.set(title="Definitions in four groups (colours); marks are classes", xticks=[], yticks=[])
    axes.legend()
    save(figure, path)


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
