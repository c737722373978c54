"""`examples/quickstart.py` as a newcomer runs it: without a key, again, after edits, and with a key."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from gemini_embed_emulator import Emulator
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
FIRST_HITS = {
    'text to text: "How many seconds do I wait when a quota is used up?"': "guides/quotas.md#waiting",
    'text to text: "My tyre is flat. How do I patch the tube?"': "home/bicycle.md#mending-a-flat-tyre",
    'text to image: "a bar chart with blue bars"': "pictures/bar-chart-blue.png",
    'text to image: "a red circle"': "pictures/circle-red.png",
    "image to image: another-tree.png": "pictures/tree.png",
    "image to image: another-bar-chart.png": "pictures/bar-chart-blue.png",
    'text plus image to text: "Which cake is made with this fruit?" + another-apple.png': "home/recipes.md#apple-cake",
    'text plus image to image: "a bar chart in this colour" + green-swatch.png': "pictures/bar-chart-green.png",
}
"""What a person would expect first for each question."""


class Quickstart:
    """The script over a copy of its data, writing below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.data, self.store, self.page = folder / "data", folder / "store", folder / "page.html"
        shutil.copytree(EXAMPLES / "data", self.data)

    def run(self, **environment: str) -> str:
        """What one run prints. It must succeed, and with nothing on stderr."""
        arguments = ["--data", self.data, "--store", self.store, "--out", self.page]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, str(EXAMPLES / "quickstart.py"), *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout


@pytest.fixture
def quickstart(tmp_path: Path) -> Quickstart:
    return Quickstart(tmp_path)


def counts(printed: str) -> tuple[int, ...]:
    """(embedded, re-used, removed)."""
    line = re.search(r"(\d+) vectors embedded, (\d+) re-used, (\d+) old ones removed", printed)
    assert line, printed
    return tuple(map(int, line.groups()))


def first_hits(printed: str) -> dict[str, str]:
    """The source at rank 1 of each question, where both frameworks have it there."""
    rows = re.finditer(
        r"^(?P<question>\S.*)\n  rank .*\n +1 +[\d.]+ +\w+ +(?P<source>\S+) +LangChain, LlamaIndex$", printed, re.M
    )
    return {row["question"]: row["source"] for row in rows}


@pytest.mark.timeout(600)  # three processes, each importing both frameworks
def test_without_a_key_then_again_then_after_edits(quickstart: Quickstart) -> None:
    # A proxy in the environment is no reason to send the emulator's requests there.
    printed = quickstart.run(HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1", NO_PROXY="", no_proxy="")
    everything = counts(printed)[0]
    passages = sum(len(re.findall("^## ", file.read_text(), re.M)) for file in quickstart.data.rglob("*.md"))
    pictures = sum(1 for file in quickstart.data.rglob("*") if file.suffix in (".png", ".jpg"))
    assert passages >= 30
    assert pictures >= 10
    assert counts(printed) == (passages + pictures, 0, 0)
    assert "GEMINI_API_KEY and GOOGLE_API_KEY are not set: using the emulator" in printed
    assert first_hits(printed) == FIRST_HITS
    assert "LangChain and LlamaIndex found the same for 8 of 8 questions" in printed
    assert str(quickstart.page) in printed
    page = quickstart.page.read_text(encoding="utf-8")
    assert "These vectors are the emulator's, not the model's." in page
    assert page.count('src="data:image/png;base64,') >= 10
    assert not re.search(r"(src|href)\s*=\s*['\"](?!data:)|url\(|@import", page), "the page needs something beside it"

    assert counts(quickstart.run()) == (0, everything, 0)

    quotas = quickstart.data / "guides" / "quotas.md"
    quotas.write_text(quotas.read_text().replace("answers 429 and says", "answers 429 <in red> and says"))
    deleted = quickstart.data / "home" / "garden.md"
    gone = len(re.findall("^## ", deleted.read_text(), re.M))
    deleted.unlink()
    printed = quickstart.run()
    assert counts(printed) == (1, everything - gone - 1, gone + 1)
    assert first_hits(printed) == FIRST_HITS
    assert "answers 429 &lt;in red&gt; and says" in quickstart.page.read_text(encoding="utf-8")


@pytest.mark.timeout(600)
def test_with_a_key_the_same_script_calls_the_api(quickstart: Quickstart, emulator: Emulator) -> None:
    printed = quickstart.run(GOOGLE_API_KEY="the-users-own-key", GOOGLE_GEMINI_BASE_URL=emulator.base_url)
    assert "Using gemini-embedding-2 with the key in GEMINI_API_KEY or GOOGLE_API_KEY" in printed
    assert first_hits(printed) == FIRST_HITS
    assert {request.headers["x-goog-api-key"] for request in emulator.requests} == {"the-users-own-key"}
    assert "emulator" not in quickstart.page.read_text(encoding="utf-8")
    assert [folder.name for folder in quickstart.store.iterdir()] == ["gemini-api"]


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        pytest.param("# A\n\nOne.", [("a", "A", "One.")], id="title"),
        pytest.param("# A\n## B c\nOne.\n\nTwo.\n", [("b-c", "A: B c", "One.\n\nTwo.")], id="heading without text"),
        pytest.param("Before.\n# A\nOne.", [("", "", "Before."), ("a", "A", "One.")], id="text before"),
        pytest.param("No heading.", [("", "", "No heading.")], id="no heading"),
        pytest.param("# A\n## B\n1\n## B\n2", [("b", "A: B", "1"), ("b-1", "A: B", "2")], id="one heading twice"),
        pytest.param("# A\n```sh\n# no\n```", [("a", "A", "```sh\n# no\n```")], id="comment in code"),
        pytest.param("# What's `x`? ##\n1", [("whats-x", "What's `x`?", "1")], id="punctuation"),
        pytest.param("#tag\n1", [("", "", "#tag\n1")], id="no space"),
        pytest.param("", [], id="empty"),
    ],
)
def test_passages(markdown: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(example("folder").passages(markdown)) == expected


def test_pictures_come_from_their_script(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "draw_pictures.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own script
    drawn = {file.relative_to(tmp_path): file for file in tmp_path.rglob("*.*")}
    kept = [*(EXAMPLES / "data" / "pictures").iterdir(), *(EXAMPLES / "questions").iterdir()]
    assert sum(file.stat().st_size for file in kept) < 300_000
    assert drawn.keys() == {file.relative_to(EXAMPLES) for file in kept}
    for name, file in drawn.items():
        with Image.open(file) as new, Image.open(EXAMPLES / name) as old:
            off = np.abs(np.asarray(new, np.int16) - np.asarray(old, np.int16))
        assert off.mean() < 1, name  # encoders differ a little from release to release
