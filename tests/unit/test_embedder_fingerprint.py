"""What an embedder's vectors have in common, and what keeps two apart."""

from typing import Any

import pytest
from gemini_embed import Embedder

CASES = [
    pytest.param("gemini-embedding-2", {}, "prefix:retrieval", "unit", id="the-default"),
    pytest.param("gemini-embedding-2", {"task": "QUESTION_ANSWERING"}, "prefix:retrieval", "unit", id="same-documents"),
    pytest.param("gemini-embedding-2", {"task": "clustering"}, "prefix:clustering", "unit", id="symmetric"),
    pytest.param("gemini-embedding-2", {"task": "raw"}, "raw", "unit", id="raw"),
    pytest.param(
        "gemini-embedding-2", {"condition_media": "both"}, "prefix:retrieval;media=both", "unit", id="media-told"
    ),
    pytest.param("gemini-embedding-2", {"condition_media": "none"}, "prefix:retrieval", "unit", id="media-untold"),
    pytest.param("gemini-embedding-001", {}, "task_type:retrieval", "unit", id="full-size-is-unit"),
    pytest.param("gemini-embedding-001", {"dimensions": 768}, "task_type:retrieval", "unit", id="made-unit"),
    pytest.param(
        "gemini-embedding-001",
        {"dimensions": 768, "normalize": False},
        "task_type:retrieval",
        "as_served",
        id="left-as-served",
    ),
]


@pytest.mark.parametrize(("model", "options", "conditioning", "normalization"), CASES)
def test_fingerprint(model: str, options: dict[str, Any], conditioning: str, normalization: str) -> None:
    fingerprint = Embedder(model, api_key="k", **options).fingerprint
    assert (fingerprint.conditioning, fingerprint.normalization) == (conditioning, normalization)
    assert fingerprint.model == model
    assert fingerprint.dimensions == options.get("dimensions", 3072)
