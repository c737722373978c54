"""Does a search of source code find the file: of a name that is defined once, and of a docstring's first line?

The source is this library's core, so the labels come from its own parse tree.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gemini_embed
import numpy as np
from gemini_embed import MultimodalIndex, Words
from numpy.typing import NDArray

CORE = Path(gemini_embed.__file__).parent
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to vectors, shape (n, d)."""
WAYS: dict[str, float | bool | None] = {"vectors": None, "words and vectors": True, "words and vectors, 0.5": 0.5}
"""What `lexical=` of a search is."""
PLACES = (1, 3, 5)
_DEPTH = 30
"""Records that are looked at for the first files."""


class Question(NamedTuple):
    """What is asked, and the file that it is asked of."""

    text: str
    file: str


def names() -> list[Question]:
    """Functions and classes whose name is defined once."""
    found = [Question(node.name, file) for file, node in _nodes() if not isinstance(node, ast.Module)]
    return [one for one in _once(found) if not one.text.startswith("__")]


def docstrings() -> list[Question]:
    """The first lines of docstrings that are there once."""
    told = ((file, ast.get_docstring(node)) for file, node in _nodes())
    return _once([Question(text.splitlines()[0], file) for file, text in told if text])


def _nodes() -> Iterator[tuple[str, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield str(path), node


def _once(found: list[Question]) -> list[Question]:
    counts = Counter(one.text for one in found)
    return [one for one in found if counts[one.text] == 1]


def revectored(index: MultimodalIndex, encode: Encode) -> int:
    """Give all records of an index vectors of another model, of their titles and texts; returns how many."""
    records = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
    for start in range(0, len(records), 500):
        some = records[start : start + 500]
        index.store.upsert(some, encode([f"{record.title}\n{record.page_content}" for record in some]))
    return len(records)


def shares(
    index: MultimodalIndex, questions: Sequence[Question], lexical: float | bool | None, encode: Encode | None = None
) -> dict[str, Any]:
    """For how many questions, from 0 to 1, the file is among the first 1, 3 and 5; without `encode` the index's own
    embedder makes the vectors of queries."""
    vectors = encode([one.text for one in questions]) if encode else [None] * len(questions)
    ranks = [_rank(index, *pair, lexical) for pair in zip(questions, vectors, strict=True)]
    return {f"first {most}": sum(rank < most for rank in ranks) / len(ranks) for most in PLACES}


def _rank(index: MultimodalIndex, asked: Question, vector: Any, lexical: float | bool | None) -> int:
    """How many files come before the one that is wanted."""
    weight = None if isinstance(lexical, bool) else lexical
    words = None if lexical is None else Words(asked.text.replace('"', " "), weight=weight)  # quotes would be required
    if vector is None:
        hits = index.search(asked.text, _DEPTH, task="code_retrieval", lexical=words)
    else:
        hits = index.search_vector(vector, _DEPTH, lexical=words)
    files = list(dict.fromkeys(hit.source for hit in hits))
    return files.index(asked.file) if asked.file in files else _DEPTH
