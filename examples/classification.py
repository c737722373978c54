"""Google's notebook "Classification with embeddings": what class is a text of, told by examples of each?

    python examples/classification.py [--plot classification.png]

As in the notebook 100 texts of each class are known and 25 are told. The notebook trains a softmax layer on the
vectors; here nothing is trained: the mean of each class, or the nearest five examples, tell. scikit-learn's softmax
layer (logistic regression) stands beside where it is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from definitions import Vectors, definitions, embedded, new_figure, plot_asked_for, rows_of, save, told_of_absence
from gemini_embed import GeminiEmbedError
from gemini_embed.analysis import nearest_label
from numpy.typing import NDArray

KNOWN, TOLD, DRAWS = 100, 25, 20


def main() -> None:
    plot = plot_asked_for("The class of definitions, told by examples.")
    classes, texts = definitions()
    vectors = embedded(texts, "classification")
    rows, names = rows_of(vectors), np.array(classes)
    draws = [drawn(names, seed) for seed in range(DRAWS)]
    told = {
        "by the mean of each class": [_told(rows, names, *draw) for draw in draws],
        "by five neighbours": [_told(rows, names, *draw, neighbours=5) for draw in draws],
    }
    for how, labels in told.items():
        print(f"{'gemini_embed':13}{share_right(labels, names, draws):.2f} right {how}")
    softmax = beside(vectors, names, draws)
    if plot:
        shown = {"gemini_embed, by the mean": told["by the mean of each class"], "scikit-learn, softmax": softmax}
        draw_confusion({title: labels for title, labels in shown.items() if labels}, names, draws, plot)


Draw = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of what is known, and of what is told."""


def drawn(names: NDArray[Any], seed: int) -> Draw:
    """So many of each class, by chance."""
    random = np.random.default_rng(seed)
    mixed = [random.permutation(np.flatnonzero(names == name)) for name in dict.fromkeys(names.tolist())]
    known, told = zip(*((one[:KNOWN], one[KNOWN : KNOWN + TOLD]) for one in mixed), strict=True)
    return np.concatenate(known), np.concatenate(told)


def _told(
    rows: NDArray[Any], names: NDArray[Any], known: Any, told: Any, *, neighbours: int | None = None
) -> Sequence[str]:
    return nearest_label(rows[told], rows[known], names[known].tolist(), neighbours=neighbours).labels


def share_right(labels: Sequence[Sequence[str]], names: NDArray[Any], draws: Sequence[Draw]) -> float:
    """Over all draws."""
    return float(
        np.mean([np.mean(np.array(mine) == names[told]) for mine, (_, told) in zip(labels, draws, strict=True)])
    )


def beside(vectors: Vectors, names: NDArray[Any], draws: Sequence[Draw]) -> list[Sequence[str]]:
    """What scikit-learn's trained layer tells; nothing where it is not installed."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        told_of_absence(error)
        return []
    rows = rows_of(vectors)
    layer = LogisticRegression(C=10)
    labels = [layer.fit(rows[known], names[known]).predict(rows[told]).tolist() for known, told in draws]
    print(f"{'scikit-learn':13}{share_right(labels, names, draws):.2f} right by LogisticRegression")
    return labels


def draw_confusion(
    told: dict[str, list[Sequence[str]]], names: NDArray[Any], draws: Sequence[Draw], path: Path
) -> None:
    """Of each class the shares that were told to be of each."""
    classes = list(dict.fromkeys(names.tolist()))
    figure = new_figure(5 * len(told), 4.5)
    for axes, (title, labels) in zip(figure.subplots(1, len(told), squeeze=False)[0], told.items(), strict=True):
        right = np.concatenate([names[asked] for _, asked in draws])
        mine = np.concatenate([np.array(one) for one in labels])
        shares = np.array([[np.mean(mine[right == true] == other) for other in classes] for true in classes])
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
        axes.set_xticks(range(len(classes)), classes, rotation=20)
        axes.set_yticks(range(len(classes)), classes)
        axes.set(title=title, xlabel="told", ylabel="is")
    save(figure, path)


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
