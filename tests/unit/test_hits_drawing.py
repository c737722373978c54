"""What a page needs to draw a hit: the words that were found on it, how loud it is, the file itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fix_media import pdf, recoded, wav
from gemini_embed import Hit, InputError, Record
from gemini_embed.hits import Opener
from gemini_embed.windows.marks import Box
from PIL import Image


def hit(file: Path, modality: str, root: Path | None = None, **place: float) -> Hit:
    record = Record("1", "", {"uri": str(file), "source": str(file), "modality": modality, **place})
    return Hit(record, 0.5, opener=Opener(str(root) if root else None))


def turned(file: bytes, degrees: int) -> bytes:
    return file.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Rotate %d" % degrees)


def is_dark(page: Image.Image, box: Box) -> bool:
    """Whether letters stand in a box of a rendered page."""
    left, top, right, bottom = np.array(box) * np.tile(page.size, 2)
    return bool(np.asarray(page.convert("L").crop((int(left), int(top), int(right) + 1, int(bottom) + 1))).min() < 100)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_words_are_found_where_they_are_shown(tmp_path: Path, degrees: int) -> None:
    file = tmp_path / "manual.pdf"
    file.write_bytes(turned(pdf("nothing here", "Shut off the water\nat the main valve"), degrees))
    found = hit(file, "pdf", page_start=2, page_end=2)
    valve, water = sorted(found.boxes("Where is the water's valve?"), key=lambda box: box == found.boxes("water")[0])
    page = found.page(dpi=100)
    for box in (valve, water):
        assert 0 <= box.left < box.right <= 1
        assert 0 <= box.top < box.bottom <= 1
        assert is_dark(page, box)
    if degrees == 0:
        assert water.bottom <= valve.top + 0.01, "a line above"
        assert water.right == pytest.approx(169 / 612, abs=0.02)
    assert found.boxes("plumber") == []


def test_a_scan_has_no_words(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(pdf(""))
    assert hit(tmp_path / "scan.pdf", "pdf", page_start=1, page_end=1).boxes("water") == []


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg"])
def test_a_waveform_is_loud_where_the_window_is(tmp_path: Path, kind: str) -> None:
    sound = wav((0, 4), (440, 2), (0, 4), rate=16_000)
    data = {"wav": sound, "mp3": recoded(sound, "mp3", "libmp3lame"), "ogg": recoded(sound, "ogg", "libopus")}[kind]
    (tmp_path / f"talk.{kind}").write_bytes(data)
    peaks = hit(tmp_path / f"talk.{kind}", "audio", start_s=3.0, end_s=7.0).loudness(40)
    assert len(peaks) == 40
    assert max(peaks[:8] + peaks[32:]) < 0.05
    assert 0.18 < np.median(peaks[12:28]) < 0.35  # in stereo Opus it is 3 dB lower


def test_what_is_no_recording_has_no_waveform(tmp_path: Path) -> None:
    (tmp_path / "book.pdf").write_bytes(pdf("page"))
    with pytest.raises(InputError, match="no recording"):
        hit(tmp_path / "book.pdf", "audio").loudness()


def test_the_file_itself_inside_of_root(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("notes.md", "in/notes.md"):
        (tmp_path / name).write_text("words")
    (tmp_path / "in" / "link.md").symlink_to(tmp_path / "notes.md")
    with hit(tmp_path / "in/notes.md", "text", tmp_path / "in").file() as file:
        assert file.read() == b"words"
    for name in ("notes.md", "in/link.md", "in/../notes.md"):
        with pytest.raises(InputError, match="outside of root"):
            hit(tmp_path / name, "text", tmp_path / "in").file()
    for uri in ("https://example.org/notes.md", "gs://bucket/notes.md", "sha256:0123"):
        with pytest.raises(InputError, match="no file of this machine"):
            Hit(Record("1", "", {"source": uri, "modality": "text"}), 0.5).file()
