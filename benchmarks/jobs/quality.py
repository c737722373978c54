"""What finds how much: sizes, codes, words beside vectors, reranking, imagined answers. quality.py

On real text vectors and questions whose answers are known, through the library's own doors. Nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from gemini_embed import EdgeStore, Embedder, Lexical, MultimodalIndex, Precision, Record, Words, rerank
from gemini_embed.stores.quantization import bytes_a_vector

from benchmarks.recall.asked import SIZES, Asked, asked, nested
from benchmarks.recall.minilm import SIZE, Matrix, unit

CODES = ("turbo4", "turbo1", "binary")
WEIGHTS = (0.1, 0.3, 0.5, 0.7)
K, DEPTH, BATCH = 10, 50, 500
Find = Callable[[int], Sequence[int]]
"""The number of a question to positions of texts, the best first."""


def main() -> dict[str, Any]:
    """Each part's rows."""
    data = asked()
    rows, queries = nested(data.rows, data.queries)
    found = {"spread": spread(rows), "sizes": list(of_sizes(rows, queries, data))}
    own = data._replace(rows=unit(data.rows[:, :SIZE]), queries=unit(data.queries[:, :SIZE]))
    return {**found, **with_words(own._replace(imagined=unit(data.imagined[:, :SIZE])))}


def spread(rows: Matrix) -> dict[str, float]:
    """How far cosines of the first numbers lie from those of all, standard deviation, of texts by chance."""
    one, other = np.random.default_rng(4).integers(len(rows), size=(2, 20_000))
    full = np.einsum("ij,ij->i", rows[one], rows[other])
    return {
        str(size): float(np.std(np.einsum("ij,ij->i", unit(rows[one, :size]), unit(rows[other, :size])) - full))
        for size in SIZES[1:]
    }


def of_sizes(rows: Matrix, queries: Matrix, data: Asked) -> Iterator[dict[str, Any]]:
    """Of each size with each code: the share of the nearest at the full size that it finds, and of the answers."""
    nearest = _best(queries @ rows.T)
    for size in SIZES:
        some, asking = unit(rows[:, :size]), unit(queries[:, :size])
        exact = _best(asking @ some.T)
        yield {"size": size, "code": "none", "rescored": True, **_shares(exact, nearest, data.answers, size, "none")}
        for code in CODES:
            with filled(data.texts, some, quantization=code) as index:
                for rescored in (False, True):
                    exactness = Precision(rescore=rescored)
                    found = [_positions(index.search_vector(query, K, precision=exactness)) for query in asking]
                    shares = _shares(found, nearest, data.answers, size, code)
                    yield {"size": size, "code": code, "rescored": rescored, **shares}


def _shares(found: Any, nearest: Any, answers: Sequence[int], size: int, code: str) -> dict[str, float]:
    near = [len({*mine} & {*right}) / K for mine, right in zip(found, nearest, strict=True)]
    return {
        "bytes": bytes_a_vector(code, size),
        "nearest": float(np.mean(near)),
        "answers": float(np.mean([right in mine for mine, right in zip(found, answers, strict=True)])),
    }


def with_words(data: Asked) -> dict[str, list[dict[str, Any]]]:
    """Words beside vectors, candidates reranked, imagined answers: how the answers are found."""
    words: list[dict[str, Any]] = []
    for cut in (Lexical("english"), Lexical()):
        with filled(data.texts, data.rows, lexical=cut) as index:
            words += [{"cut": cut.language, "how": how, **_found(find, data)} for how, find in _worded(index, data)]
            if cut.language:
                reranked = [{"how": how, **_found(find, data)} for how, find in _reranked(index, data)]
                imagined = [{"how": how, **_found(find, data)} for how, find in _imagined(index, data)]
    return {"words": words, "reranked": reranked, "imagined": imagined}


def _worded(index: MultimodalIndex, data: Asked) -> Iterator[tuple[str, Find]]:
    def search(**of_words: Any) -> Find:
        return lambda i: _positions(
            index.search_vector(data.queries[i], K, lexical=Words(data.questions[i], **of_words))
        )

    yield "vectors", lambda i: _positions(index.search_vector(data.queries[i], K))
    yield "words", search(only=True)
    yield "ranks", search()
    for weight in WEIGHTS:
        yield f"{weight:g}", search(weight=weight)


def _reranked(index: MultimodalIndex, data: Asked) -> Iterator[tuple[str, Find]]:
    def ranked(depth: int, *, imagined: bool = False) -> Find:
        def find(i: int) -> Sequence[int]:
            hits = index.search_vector(data.queries[i], depth, lexical=Words(data.questions[i], only=True))
            aim = _mean(data.queries[i], data.imagined[i]) if imagined else data.queries[i]
            best = rerank(index.embedder, aim, hits, top_k=K) if hits else []
            return _positions([one.candidate for one in best])

        return find

    yield "10", ranked(10)
    yield "50", ranked(DEPTH)
    yield "50, imagined", ranked(DEPTH, imagined=True)


def _imagined(index: MultimodalIndex, data: Asked) -> Iterator[tuple[str, Find]]:
    def search(vector: Callable[[int], Matrix]) -> Find:
        return lambda i: _positions(index.search_vector(vector(i), K))

    others = np.roll(data.imagined, 1, axis=0)
    yield "question", search(lambda i: data.queries[i])
    yield "both", search(lambda i: _mean(data.queries[i], data.imagined[i]))
    yield "answer", search(lambda i: data.imagined[i])
    yield "wrong", search(lambda i: _mean(data.queries[i], others[i]))


def _found(find: Find, data: Asked) -> dict[str, float]:
    """How often the answer comes first, and among the first ten; and the mean of 1 / its place."""
    places = []
    for i, right in enumerate(data.answers):
        best = [*find(i)][:K]
        places.append(best.index(right) + 1 if right in best else np.inf)
    ranks = np.array(places)
    return {"first": float(np.mean(ranks == 1)), "ten": float(np.mean(ranks <= K)), "mrr": float(np.mean(1 / ranks))}


@contextmanager
def filled(texts: Sequence[str], rows: Matrix, **of_store: Any) -> Iterator[MultimodalIndex]:
    """An index of them, in a folder of its own."""
    with TemporaryDirectory() as folder:
        embedder = Embedder(api_key="never-asked", dimensions=rows.shape[1])
        with MultimodalIndex(embedder, EdgeStore(Path(folder) / "index", **of_store)) as index:
            index.count()  # opens the store
            for start in range(0, len(rows), BATCH):
                some = range(start, min(start + BATCH, len(rows)))
                records = [Record(str(UUID(int=i)), texts[i], {"modality": "text"}) for i in some]
                index.store.upsert(records, rows[some.start : some.stop])
            yield index


def _positions(hits: Any) -> list[int]:
    return [UUID(hit.record.id).int for hit in hits]


def _best(scores: Matrix) -> list[list[int]]:
    found: list[list[int]] = np.argsort(-scores, axis=1)[:, :K].tolist()
    return found


def _mean(one: Matrix, other: Matrix) -> Matrix:
    """As `hypothetical=` of a search makes it of unit vectors."""
    return unit(one + other)


if __name__ == "__main__":
    print("RESULT", json.dumps(main()))
