"""`examples/quickstart.py` as a newcomer runs it: without a key, again, after edits, and with a key."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import Embedder
from gemini_embed.content import media_of_type
from gemini_embed.readers import contents_of, reader_of
from gemini_embed.windows import Cutting, text_windows, windows
from gemini_embed_emulator import Emulator
from numpy.typing import NDArray
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
FIRST_HITS = {
    'text to text: "How many seconds do I wait when a quota is used up?"': "guides/quotas.md#char=268,534",
    'text to text: "My tyre is flat. How do I patch the tube?"': "home/bicycle.md#char=0,254",
    'text to page: "May I write in my score with a pen or a pencil?"': "choir/rules.html#scores",
    'text to table: "Is the treasurer a bass?"': "choir/members.csv#row=3",
    'text to mail: "How many steps has the lighthouse, and which shoes do I wear?"': "choir/concert.eml",
    'text to subtitles: "How long do we hum on one breath?"': "choir/warm-up.srt#t=41,47.25",
    'text to image: "a bar chart with blue bars"': "pictures/bar-chart-blue.png",
    'text to image: "a red circle"': "pictures/circle-red.png",
    'text to PDF: "Where do I shut off the water?"': "home/house-manual.pdf#page=2",
    'text to audio: "When does the plumber come?"': "home/messages.mp3#t=0,20",
    'text to video: "a boat with white sails and a red hull"': "home/walk.mp4#t=32,64",
    "image to image: another-tree.png": "pictures/tree.png",
    "image to image: another-bar-chart.png": "pictures/bar-chart-blue.png",
    "image to video: another-tree.png": "home/walk.mp4#t=0,32",
    "video to image: lemon.mp4": "pictures/lemon.png",
    "audio to PDF: spoken.wav": "home/house-manual.pdf#page=3",
    "PDF to audio: letter.pdf": "home/messages.mp3#t=20,40",
    'text plus image to text: "Which cake is made with this fruit?" + another-apple.png': "home/recipes.md#char=0,252",
    'text plus image to image: "a bar chart in this colour" + green-swatch.png': "pictures/bar-chart-green.png",
    'text to all: "What is under the kitchen sink?"': "home/house-manual.pdf#page=2",
}
"""What a person would expect first for each question."""


class Quickstart:
    """The script over a copy of its data, writing below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.data, self.store, self.page = folder / "data", folder / "store", folder / "page.html"
        shutil.copytree(EXAMPLES / "data", self.data)

    def run(self, *flags: str, **environment: str) -> str:
        """What one run prints. It must succeed, and with nothing on stderr."""
        arguments = [*flags, "--data", self.data, "--store", self.store, "--out", self.page]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, str(EXAMPLES / "quickstart.py"), *map(str, arguments)],
            env=environment,
            cwd=self.page.parent,
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


def passages_of(file: Path) -> int:
    return len(list(text_windows(file.read_text(encoding="utf-8"), tokens=80)))


def passages_read(file: Path) -> int:
    reader = reader_of(file)
    assert reader is not None
    return len(contents_of(reader, file.read_bytes(), file.name, most_tokens=80, most_passages=99))


def first_hits(printed: str) -> dict[str, str]:
    """The source at rank 1 of each question, where both frameworks have it there."""
    rows = re.finditer(
        r"^(?P<question>\S.*)\n  rank .*\n +1 +[\d.]+ +\w+ +(?P<source>\S+) +LangChain, LlamaIndex$", printed, re.M
    )
    return {row["question"]: row["source"] for row in rows}


SURPRISES = {
    "a picture, another-tree.png": "home/walk.mp4, 0:00 to 0:32",
    "a recording, spoken.wav": "home/house-manual.pdf, page 3",
    '"Is the treasurer a bass?"': "choir/members.csv#row=3",
    '"How long do we hum on one breath?"': "choir/warm-up.srt, 0:41 to 0:47",
    '"Which cake is made with this fruit?" + another-apple.png': "home/recipes.md#char=0,252",
    "a PDF, letter.pdf": "home/messages.mp3, 0:20 to 0:40",
}


def told_by_the_readme() -> list[str]:
    """The lines of its only block of text."""
    (block,) = re.findall(r"^```text\n(.+?)^```$", (EXAMPLES.parent / "README.md").read_text("utf-8"), re.M | re.S)
    return str(block).splitlines()


def fits_a_screen(printed: str) -> None:
    """What surprises, where the page is and what to do next, where `make` has written a line above it."""
    lines = printed.replace(str(Path(sys.executable).parent), ".venv/bin").splitlines()  # as in a checkout
    assert (len(lines) < 24, max(map(len, lines)) <= 100) == (True, True), printed
    answers = dict(re.split(r"  +", line.strip()) for line in lines[lines.index("") + 1 :] if line.startswith("  "))
    assert SURPRISES.items() <= answers.items()
    assert set(told_by_the_readme()) <= set(lines)
    assert "The page with all of it, to look at and listen to: page.html" in lines
    assert lines[-1].endswith("gemini-embed sync FOLDER --emulator, then the same with serve")


def written_in(page: str) -> Any:
    """What the page tells its own script."""
    found = re.search(r'<script type="application/json" id="answers">(.*?)</script>', page, re.S)
    assert found, "the page has no answers"
    return json.loads(found[1])


