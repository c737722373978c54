"""How loud a recording is along its length, to be drawn as a waveform."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from gemini_embed.errors import MediaError
from gemini_embed.media.libraries import av_reading
from gemini_embed.windows.audio import MP3_TYPE
from gemini_embed.windows.window import Window

_HZ = 8_000  # mono: enough for what is drawn


def loudness(piece: Window, points: int) -> list[float]:
    """The loudest sample of each of `points` stretches of equal length, from 0 to 1; fewer of a shorter piece.

    Raises:
        MediaError: damaged, or without sound.
    """
    name = "the recording"
    with av_reading(BytesIO(piece.data), "mp3" if piece.mime_type == MP3_TYPE else "wav", name) as container:
        samples = _samples(container)
    if not samples.size:
        raise MediaError(f"{name} holds no sound", "no_content")
    return [round(float(part.max()), 3) for part in np.array_split(samples, min(points, samples.size))]


def _samples(container: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Of a piece of some minutes at most: 32 kB a second."""
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=_HZ)
    frames = [*container.decode(audio=0), None] if container.streams.audio else []
    pieces = [piece.to_ndarray().ravel() for frame in frames for piece in resampler.resample(frame)]
    return np.minimum(np.abs(np.concatenate(pieces)), 1.0) if pieces else np.empty(0, np.float32)
