"""Thousands of damaged media through every door that opens them: our errors only, in bounded time and memory.

`make test-slow` tries 1,500, `make test-long` 20,000 (GEMINI_EMBED_MUTANTS).
"""

from __future__ import annotations

import faulthandler
import io
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_capture import CaptureServer, embeddings_for
from fix_media import film, pdf, recoded, wav
from gemini_embed import Audio, Embedder, GeminiEmbedError, Image, Pdf, Video
from gemini_embed.models import MODELS
from gemini_embed.windows import probe, windows
from PIL import Image as Pillow

MUTANTS = int(os.environ.get("GEMINI_EMBED_MUTANTS", "1500"))
LONGEST_S = 10
MOST_GROWTH_KB = 400 * 1024
FACTS = MODELS["gemini-embedding-2", "developer"]
NOISE = Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
NUMBERS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
TIFFS = ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
CONTAINERS = ("mp4", "matroska", "avi", "flv", "mpegts", "mov")
SOUNDS = {"mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "adts": "aac", "aiff": "pcm_s16be", "ipod": "aac"}


def whole() -> dict[str, tuple[bytes, Callable[[bytes], Any]]]:
    """Small media that are well, by what they are, and the part that each would be."""
    found: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
        "pdf": (pdf("one", "two"), Pdf),
        "wav": (wav((440, 2)), Audio),
    }
    found |= {name: (recoded(wav((440, 2), rate=16000), name, codec), Audio) for name, codec in SOUNDS.items()}
    picture = NOISE.resize((64, 64))
    found |= {name: (film((picture, 2), container=name), Video) for name in CONTAINERS}
    for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "JPEG2000", "AVIF"):
        if form in Pillow.SAVE or form in Pillow.registered_extensions().values():
            found[form] = (saved(NOISE, form), Image)
    found |= {name: (saved(NOISE, "TIFF", compression=name), Image) for name in TIFFS}
    found["animated GIF"] = (saved(NOISE, "GIF", save_all=True, append_images=[NOISE.rotate(90)]), Image)
    for mode, form in (("CMYK", "JPEG"), ("CMYK", "TIFF"), ("P", "PNG"), ("1", "TIFF"), ("RGBA", "WEBP")):
        found[f"{form} in {mode}"] = (saved(NOISE.convert(mode), form), Image)
    return found


def saved(picture: Pillow.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def changed(data: bytes, dice: random.Random) -> bytes:
    """With some bytes flipped, cut, left out, put in or made extreme numbers."""
    mutant = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 10))):
        at = dice.randrange(min(len(mutant), dice.choice((64, 512, 10**6))))
        what = dice.random()
        if what < 0.4:
            mutant[at] = dice.randrange(256)
        elif what < 0.55:
            mutant[at] = dice.choice((0, 255, 127, 128))
        elif what < 0.7:
            del mutant[max(16, dice.randrange(len(mutant))) :]
        elif what < 0.8:
            del mutant[at : at + dice.randrange(1, 9)]
        elif what < 0.9:
            mutant[at:at] = dice.randbytes(dice.randrange(1, 9))
        else:
            mutant[at : at + 4] = dice.choice(NUMBERS)
    return bytes(mutant)


def cut(data: bytes) -> None:
    for number, _ in enumerate(windows(data, FACTS)):
        if number > 5:
            return


def tried(seed: int, mutants: int) -> None:
    """What a child process does: prints what went wrong, each mutant as a file beside it."""
    dice, media = random.Random(seed), whole()  # noqa: S311  # the same mutants every time are the point
    server = CaptureServer(embeddings_for)
    embedder = Embedder(api_key="k", base_url=server.base_url, verify=False, dimensions=8)
    doors: dict[str, Callable[[bytes, Any], Any]] = {
        "probe": lambda data, _: probe(data),
        "windows": lambda data, _: cut(data),
        "embed": lambda data, part: embedder.embed([part(data)]),
    }
    for data, part in media.values():
        for door in doors.values():
            door(data, part)  # whole they are fine, and what is imported is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(mutants):
        name = dice.choice(list(media))
        data, part = media[name]
        mutant = changed(data, dice)
        Path("mutant").write_bytes(mutant)  # what a crash or a hang leaves behind
        server.requests.clear()
        for what, door in doors.items():
            faulthandler.dump_traceback_later(LONGEST_S, exit=True)
            try:
                door(mutant, part)
            except GeminiEmbedError:
                continue
            except Exception as error:
                sys.stdout.write(f"{what} of mutant {number}, {name}: {error!r}\n")
                Path(f"mutant-{number}").write_bytes(mutant)
            finally:
                faulthandler.cancel_dump_traceback_later()
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            if grown > MOST_GROWTH_KB:
                sys.stdout.write(f"{what} of mutant {number}, {name}: grown by {grown // 1024} MB\n")
                before += grown


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_damaged_media_are_refused_and_nothing_else_happens(seed: int, tmp_path: Path) -> None:
    script = f"import test_media_mutants as m; m.tried({seed}, {MUTANTS})"
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    child = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stdout) == (0, ""), child.stderr[-2000:]
