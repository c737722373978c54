"""What each fusion finds, and what it lets in: questions that some modalities answer, and much that answers none.

    python examples/fusion.py

600 definitions of WordNet with real vectors of another model (`glosses.npy`) become texts, pictures, recordings and
videos: some noise is added to each, and what a modality shares, so that modalities lie apart as in real models. It
needs no key: to measure your own index and your own questions use `gemini_embed.evaluation.fusion_table`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from gemini_embed import EdgeStore, Embedder, MultimodalIndex
from gemini_embed.evaluation import FusionTable, fusion_table, mixed_modalities
from gemini_embed.searching import Fusion

HERE = Path(__file__).resolve().parent
K = 5
MANY = {"text": 240, "image": 80, "audio": 80, "video": 80}
FEW = {"text": 400, "image": 20, "audio": 20, "video": 20}
CASES: tuple[tuple[dict[str, int], tuple[str, ...], int], ...] = (
    (MANY, ("text",), 50),
    (MANY, ("image",), 50),
    (MANY, ("text", "image"), 50),
    (MANY, ("text", "image", "audio", "video"), 50),
    (FEW, ("text",), 50),
    (FEW, ("image",), 20),
)
"""How many records there are of each modality, which of them answer, and how many questions are asked."""


def main() -> None:
    for counts, answers, questions in CASES:
        print(f"\n{counts}, answered by {', '.join(answers)}:\n\n{measured(counts, answers, questions)}")


def measured(
    counts: dict[str, int],
    answers: Collection[str],
    questions: int,
    *,
    noise: float = 0.7,
    fusions: Sequence[Fusion] = get_args(Fusion),
) -> FusionTable:
    """Each fusion over an index of so many records, whose answers lie so far from their questions."""
    mixed = mixed_modalities(np.load(HERE / "glosses.npy"), counts, answers=answers, questions=questions, noise=noise)
    with (
        tempfile.TemporaryDirectory() as place,
        Embedder(api_key="unused", dimensions=mixed.vectors.shape[1]) as embedder,
        MultimodalIndex(embedder, EdgeStore(Path(place) / "index")) as index,
    ):
        mixed.write_to(index.store, embedder.fingerprint)
        return fusion_table(index, mixed.questions, k=K, fusions=fusions)


if __name__ == "__main__":
    main()
