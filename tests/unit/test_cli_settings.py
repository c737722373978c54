"""What was asked for: flags before the environment before the folder's file, and sentences for what means nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gemini_embed_cli.folder import FolderError, Home, settings, spent_usd
from gemini_embed_cli.folder.spending import spent

FILE = "dimensions = 256\nemulator = true\n"


@pytest.mark.parametrize(
    ("flags", "environ", "file", "dimensions", "emulator"),
    [
        pytest.param({}, {}, "", None, False, id="nothing-said"),
        pytest.param({}, {}, FILE, 256, True, id="the-file"),
        pytest.param({}, {"GEMINI_EMBED_DIMENSIONS": "512"}, FILE, 512, True, id="the-environment-before-the-file"),
        pytest.param({"dimensions": 1536}, {"GEMINI_EMBED_DIMENSIONS": "512"}, FILE, 1536, True, id="flags-first"),
        pytest.param({"emulator": None}, {"GEMINI_EMBED_EMULATOR": "no"}, FILE, 256, False, id="a-flag-not-given"),
    ],
)
def test_which_of_them_counts(
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    file: str,
    dimensions: int | None,
    emulator: bool,
    tmp_path: Path,
) -> None:
    (tmp_path / "gemini-embed.toml").write_text(file, "utf-8")
    found = settings({"folder": tmp_path, **flags}, environ)
    assert (found.folder, found.dimensions, found.emulator) == (tmp_path, dimensions, emulator)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param("dimension = 256", "there is no setting 'dimension'; there are store", id="a-wrong-name"),
        pytest.param('dimensions = "many"', "dimensions is 'many', and takes", id="a-word-for-a-number"),
        pytest.param("dimensions = 0", "a whole number from 1 up", id="nothing"),
        pytest.param("emulator = 3", "emulator is 3, and takes true or false", id="a-number-for-a-switch"),
        pytest.param("dimensions = true", "dimensions is True, and takes", id="a-switch-for-a-number"),
        pytest.param("wait_s = [1]", "wait_s is [1], and takes", id="a-list-for-a-number"),
        pytest.param("wait_s = inf", "a number from 0 up", id="for-ever"),
        pytest.param("dimensions = {}", "dimensions is {}, and takes", id="a-table-for-a-number"),
        pytest.param("model = 3", "model is 3, and takes a text", id="a-number-for-a-text"),
        pytest.param("dimensions = [", "is no TOML", id="no-toml"),
    ],
)
def test_what_means_nothing_is_said(file: str, said: str, tmp_path: Path) -> None:
    """With the file that says it."""
    (tmp_path / "gemini-embed.toml").write_text(file, "utf-8")
    with pytest.raises(FolderError) as caught:
        settings({"folder": tmp_path}, {})
    assert said in str(caught.value)
    assert "gemini-embed.toml" in str(caught.value)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="there is no folder"):
        settings({"folder": tmp_path / "away"}, {})


def test_vectors_of_both_services_lie_apart_and_out_of_sight(tmp_path: Path) -> None:
    """Each is told where only the other is."""
    real, emulated = Home(tmp_path), Home(tmp_path, emulator=True)
    emulated.make()
    assert (tmp_path / ".gemini-embed/.gitignore").read_text("utf-8") == "*\n"
    assert "nothing is indexed" in real.why_not()

    emulated.index.mkdir()
    assert "vectors of the emulator only" in real.why_not()
    assert real.path != emulated.path


def test_what_was_spent_is_counted_past_a_line_in_halves(tmp_path: Path) -> None:
    """As a full disk leaves one, with the next on the same line."""
    home = Home(tmp_path)
    home.make()
    spent(home, 0.5)
    with (home.path / "spent.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": 17, "us')
    spent(home, 0.25)
    assert spent_usd(home) == 0.75
