"""Groups, labels and outliers of vectors whose groups are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gemini_embed import EmbeddingResult, GeminiEmbedWarning, InputError, Usage
from gemini_embed.analysis import clusters, nearest_label, outliers

SIZES = (40, 25, 15)
TRUE = np.repeat([0, 1, 2], SIZES)


def drawn(seed: int = 0, dimensions: int = 64, noise: float = 0.5) -> Any:
    """Three groups around directions of their own, at lengths that mean nothing."""
    random = np.random.default_rng(seed)
    centres = np.linalg.qr(random.normal(size=(dimensions, 3)))[0].T
    rows = centres[TRUE] + noise * random.normal(size=(len(TRUE), dimensions)) / dimensions**0.5
    return (rows * random.uniform(0.5, 2, size=(len(rows), 1))).astype(np.float32)


def result(rows: Any, task: str | None = "clustering", model: str = "gemini-embedding-2") -> EmbeddingResult:
    return EmbeddingResult(rows, usage=Usage(), model=model, task=task)


@pytest.mark.parametrize("seed", range(5))
def test_groups_that_are_there_are_found(seed: int) -> None:
    """The largest first, each with its members, those nearest to its centre first."""
    rows = drawn(seed)
    found = clusters(result(rows), 3, seed=seed)
    assert found.labels.tolist() == TRUE.tolist()
    assert [sorted(group) for group in found.groups] == [np.flatnonzero(n == TRUE).tolist() for n in range(3)]
    assert np.linalg.norm(found.centres, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert found.cosines == pytest.approx(np.einsum("ij,ij->i", unit, found.centres[TRUE]), abs=1e-5)
    nearest = [found.cosines[group[0]] >= found.cosines[group[-1]] for group in found.groups]
    assert (len(found), nearest) == (3, [True] * 3)
    assert "40, 25, 15" in repr(found)


def test_equal_seeds_give_equal_groups() -> None:
    rows = drawn(noise=4)
    one, same = clusters(rows, 5, seed=3), clusters(rows, 5, seed=3)
    assert one.labels.tolist() == same.labels.tolist()
    assert sorted({*one.labels.tolist()}) == list(range(len(one)))


def test_no_more_groups_than_differ() -> None:
    rows = np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 1]]
    found = clusters(rows, 4)
    assert (found.labels.tolist(), len(found)) == ([0, 0, 0, 1, 1], 2)
    assert clusters(rows[:1], 1).labels.tolist() == [0]


@pytest.mark.parametrize("neighbours", [None, 1, 5])
def test_the_nearest_label(neighbours: int | None) -> None:
    names = np.array(["animal", "food", "place"])[TRUE].tolist()
    examples, rest = drawn()[::2], drawn()[1::2]
    found = nearest_label(result(rest, "classification"), examples, names[::2], neighbours=neighbours)
    assert found.labels == names[1::2]
    assert found.names == ["animal", "food", "place"]
    assert found.scores.shape == (len(rest), 3)
    assert (found.margins > 0).all()
    if neighbours == 1:
        assert (found.scores.max(axis=1) == 1).all()


def test_by_the_names_of_labels_alone() -> None:
    """One example each: what each label is called."""
    found = nearest_label(drawn(), np.eye(64, dtype=np.float32)[:1], [7])
    assert {*found.labels} == {7}
    assert np.isinf(found.margins).all()


def test_what_strays() -> None:
    """From its own group: what is farther from the centre of all may be just where it belongs."""
    rows = drawn()
    rows[3], rows[50] = rows[70], -rows[50]
    found = outliers(result(rows), labels=TRUE, fraction=2 / len(rows))
    assert {*found.positions} == {3, 50}
    assert found.positions[0] == 50
    assert (found.distances[found.positions] > found.radius).all()
    assert outliers(rows, labels=TRUE.tolist(), radius=found.radius).positions == found.positions
    assert len(outliers(rows)) == round(0.05 * len(rows))
    assert outliers(rows, fraction=0).positions == outliers(rows, radius=2).positions == []
    assert len(outliers(rows, fraction=1)) == len(rows)
    assert "2 of 80" in repr(found)


BAD = [
    pytest.param(lambda: clusters(drawn(), 0), "k=0 must be a whole number from 1 to 80", id="no groups"),
    pytest.param(lambda: clusters(drawn(), 81), "from 1 to 80", id="more groups than vectors"),
    pytest.param(lambda: clusters(np.zeros((0, 3)), 1), "at least one row", id="no vectors"),
    pytest.param(lambda: clusters(np.ones(3), 1), r"shape \(n, d\)", id="one vector"),
    pytest.param(lambda: clusters(np.array([[1, 0], [0, np.nan]]), 1), "input 1: it is no vector", id="refused"),
    pytest.param(lambda: clusters(np.array([[1, 0], [0, 0]]), 1), "input 1: it is no vector", id="zeros"),
    pytest.param(lambda: nearest_label(drawn(), drawn(), ["a"]), "1 labels for 80 examples", id="too few labels"),
    pytest.param(lambda: nearest_label(drawn(), drawn()[:3], "abc"), "one str for 3 examples", id="a str"),
    pytest.param(lambda: nearest_label(drawn(), np.eye(3), ["a", "b", "c"]), "embed both", id="another size"),
    pytest.param(
        lambda: nearest_label(result(drawn()), result(drawn(), model="other"), TRUE.tolist()),
        "examples are of other, the vectors of gemini-embedding-2",
        id="another model",
    ),
    pytest.param(
        lambda: nearest_label(drawn(), drawn(), TRUE.tolist(), neighbours=0), "neighbours=0", id="no neighbours"
    ),
    pytest.param(lambda: outliers(drawn(), fraction=0.1, radius=1), "not both", id="both"),
    pytest.param(lambda: outliers(drawn(), fraction=2), "fraction=2 must lie between 0 and 1", id="fraction"),
    pytest.param(lambda: outliers(drawn(), radius=-1), "radius=-1 must lie between 0 and 2", id="radius"),
    pytest.param(lambda: outliers(drawn(), labels=[1]), "1 labels for 80 vectors", id="labels"),
]


@pytest.mark.parametrize(("wrong", "said"), BAD)
def test_what_means_nothing(wrong: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        wrong()


@pytest.mark.parametrize("task", ["search", "question_answering", "fact_checking", "code_retrieval"])
def test_vectors_made_for_a_search_warn(task: str) -> None:
    rows = result(drawn(), task)
    with pytest.warns(GeminiEmbedWarning, match=r'made to be searched.*Embedder\(task="clustering"\)'):
        clusters(rows, 3)
    with pytest.warns(GeminiEmbedWarning, match=r'Embedder\(task="clustering"\)'):
        outliers(rows)
    with pytest.warns(GeminiEmbedWarning, match=r'Embedder\(task="classification"\)'):
        nearest_label(rows, drawn(), TRUE.tolist())


@pytest.mark.parametrize("task", ["clustering", "classification", "similarity", "raw", None])
def test_others_do_not(task: str | None) -> None:
    """A warning is an error here."""
    clusters(result(drawn(), task), 3)