@pytest.mark.slow
@pytest.mark.timeout(600)  # three processes, each importing both frameworks
def test_without_a_key_then_again_then_after_edits(quickstart: Quickstart) -> None:
    nowhere = "http://127.0.0.1:1"  # a proxy is no reason to send the emulator's requests there
    printed = quickstart.run("-v", HTTP_PROXY=nowhere, http_proxy=nowhere, NO_PROXY="", no_proxy="")
    everything = counts(printed)[0]
    passages = sum(map(passages_of, quickstart.data.rglob("*.md")))
    pictures = sum(1 for file in quickstart.data.rglob("*") if file.suffix in (".png", ".jpg"))
    assert passages >= 30
    assert pictures >= 10
    read = sum(map(passages_read, (quickstart.data / "choir").iterdir()))
    assert read >= 9
    assert counts(printed) == (passages + read + pictures + 4 + 3 + 3, 0, 0), "and pages, recordings, scenes"
    assert "GEMINI_API_KEY and GOOGLE_API_KEY are not set: using the emulator" in printed
    assert first_hits(printed) == FIRST_HITS
    assert "LangChain and LlamaIndex found the same for 20 of 20 questions" in printed
    assert printed.splitlines()[-2].endswith(": page.html"), "from where the reader is"
    page = quickstart.page.read_text(encoding="utf-8")
    assert "These vectors are the emulator's, not the model's." in page
    assert f"{printed.splitlines()[-1]}.</p>" in page, "the same next step as in the shell"
    written = written_in(page)
    assert [answer["kind"] for answer in written["answers"][:2]] == ["image to video", "audio to PDF"]
    for kind, least in (("image/png", 20), ("video/mp4", 4), ("audio/mpeg", 3), ("audio/wav", 1)):
        assert sum(one.startswith(f"data:{kind};base64,") for one in written["kept"].values()) >= least, kind
    assert not re.search(r"(src|href)\s*=\s*['\"](?!data:|#)|url\(|@import", page), "the page needs something beside it"

    printed = quickstart.run()
    assert counts(printed) == (0, everything, 0)
    fits_a_screen(printed)

    quotas = quickstart.data / "guides" / "quotas.md"
    quotas.write_text(quotas.read_text().replace("answers 429 and says", "answers 429 <in red> and says"))
    deleted = quickstart.data / "home" / "garden.md"
    gone = passages_of(deleted)
    deleted.unlink()
    printed = quickstart.run("-v")
    assert counts(printed) == (1, everything - gone - 1, gone + 1)
    assert {where.replace("#char=268,543", "#char=268,534") for where in first_hits(printed).values()} == {
        *FIRST_HITS.values()
    }, "one passage is nine characters longer"
    page = quickstart.page.read_text(encoding="utf-8")
    assert "<in red>" not in page
    assert "answers 429 <in red> and says" in str(written_in(page)["answers"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_with_a_key_the_same_script_calls_the_api(quickstart: Quickstart, emulator: Emulator) -> None:
    printed = quickstart.run("-v", GOOGLE_API_KEY="the-users-own-key", GOOGLE_GEMINI_BASE_URL=emulator.base_url)
    assert "Using gemini-embedding-2 with the key in GEMINI_API_KEY or GOOGLE_API_KEY" in printed
    assert first_hits(printed) == FIRST_HITS
    assert {request.headers["x-goog-api-key"] for request in emulator.requests} == {"the-users-own-key"}
    assert "emulator" not in quickstart.page.read_text(encoding="utf-8")
    assert [folder.name for folder in quickstart.store.iterdir()] == ["gemini-api"]


def made_by(script: str, folder: Path) -> dict[str, Path]:
    """The files that a script writes, by their place among the examples."""
    command = [sys.executable, str(EXAMPLES / script), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own script
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*.*")}


def test_pictures_and_media_come_from_their_scripts(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    pictures, media = made_by("draw_pictures.py", tmp_path / "a"), made_by("record_media.py", tmp_path / "b")
    kept = {file.relative_to(EXAMPLES).as_posix(): file for name in ("data", "questions")
            for file in (EXAMPLES / name).rglob("*.*") if file.suffix != ".md"}  # fmt: skip
    kept = {name: file for name, file in kept.items() if "choir" not in name}
    assert pictures.keys() | media.keys() == kept.keys()
    assert sum(file.stat().st_size for file in kept.values()) < 1_000_000
    for name, file in pictures.items():
        with Image.open(file) as new, Image.open(kept[name]) as old:
            off = np.abs(np.asarray(new, np.int16) - np.asarray(old, np.int16))
        assert off.mean() < 1, name  # encoders differ a little from release to release
    embedder = make_embedder(dimensions=768)
    for name, file in media.items():
        cosines = (perceived(embedder, file) * perceived(embedder, kept[name])).sum(axis=1)
        assert cosines.min() > 0.95, name  # encoders, and whether there is a voice


def perceived(embedder: Embedder, file: Path) -> NDArray[np.float32]:
    """A vector for each window."""
    cutting = Cutting(audio_s=20)
    pieces = [(media_of_type(window.mime_type), window.data) for window in windows(file, embedder.facts, cutting)]
    return embedder.embed([kind(data) for kind, data in pieces if kind]).values
