"""What finds how much, as the tables of docs/quality.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.driver import Result
from benchmarks.markdown import table

_MTEB = {3072: "", 1536: "68.17", 768: "67.99", 256: "66.19"}
"""Google's own, of gemini-embedding-001 (ai.google.dev/gemini-api/docs/embeddings)."""
_REALLY = {3072: "", 1536: "0.002", 768: "0.005", 256: "0.023"}
"""Of 13 recorded vectors of gemini-embedding-2; recordings are not part of the repository."""
_WORDED = {"vectors": "vectors", "words": "words", "ranks": "both, by ranks: `lexical=True`"}
_RERANKED = {
    "10": "the first 10 by words, reranked",
    "50": "the first 50 by words, reranked",
    "50, imagined": "the same, with an imagined answer",
}
_IMAGINED = {
    "question": "the question",
    "both": "the mean of question and imagined answer: `hypothetical=`",
    "answer": "the imagined answer alone",
    "wrong": "the mean of question and the answer to another question",
}


def sizes(run: Result) -> str:
    """Each size without codes."""
    rows = [
        [
            str(one["size"]),
            f"{one['bytes']:,.0f}",
            f"{one['nearest']:.3f}",
            f"{one['answers']:.3f}",
            f"{run['spread'][str(one['size'])]:.3f}" if str(one["size"]) in run["spread"] else "",
            _REALLY[one["size"]],
            _MTEB[one["size"]],
        ]
        for one in run["sizes"]
        if one["code"] == "none"
    ]
    head = ["numbers", "bytes", "nearest", "answers", "error of a cosine", "that of Gemini's", "MTEB, Google's figure"]
    return table(head, rows)


def codes(run: Result) -> str:
    """Each size with each code, the largest first."""
    found = {(one["size"], one["code"], one["rescored"]): one for one in run["sizes"] if one["code"] != "none"}
    rows = [
        [
            f"{size} in `{code}`",
            f"{one['bytes']:,.0f}",
            f"{found[size, code, False]['nearest']:.3f}",
            f"{one['nearest']:.3f}",
            f"{one['answers']:.3f}",
        ]
        for (size, code, rescored), one in sorted(found.items(), key=lambda pair: (-pair[1]["bytes"], -pair[0][0]))
        if rescored
    ]
    return table(["numbers, code", "bytes", "nearest, by the code alone", "nearest, rescored", "answers"], rows)


def words(run: Result) -> str:
    """Vectors, words and both, the two ways of cutting words side by side."""
    by_way = {(one["cut"], one["how"]): one for one in run["words"]}
    rows = [
        [name, *(f"{by_way[cut, how][key]:.3f}" for cut in ("english", None) for key in ("first", "ten"))]
        for how, name in _WORDED.items()
    ]
    return table(["", *_heads('`Lexical("english")`', "`Lexical()`")], rows)


def fusion(run: Result) -> str:
    """Ranks and weights."""
    by_way = {(one["cut"], one["how"]): one for one in run["words"]}
    named = {"ranks": "`lexical=True`, by ranks"} | {
        how: f"`lexical={how}`" for cut, how in by_way if cut and how not in _WORDED
    }
    rows = [
        [name, *(f"{by_way[cut, how][key]:.3f}" for cut in ("english", None) for key in ("first", "ten"))]
        for how, name in named.items()
    ]
    return table(["", *_heads('`Lexical("english")`', "`Lexical()`")], rows)


def reranked(run: Result) -> str:
    """Candidates of words in the order of vectors, beside what they are made of."""
    by_way = {one["how"]: one for one in run["words"] if one["cut"]}
    rows = [
        *_rows(_WORDED, by_way.values()),
        *_rows(_RERANKED, run["reranked"]),
    ]
    return table(["", "first", "among ten", "MRR"], rows)


def imagined(run: Result) -> str:
    """Questions and imagined answers."""
    return table(["searched for", "first", "among ten", "MRR"], _rows(_IMAGINED, run["imagined"]))


TABLES: dict[str, Callable[[Any], str]] = {
    table.__name__: table for table in (sizes, codes, words, fusion, reranked, imagined)
}
"""Each by the name of its place on the page."""


def _rows(names: dict[str, str], found: Iterable[dict[str, Any]]) -> list[list[str]]:
    by_way = {one["how"]: one for one in found}
    return [[name, *(f"{by_way[how][key]:.3f}" for key in ("first", "ten", "mrr"))] for how, name in names.items()]


def _heads(*cuts: str) -> list[str]:
    return [f"{cut}: {what}" for cut in cuts for what in ("first", "among ten")]
