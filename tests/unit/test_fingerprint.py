"""The fingerprint as stores keep it: stable, readable again, and refused when it cannot be trusted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import EdgeStore, Fingerprint, StoreError

FINGERPRINT = Fingerprint("gemini-embedding-2", 768, "prefix:retrieval", "unit")
KEPT = {
    "model": "gemini-embedding-2",
    "dimensions": 768,
    "conditioning": "prefix:retrieval",
    "normalization": "unit",
    "version": 1,
}


def test_kept_form() -> None:
    assert FINGERPRINT.to_dict() == KEPT
    assert Fingerprint.from_dict(KEPT) == FINGERPRINT


def test_digest_never_changes() -> None:
    """It is part of every record's id: another digest would embed every index anew."""
    assert FINGERPRINT.digest == "e6a1e3778e788f0d"
    assert replace(FINGERPRINT, dimensions=3072).digest != FINGERPRINT.digest


def test_difference_in_words() -> None:
    other = replace(FINGERPRINT, model="gemini-embedding-001", dimensions=3072)
    assert FINGERPRINT.difference(FINGERPRINT) == ""
    assert FINGERPRINT.difference(other) == (
        "model 'gemini-embedding-2' against 'gemini-embedding-001', dimensions 768 against 3072"
    )


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        pytest.param(KEPT | {"version": 2}, "has version 2.*upgrade gemini-embed", id="newer"),
        pytest.param({}, "has version None", id="empty"),
        pytest.param({"version": 1, "model": "m"}, "dimensions, conditioning, normalization missing", id="damaged"),
    ],
)
def test_what_cannot_be_read_is_refused(kept: dict[str, Any], words: str) -> None:
    with pytest.raises(StoreError, match=words):
        Fingerprint.from_dict(kept)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda file: file.write_text("{", "utf-8"), "is damaged", id="not-json"),
        pytest.param(lambda file: file.write_text("[1]", "utf-8"), "is damaged", id="not-an-object"),
        pytest.param(lambda file: file.unlink(), "is missing beside its vectors", id="missing"),
    ],
)
def test_a_damaged_edge_folder_is_refused(tmp_path: Path, damage: Any, words: str) -> None:
    store = EdgeStore(tmp_path)
    store.open(FINGERPRINT)
    store.close()
    damage(tmp_path / "fingerprint.json")
    with pytest.raises(StoreError, match=words):
        EdgeStore(tmp_path).open(FINGERPRINT)
