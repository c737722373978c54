"""Questions whose answers are known: examples of WordNet's, each asking for the definition that it stands beside; and
vectors of them that can be shortened as Gemini's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.recall.glosses import BUILD, drawn, encoded, glosses
from benchmarks.recall.minilm import Matrix, MiniLm, unit

QUESTIONS = 500
SIZES = (3072, 1536, 768, 256)
_NORMS = {256: 0.31, 768: 0.56, 1536: 0.73, 3072: 1.0}
"""Of the first numbers of gemini-embedding-2's vectors, as recorded: its energy is spread evenly."""
_PARTS = ((256, 64), (768, 384), (1536, 768), (3072, 1536))
"""Where each part ends, and how many directions it tells of: so many that cosines of the first numbers are about as far
off as those of gemini-embedding-2, as recorded."""


class Asked(NamedTuple):
    """20,000 definitions, and questions to them."""

    texts: list[str]
    rows: Matrix
    """Of the texts, shape (n, 3072)."""
    questions: list[str]
    queries: Matrix
    """Of the questions, shape (QUESTIONS, 3072)."""
    imagined: Matrix
    """Of what an answer might say: the definition of what the answer is a kind of, which is none of the texts."""
    answers: list[int]
    """The position of the text that each question asks for."""


def asked() -> Asked:
    """Made once, and kept below `build/`."""
    every = glosses()
    _, held = drawn(every)
    known = {one.place for one in held}
    fit = [i for i, one in enumerate(held) if len((one.example or "").split()) >= 3 and one.kind]
    fit = [i for i in fit if held[i].kind not in known]
    answers = [fit[i] for i in np.random.default_rng(2).permutation(len(fit))[:QUESTIONS]]
    texts = {one.place: one.text for one in every}
    questions = [held[i].example or "" for i in answers]
    place = BUILD / "asked.npz"
    if not place.exists():
        encoder, kinds = MiniLm(), [texts[held[i].kind or ""] for i in answers]
        BUILD.mkdir(parents=True, exist_ok=True)
        np.savez(place, queries=encoder.encode(questions), imagined=encoder.encode(kinds))
    found = np.load(place)
    return Asked([one.text for one in held], encoded()[0], questions, found["queries"], found["imagined"], answers)


def nested(rows: Matrix, others: Matrix) -> tuple[Matrix, Matrix]:
    """Both in a form whose first numbers say what all say, with Gemini's share of the length.

    Each part is what the directions of most variance tell, turned at random.
    """
    directions = np.linalg.eigh(rows.T @ rows)[1][:, ::-1].astype(np.float32)
    rng = np.random.default_rng(3)
    made: list[tuple[Matrix, Matrix]] = []
    start = 0
    for end, count in _PARTS:
        turned = np.linalg.qr(rng.normal(size=(end - start, count)))[0].T.astype(np.float32)
        basis = directions[:, :count] @ turned
        weight = np.float32((_NORMS[end] ** 2 - _NORMS.get(start, 0.0) ** 2) ** 0.5)
        made.append((weight * unit(rows @ basis), weight * unit(others @ basis)))
        start = end
    return np.concatenate([one for one, _ in made], axis=1), np.concatenate([one for _, one in made], axis=1)
