"""Writes real media of words and pictures, offline: spoken WAVs, slide MP4s, PDFs with text and drawings.

Speech is espeak-ng's where it is installed. What is said follows in tones too, which the emulator reads as the model
hears words; a person, and the model, hear beeping.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from gemini_embed_emulator import tone_speech
from PIL import Image

RATE_HZ = 16_000
FPS = 2
_PAGE = (595, 842)  # A4, in points
_MARGIN, _LINE = 60, 22

Samples = np.ndarray[Any, np.dtype[np.int16]]


def spoken(words: str) -> Samples:
    """`words` in espeak-ng's voice, if it is installed, and then in tones: mono, 16 kHz, 16 bits."""
    pause = np.zeros(RATE_HZ // 2, np.int16)
    voice = _voice(words) if shutil.which("espeak-ng") else pause[:0]
    return np.concatenate([voice, pause, _samples(tone_speech(words)), pause])


def _voice(words: str) -> Samples:
    command = ["espeak-ng", "-v", "en-gb", "-s", "150", "--stdout", words]
    said = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell, our own words
    with av.open(io.BytesIO(said), "r") as recording:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        pieces = [piece for frame in (*recording.decode(audio=0), None) for piece in resampler.resample(frame)]
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


def _samples(recording: bytes) -> Samples:
    with wave.open(io.BytesIO(recording), "rb") as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), "<i2")


def in_slots(recordings: Sequence[Samples], slot_s: float) -> Samples:
    """Recordings one after another, each with so many seconds to itself."""
    slots = np.zeros((len(recordings), round(slot_s * RATE_HZ)), np.int16)
    for slot, samples in zip(slots, recordings, strict=True):
        slot[: len(samples)] = samples[: len(slot)]
    return slots.ravel()


def wav(samples: Samples) -> bytes:
    """Samples as a WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE_HZ)
        recording.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def mp3(samples: Samples) -> bytes:
    """Samples as an MP3, at 32 kbit/s."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as target:
        stream: Any = target.add_stream("libmp3lame", rate=RATE_HZ)
        stream.bit_rate, stream.layout = 32_000, "mono"
        stream.codec_context.open()  # from here on it tells how many samples a frame has
        size = stream.codec_context.frame_size
        for start in range(0, len(samples), size):
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis, start : start + size].copy(), "s16", "mono")
            frame.rate, frame.pts = RATE_HZ, start
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return file.getvalue()


def mp4(slides: Sequence[tuple[Image.Image, float]]) -> bytes:
    """Pictures of one size shown one after another, (picture, seconds) each; a keyframe every two seconds."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as target:
        stream: Any = target.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "30"})
        stream.width, stream.height = slides[0][0].size
        stream.pix_fmt, stream.gop_size = "yuv420p", 2 * FPS
        for picture, seconds in slides:
            frame = np.asarray(picture.convert("RGB"))
            for _ in range(round(seconds * FPS)):
                target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        target.mux(stream.encode())
    return file.getvalue()


def pdf(pages: Sequence[tuple[str, Image.Image | None]]) -> bytes:
    """A PDF of pages, (text, drawing) each; every line of the text is a line on the page."""
    with pypdfium2.PdfDocument.new() as document:
        for text, drawing in pages:
            page = document.new_page(*_PAGE)
            for number, line in enumerate(text.splitlines()):
                _write(document, page, line, _PAGE[1] - _MARGIN - number * _LINE)
            if drawing is not None:
                _paste(document, page, drawing)
            page.gen_content()
        file = io.BytesIO()
        document.save(file)
    return file.getvalue()


def _write(document: Any, page: Any, line: str, height: float) -> None:
    words = pdfium.FPDFPageObj_NewTextObj(document.raw, b"Helvetica", 14)
    encoded = (line + "\0").encode("utf-16-le")
    pdfium.FPDFText_SetText(words, pdfium.cast(encoded, pdfium.FPDF_WIDESTRING))
    pdfium.FPDFPageObj_Transform(words, 1, 0, 0, 1, _MARGIN, height)
    pdfium.FPDFPage_InsertObject(page.raw, words)


def _paste(document: Any, page: Any, drawing: Image.Image) -> None:
    picture = pypdfium2.PdfImage.new(document)
    picture.set_bitmap(pypdfium2.PdfBitmap.from_pil(drawing.convert("RGB")))
    width = _PAGE[0] - 2 * _MARGIN
    height = width * drawing.height / drawing.width
    picture.set_matrix(pypdfium2.PdfMatrix().scale(width, height).translate(_MARGIN, _MARGIN))
    page.insert_obj(picture)
