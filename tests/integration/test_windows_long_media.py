"""Long media are indexed in little memory: cut window by window, and few windows are under way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import film, pdf
from PIL import Image

MOST_MB = 300
ADD = """
import json, resource, sys
from gemini_embed import EdgeStore, Embedder, MultimodalIndex
import av, filetype, pypdfium2, tqdm.auto  # libraries are not what grows
from PIL import Image

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

url, place, store = sys.argv[1:]
embedder = Embedder(dimensions=768, base_url=url, api_key="k", vertexai=False)
with embedder, MultimodalIndex(embedder, EdgeStore(store)) as index:
    index.count()
    start = peak_mb()
    report = index.add(place, progress=True)
    print(json.dumps({"added": report.added, "grown_mb": peak_mb() - start}))
"""
"""Adds a file in a process of its own, with a bar."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An emulator in a process of its own, so that its memory is not counted."""
    command = [sys.executable, "-m", "gemini_embed_emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:  # noqa: S603 - our own program
        assert emulator.stdout is not None
        yield emulator.stdout.readline().split()[-1]
        emulator.terminate()


def added(server: str, place: Path) -> tuple[dict[str, Any], str]:
    """(records and growth of the peak in MB, the bar) of adding a file."""
    command = [sys.executable, "-c", ADD, server, str(place), str(place.parent / "index")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    return json.loads(done.stdout), done.stderr


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (360, 640, 3), dtype=np.uint8))


def check(found: tuple[dict[str, Any], str], records: int, *, one_batch: bool = False) -> None:
    report, bar = found
    assert report["added"] == records
    assert report["grown_mb"] < MOST_MB
    shown = [int(at) for at in re.findall(rf"(\d+)/{records} ", bar)]
    assert shown[-1] == records
    assert one_batch or len(set(shown)) > 2, "it moves while it goes on"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("keyframe_every_s", [2, 10_000], ids=["cut at keyframes", "encoded again"])
def test_a_ten_minute_film(keyframe_every_s: float, server: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film(*((noise(n), 10) for n in range(60)), keyframe_every_s=keyframe_every_s))
    check(added(server, path), 19)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thirty_minute_wav(server: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    minutes = np.random.default_rng(0)
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(2)
        recording.setframerate(44_100)
        for _ in range(30):
            second = minutes.integers(-9999, 9999, (44_100, 2), dtype="<i2").tobytes()
            recording.writeframes(second * 60)
    check(added(server, path), 30)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_pdf_of_300_pages(server: str, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    path.write_bytes(pdf(*(f"Page {n}\n" + "words of this page and more\n" * 30 for n in range(1, 301))))
    check(added(server, path), 300, one_batch=True)
