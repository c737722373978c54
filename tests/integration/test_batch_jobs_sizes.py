"""One name of a run for vectors of two sizes: each embedder sees the jobs of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Embedder
from gemini_embed_emulator import Emulator

Make = Callable[..., Embedder]
TEXTS = [f"text number {n}" for n in range(20)]


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """`make(768)` is an embedder of vectors of this size; all have one cache."""

    def made(dimensions: int, **options: Any) -> Embedder:
        limits = {"max_items": 10, "look_again_s": 0.1}
        return make_embedder(dimensions=dimensions, cache=tmp_path / "vectors.db", batch_limits=limits, **options)

    return made


@pytest.fixture
def nightly(make: Make, emulator: Emulator) -> None:
    """Two jobs of 768, and one of 3072, by one name; all take a minute."""
    emulator.batch_s = 60
    make(768).batches.submit_documents(TEXTS, name="nightly", verify=0)
    make(3072).batches.submit_documents(TEXTS[:10], name="nightly", verify=0)


@pytest.mark.usefixtures("nightly")
def test_delete_leaves_the_jobs_of_another_size(make: Make, emulator: Emulator) -> None:
    make(768).batches.get("nightly").delete()
    assert len(emulator.jobs()) == 1
    emulator.clock.advance(60)
    other = make(3072)
    run = other.batches.get("nightly")
    run.wait()
    assert run.refresh().done == 10
    emulator.requests.clear()
    assert other.embed_documents(TEXTS[:10]).values.shape == (10, 3072)
    assert not emulator.requests


@pytest.mark.usefixtures("nightly")
def test_cancel_leaves_the_jobs_of_another_size(make: Make) -> None:
    assert make(768).batches.get("nightly").cancel().jobs == {"cancelled": 2}
    assert make(3072).batches.get("nightly").refresh().jobs == {"pending": 1}


@pytest.mark.usefixtures("nightly")
def test_a_wait_is_for_the_jobs_of_its_own_size(make: Make, emulator: Emulator) -> None:
    """Also its numbers: they would add up items of two corpora."""
    emulator.clock.advance(60)
    run = make(768).batches.get("nightly")
    run.wait()
    assert (run.refresh().items, run.refresh().jobs) == (20, {"succeeded": 2})
    assert make(3072).batches.get("nightly").refresh().uncollected == 1


def test_the_model_s_own_size_is_one(make: Make, make_embedder: Make, emulator: Emulator, tmp_path: Path) -> None:
    """Told or not."""
    emulator.batch_s = 60
    make(3072).batches.submit_documents(TEXTS, name="nightly", verify=0)
    found = make_embedder(cache=tmp_path / "vectors.db").batches.get("nightly")
    assert found.refresh().jobs == {"pending": 2}


def test_a_run_without_jobs_of_its_own_is_not_forgotten(make: Make, emulator: Emulator) -> None:
    """What another run's jobs bring it is known by its name, which is of both sizes."""
    emulator.batch_s = 60
    make(3072).batches.submit_documents(TEXTS, name="first", verify=0)
    make(3072).batches.submit_documents(TEXTS, name="nightly", verify=0)
    make(768).batches.submit_documents(TEXTS, name="nightly", verify=0)
    make(768).batches.get("nightly").delete()
    assert len(emulator.jobs()) == 2
    assert make(3072).batches.get("nightly").refresh().jobs == {"pending": 2}
