"""Embedders whose contents go in many small batch jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Embedder


@pytest.fixture
def make_small_jobs(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Callable[..., Embedder]:
    """Embedders with a cache between them, jobs of ten lines."""

    def made(**options: Any) -> Embedder:
        limits = {"max_items": 10, "look_again_s": 0.05}
        return make_embedder(**{"dimensions": 128, "cache": tmp_path / "vectors.db", "batch_limits": limits, **options})

    return made
