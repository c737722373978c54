"""The fingerprint as stores keep it: stable, readable again, and refused when it cannot be trusted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import EdgeStore, Embedder, Fingerprint, StoreError

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


def test_a_service_is_kept() -> None:
    """New records name Google too: one that names nobody is older, and may be of any service."""
    googles = Embedder(api_key="k", dimensions=768).fingerprint
    assert googles.to_dict() == KEPT | {"service": "google"}
    assert Fingerprint.from_dict(googles.to_dict()) == googles == FINGERPRINT
    emulators = replace(FINGERPRINT, service="emulator")
    assert emulators.to_dict() == KEPT | {"service": "emulator"}
    assert Fingerprint.from_dict(emulators.to_dict()) == emulators != FINGERPRINT


def test_media_told_to_nobody_are_told_on_queries_only() -> None:
    """Documents are made alike with condition_media="none" and "query"; ids of older records keep their digest."""
    older = KEPT | {"conditioning": "prefix:retrieval;media=none"}
    kept = Fingerprint.from_dict(older)
    assert kept == FINGERPRINT
    assert kept.to_dict() == older
    assert kept.digest == "f50220bc76818217" != FINGERPRINT.digest
    assert kept.check(FINGERPRINT, where="here") is kept


def test_digest_never_changes() -> None:
    """It is part of every record's id: another digest would embed every index anew."""
    assert FINGERPRINT.digest == "e6a1e3778e788f0d"
    assert replace(FINGERPRINT, dimensions=3072).digest != FINGERPRINT.digest
    assert replace(FINGERPRINT, service="emulator").digest == FINGERPRINT.digest  # a store is of one service


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
