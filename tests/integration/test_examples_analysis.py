"""The three examples of analysis as a newcomer runs them, without a key: on real vectors of 600 definitions."""

from __future__ import annotations

import os
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[[str], str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a script in this process, since imports of scikit-learn are most of it; what it prints, and a picture."""
    pytest.importorskip("sklearn", reason="scikit-learn and matplotlib are in the group `bench`")

    def run(name: str) -> str:
        for key in [one for one in os.environ if one.endswith("API_KEY")]:
            monkeypatch.delenv(key)
        plot = tmp_path / "plot.png"
        monkeypatch.setattr(sys, "argv", [name, "--plot", str(plot)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        with Image.open(plot) as picture:
            assert min(picture.size) >= 480
        return capsys.readouterr().out

    return run


def shares(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"[01][.]\d\d", text)]


def test_definitions_fall_into_their_classes(run: Run) -> None:
    """Seen: 0.95, and 0.94 by scikit-learn."""
    ours, theirs = shares(run("clustering.py"))
    assert ours > 0.9
    assert abs(ours - theirs) < 0.05


def test_classes_are_told(run: Run) -> None:
    """Seen: 0.96 by the mean, 0.95 by neighbours, 0.96 by a trained layer."""
    by_mean, by_neighbours, trained = shares(run("classification.py"))
    assert min(by_mean, by_neighbours) > 0.92
    assert abs(by_mean - trained) < 0.05


def test_strangers_are_found_where_a_class_is_of_a_kind(run: Run) -> None:
    """Seen: 0.97 and 0.89 of places and of ways of communication among food."""
    ours, theirs = run("anomalies.py").split("scikit-learn")
    (food,) = re.findall("among food(.*)", ours)
    _, location, communication = shares(food)
    assert min(location, communication) > 0.8
    assert abs(sum(shares(ours)) - sum(shares(theirs))) / 12 < 0.1


def test_they_run_without_scikit_learn(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it says so, and shows the rest."""
    for name in ("sklearn.cluster", "sklearn.linear_model", "sklearn.neighbors"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("clustering.py", "classification.py", "anomalies.py"):
        assert "pip install scikit-learn" in run(name)
