"""Real texts and their vectors: WordNet's definitions, asked for by the examples beside them.

They are read where Debian's package wordnet-base has them, or in $WNSEARCHDIR, as WordNet's own programs do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.recall.minilm import Matrix, MiniLm, unit

TEXTS, QUERIES, SENTENCES, MOST = 20_000, 200, 1_000, 100
LEAST_WORDS = 3
"""Of an example that is asked."""
BUILD = Path(__file__).parents[2] / "build" / "recall"
_NOISE = 0.1
"""Of a repeated text: some 6 degrees, where its nearest neighbours are 25 away."""


class Gloss(NamedTuple):
    """A meaning: its words and definition, and an example."""

    text: str
    example: str | None
    place: str
    """Where it stands: its part of speech and offset, such as "n00001740"."""
    kind: str | None
    """The place of the meaning that it is a kind of."""


def glosses() -> list[Gloss]:
    """All of WordNet's, in its order.

    Raises:
        SystemExit: it is not there.
    """
    folder = Path(os.environ.get("WNSEARCHDIR", "/usr/share/wordnet"))
    if not (folder / "data.noun").is_file():
        raise SystemExit(f"{folder} holds no WordNet: install wordnet-base, or name its folder in WNSEARCHDIR")
    lines = [
        line for kind in ("noun", "verb", "adj", "adv") for line in (folder / f"data.{kind}").open(encoding="utf-8")
    ]
    return [_gloss(line) for line in lines if not line.startswith("  ")]


def _gloss(line: str) -> Gloss:
    """Of a line such as `00001740 03 n 01 entity 0 003 ~ ... | that which exists; "example"`."""
    head, said = line.split(" | ", 1)
    fields = head.split()
    words = [fields[4 + 2 * i].replace("_", " ") for i in range(int(fields[3], 16))]
    examples = re.findall(r'"([^"]+)"', said)
    definition = re.sub(r';?\s*"[^"]*"[^;]*', "", said).strip(" ;\n")
    kind = re.search(r" @i? (\d{8}) ([nv]) ", head + " ")
    return Gloss(
        f"{', '.join(words)}: {definition}",
        examples[0] if examples else None,
        f"{fields[2]}{fields[0]}",
        f"{kind[2]}{kind[1]}" if kind else None,
    )


class Data(NamedTuple):
    """Vectors on disk, and what exact search finds among them."""

    rows: Path
    """float32, shape (n, d), as .npy: an engine's process reads it in pieces."""
    queries: Matrix
    """Shape (QUERIES, d)."""
    best: NDArray[Any]
    """The positions of the nearest MOST rows of each query, shape (QUERIES, MOST)."""


def data(count: int, size: int) -> Data:
    """`count` vectors of `size` numbers, and queries; made once, and kept below `build/`."""
    BUILD.mkdir(parents=True, exist_ok=True)
    place, truth = BUILD / f"{count}x{size}.npy", BUILD / f"{count}x{size}.best.npz"
    if truth.exists():
        found = np.load(truth)
        return Data(place, found["queries"], found["best"])
    texts, asked = encoded()
    rows, queries = unit(texts[:, :size]), unit(asked[:, :size])
    if count > len(rows):
        rng = np.random.default_rng(1)
        rows = np.concatenate([rows] * -(-count // len(rows)))[:count]
        rows = unit(rows + rng.normal(size=rows.shape).astype(np.float32) * np.float32(_NOISE / size**0.5))
    rows = np.ascontiguousarray(rows[:count])
    np.save(place, rows)
    scores = queries @ rows.T
    best = np.argsort(-scores, axis=1)[:, :MOST]
    np.savez(truth, queries=queries, best=best)
    return Data(place, queries, best)


class Asked(NamedTuple):
    """Texts, and sentences that each ask for one of them."""

    texts: list[str]
    """TEXTS of WordNet's, then others."""
    rows: Matrix
    """A vector for each."""
    sentences: list[str]
    queries: Matrix
    right: list[int]
    """Which text each sentence asks for."""
    odd_queries: Matrix
    """Vectors of further queries."""
    known: int = TEXTS
    """How many texts are WordNet's."""


def asked_for(size: int, more: list[str], odd: list[str]) -> Asked:
    """WordNet's texts and `more`; SENTENCES of the examples beside them, and the queries `odd`."""
    place = BUILD / "sentences.npz"
    chosen = drawn(glosses())[1]
    having = [i for i, one in enumerate(chosen) if one.example and len(one.example.split()) >= LEAST_WORDS]
    right = [having[i] for i in np.random.default_rng(2).permutation(len(having))[:SENTENCES]]
    sentences = [chosen[i].example or "" for i in right]
    if not place.exists():
        np.savez(place, queries=MiniLm().encode(sentences))
    rows, queries = encoded()[0], np.load(place)["queries"]
    more_rows = MiniLm().encode([*more, *odd])
    rows = np.concatenate([rows[:, :size], more_rows[: len(more), :size]])
    texts = [one.text for one in chosen] + more
    return Asked(texts, unit(rows), sentences, unit(queries[:, :size]), right, unit(more_rows[len(more) :, :size]))


def drawn(every: Sequence[Gloss]) -> tuple[np.random.Generator, list[Gloss]]:
    """The TEXTS of them that are looked through, and the dice as they lie after that."""
    rng = np.random.default_rng(0)
    return rng, [every[i] for i in rng.permutation(len(every))[:TEXTS]]


def encoded() -> tuple[Matrix, Matrix]:
    """Texts and queries, 3072 numbers each; made once, and kept below `build/`."""
    place = BUILD / "encoded.npz"
    if not place.exists():
        every = glosses()
        rng, chosen = drawn(every)
        examples = [one.example for one in every if one.example and len(one.example.split()) >= LEAST_WORDS]
        asked = [examples[i] for i in rng.permutation(len(examples))[:QUERIES]]
        encoder = MiniLm()
        pieces = [chosen[start : start + 500] for start in range(0, TEXTS, 500)]
        texts = np.concatenate([encoder.encode([one.text for one in some]) for some in pieces])
        np.savez(place, texts=texts, queries=encoder.encode(asked))
    found = np.load(place)
    return found["texts"], found["queries"]
