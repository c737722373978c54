"""Memory while folders of photos are added: few are decoded at once, and few wait with their bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fix_capture import CaptureServer
from PIL import Image as Pillow

SIDE = 4096
MOST_GROWTH_MB = 400
ADDING = """
import resource, sys
from pathlib import Path
from gemini_embed import EdgeStore, Embedder, Image, MultimodalIndex

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)

base_url, small, photos, place = sys.argv[1:]
embedder = Embedder(api_key="k", base_url=base_url, dimensions=64, verify=False)
with MultimodalIndex(embedder, EdgeStore(place)) as index:
    index.add(small)  # what is imported is not counted
    before = peak_mb()
    added = index.add(photos).added
    print(added, round(peak_mb() - before), end=" ")
embedder.embed([Image(path) for path in sorted(Path(photos).iterdir())])
print(round(peak_mb() - before))
"""


def blocks(seed: int) -> Pillow.Image:
    """Of 17 million pixels, and quickly compressed."""
    colours = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    return Pillow.fromarray(colours).resize((SIDE, SIDE), Pillow.Resampling.NEAREST)


def noise(seed: int) -> Pillow.Image:
    """Of 4 MB as JPEG, which is sent as it is."""
    return Pillow.fromarray(np.random.default_rng(seed).integers(0, 255, (1536, 1536, 3), np.uint8))


@pytest.mark.slow
@pytest.mark.timeout(300)  # making the pictures takes a minute of a busy machine
def test_a_folder_of_46_large_photos(capture: CaptureServer, tmp_path: Path) -> None:
    """Of every kind that is decoded here to be sent, beside some that are sent as they are."""
    for name in ("small", "photos"):
        (tmp_path / name).mkdir()
    blocks(0).resize((64, 64)).save(tmp_path / "small" / "one.webp")
    for number in range(46):
        form = ("webp", "jpg", "gif")[number % 3]
        picture = noise(number) if form == "jpg" else blocks(number)
        picture.save(tmp_path / "photos" / f"{number}.{form}", quality=95)
    folders = [str(tmp_path / name) for name in ("small", "photos", "index")]
    command = [sys.executable, "-c", ADDING, capture.base_url, *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert done.returncode == 0, done.stderr
    added, index_mb, both_mb = map(int, done.stdout.split())
    assert added == 46
    assert max(index_mb, both_mb) < MOST_GROWTH_MB
