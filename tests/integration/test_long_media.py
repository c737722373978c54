"""Long media are cut in little memory: windows are made one by one."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from fix_media import film, pdf
from PIL import Image

MOST_MB = 300
CUT = """
import resource, sys
from gemini_embed.models import facts_for
from gemini_embed.windows import probe, windows
import av, pypdfium2
from PIL import Image

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

start = peak_mb()
count = sum(1 for _ in windows(sys.argv[1], facts_for("gemini-embedding-2", "developer")))
print(count, peak_mb() - start)
"""


def cut(path: Path) -> tuple[int, float]:
    """(windows, growth of the peak in MB) of cutting a file in a process of its own."""
    done = subprocess.run([sys.executable, "-c", CUT, path], capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    count, growth = done.stdout.split()
    return int(count), float(growth)


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (360, 640, 3), dtype=np.uint8))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("keyframe_every_s", [2, 10_000], ids=["cut at keyframes", "encoded again"])
def test_a_ten_minute_film(keyframe_every_s: float, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film(*((noise(n), 10) for n in range(60)), keyframe_every_s=keyframe_every_s))
    count, growth_mb = cut(path)
    assert count == 19
    assert growth_mb < MOST_MB


@pytest.mark.slow
def test_a_thirty_minute_wav(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    second = np.random.default_rng(0).integers(-9999, 9999, (44_100, 2), dtype="<i2").tobytes()
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(2)
        recording.setframerate(44_100)
        for _ in range(30 * 60):
            recording.writeframes(second)
    count, growth_mb = cut(path)
    assert count == 30
    assert growth_mb < MOST_MB


@pytest.mark.slow
def test_a_pdf_of_300_pages(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    path.write_bytes(pdf(*(f"Page {n}\n" + "words of this page and more\n" * 30 for n in range(1, 301))))
    count, growth_mb = cut(path)
    assert count == 300
    assert growth_mb < MOST_MB
