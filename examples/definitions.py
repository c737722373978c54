"""What `clustering.py`, `classification.py` and `anomalies.py` look into: 600 definitions of WordNet, 150 each of
animals, food, places and ways of communication, and their vectors.

With GEMINI_API_KEY (or GOOGLE_API_KEY) set, Gemini makes the vectors; without a key those of another model are there,
in `glosses.npy` (all-MiniLM-L6-v2, 384 numbers).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gemini_embed import Embedder, EmbeddingResult
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
Vectors = EmbeddingResult | NDArray[np.float32]


def plot_asked_for(about: str) -> Path | None:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--plot", type=Path, help="where to write a picture, .png or .svg (needs matplotlib)")
    plot: Path | None = parser.parse_args().plot
    return plot


def definitions() -> tuple[list[str], list[str]]:
    """The class of each definition, and the definitions."""
    rows = json.loads((HERE / "glosses.json").read_text("utf-8"))
    return [row[0] for row in rows], [row[1] for row in rows]


def embedded(texts: Sequence[str], task: str) -> Vectors:
    """Gemini's vectors where there is a key, else those of another model; shape (n, d)."""
    if not any(os.environ.get(name) for name in KEYS):
        print(f"{' and '.join(KEYS)} are not set: these vectors are another model's, not Gemini's.")
        held: NDArray[np.float32] = np.load(HERE / "glosses.npy").astype(np.float32)
        return held
    with Embedder(task=task, dimensions=768) as embedder:
        return embedder.embed_documents(texts)


def new_figure(width: float, height: float) -> Figure:
    """An empty picture, in inches; needs matplotlib and no screen."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=120)
    print(f"a picture: {path}")


def told_of_absence(error: ImportError) -> None:
    """Where scikit-learn is not installed, which stands beside only."""
    print(f"{'scikit-learn':13}not here ({error}): pip install scikit-learn shows it beside")


def rows_of(vectors: Vectors) -> NDArray[Any]:
    """As any library takes them, shape (n, d)."""
    return np.asarray(vectors)
