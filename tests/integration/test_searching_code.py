"""This library's own source, searched by names and docstrings; `make bench ONLY=code` does it with real vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, Lexical, MultimodalIndex

from benchmarks.code_search import CORE, docstrings, names, shares

pytestmark = pytest.mark.slow


def test_the_file_that_is_asked_for_is_found(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    """By words and by the emulator's vectors, which know words only: real ones do better."""
    store = EdgeStore(tmp_path / "store", lexical=Lexical(tokenizer="code"))
    with MultimodalIndex(make_embedder(dimensions=768), store) as index:
        index.add(CORE, progress=False)
        by_name = shares(index, names()[::4], True)
        by_docstring = shares(index, docstrings()[::4], True)
    assert by_name["first 1"] >= 0.55
    assert by_name["first 3"] >= 0.82
    assert by_docstring["first 5"] >= 0.93
