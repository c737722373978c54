"""Google's three notebooks on what vectors are good for besides search: groups, labels, outliers.

    python examples/analysis.py [--plot analysis.png]

600 definitions of WordNet, of animals, food, places and communication. With GEMINI_API_KEY (or GOOGLE_API_KEY) set,
Gemini makes their vectors; without a key those of another model are there, in `glosses.npy`.

groups      150 of each class into four groups: are they the classes? (the notebook: k-means)
labels      100 of each class known, 50 told by them (the notebook: a trained layer)
outliers    five of another class among 100: are they the farthest? (the notebook: a distance to the centre)
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from gemini_embed import Embedder, GeminiEmbedError
from gemini_embed.analysis import Clusters, clusters, nearest_label, outliers

HERE = Path(__file__).resolve().parent
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
KNOWN, STRAYS, DRAWS = 100, 5, 20


def main() -> None:
    parser = argparse.ArgumentParser(description="Groups, labels and outliers among 600 definitions.")
    parser.add_argument("--plot", type=Path, help="where to write a picture of the groups (needs matplotlib)")
    options = parser.parse_args()
    classes, texts = definitions()
    vectors = embedded(texts)
    found = clusters(vectors, 4)
    print(f"groups    {found}; {purity(found, classes):.2f} lie in a group of mostly their class")
    print(f"labels    {share_told_right(vectors, classes):.2f} right by centres, ", end="")
    print(f"{share_told_right(vectors, classes, neighbours=5):.2f} by five neighbours")
    print("outliers  strangers that are the farthest, among:", end="")
    for name in dict.fromkeys(classes):  # where a class is of many kinds, its own members stray as far
        print(f" {name} {share_of_strays_found(vectors, classes, name):.2f}", end="")
    print()
    if options.plot:
        draw(vectors, found, classes, options.plot)
        print(f"the groups as a picture: {options.plot}")


def definitions() -> tuple[list[str], list[str]]:
    """The class of each definition, and the definitions."""
    rows = json.loads((HERE / "glosses.json").read_text("utf-8"))
    return [row[0] for row in rows], [row[1] for row in rows]


def embedded(texts: list[str]) -> Any:
    """Gemini's vectors where there is a key, else those of another model; shape (n, d)."""
    if not any(os.environ.get(name) for name in KEYS):
        print(f"{' and '.join(KEYS)} are not set: these vectors are another model's, not Gemini's.")
        return np.load(HERE / "glosses.npy").astype(np.float32)
    with Embedder(task="clustering", dimensions=768) as embedder:
        return embedder.embed_documents(texts)


def purity(found: Clusters, classes: list[str]) -> float:
    """The share of the class that each group has most of."""
    most = [Counter(classes[i] for i in group).most_common(1)[0][1] for group in found.groups]
    return sum(most) / len(classes)


def share_told_right(vectors: Any, classes: list[str], neighbours: int | None = None) -> float:
    rows, each = np.asarray(vectors), Counter(classes)[classes[0]]
    is_known = np.arange(len(rows)) % each < KNOWN
    known = [name for name, yes in zip(classes, is_known, strict=True) if yes]
    asked = [name for name, yes in zip(classes, is_known, strict=True) if not yes]
    told = nearest_label(rows[~is_known], rows[is_known], known, neighbours=neighbours)
    return float(np.mean([one == right for one, right in zip(told.labels, asked, strict=True)]))


def share_of_strays_found(vectors: Any, classes: list[str], name: str) -> float:
    """Over some draws of one class and of strangers to it."""
    rows, own = np.asarray(vectors), np.array(classes) == name
    random = np.random.default_rng(0)
    shares = []
    for _ in range(DRAWS):
        members = random.choice(np.flatnonzero(own), KNOWN, replace=False)
        strangers = random.choice(np.flatnonzero(~own), STRAYS, replace=False)
        found = outliers(rows[[*members, *strangers]], fraction=STRAYS / (KNOWN + STRAYS))
        shares.append(np.mean([position >= KNOWN for position in found.positions]))
    return float(np.mean(shares))


def draw(vectors: Any, found: Clusters, classes: list[str], path: Path) -> None:
    """Vectors on the two directions in which they differ most: colours are groups, marks are classes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = np.asarray(vectors)
    centred = rows - rows.mean(axis=0)
    flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    for name, mark in zip(dict.fromkeys(classes), "osv^", strict=True):
        own = np.array(classes) == name
        axes.scatter(
            flat[own, 0], flat[own, 1], c=found.labels[own], marker=mark, cmap="tab10", vmin=0, vmax=9, s=24, label=name
        )
    axes.set(title="Definitions in four groups", xticks=[], yticks=[])
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
