"""Text written in tones, which stands for speech here: the emulator reads it in a recording as a model hears words.

Each byte of the UTF-8 text is one beep of two tones, its low half among sixteen from 600 Hz on and its high half among
sixteen from 2400 Hz on, 80 ms long, with 40 ms of silence after it. So it survives MP3 and AAC, and a cut anywhere
costs no more than the letter it falls into. To a person, and to the real model, it is beeping.
"""

from __future__ import annotations

import io
import itertools
import wave

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Mono, within 1, shape (samples,)."""

RATE_HZ = 16_000
SECONDS_PER_LETTER = 0.12
_TONE_S = 0.08
_LOW_HZ, _HIGH_HZ, _STEP_HZ = 600, 2400, 100
_FRAME = 320  # samples of 20 ms, half of them shared with the next frame
_HOP = _FRAME // 2
_LEVEL = 0.3  # of the loudest frame: what is softer is silence
_SHARE = 0.15  # of a frame's energy, in each of its two tones
_PURITY = 0.75  # of a frame's energy, in both
_MIN_FRAMES = 3
_BIN_HZ = RATE_HZ // _FRAME


def tone_speech(text: str) -> bytes:
    """A WAV file (16 kHz, mono, 16 bits) in which `text` is written in tones, 0.12 s a byte."""
    letters = [_beep(byte) for byte in text.encode()]
    samples = (np.concatenate([np.zeros(_HOP), *letters]) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE_HZ)
        recording.writeframes(samples.tobytes())
    return file.getvalue()


def _beep(byte: int) -> npt.NDArray[np.float64]:
    length, sounding = round(SECONDS_PER_LETTER * RATE_HZ), round(_TONE_S * RATE_HZ)
    seconds = np.arange(sounding) / RATE_HZ
    tones = (_LOW_HZ + _STEP_HZ * (byte & 15), _HIGH_HZ + _STEP_HZ * (byte >> 4))
    letter = np.zeros(length)
    letter[:sounding] = 0.3 * sum(np.sin(2 * np.pi * hz * seconds) for hz in tones)
    return letter


def heard_text(samples: Samples) -> str:
    """The text that is written in tones in a recording at 16 kHz; "" where there is none."""
    if len(samples) < _FRAME:
        return ""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    energy = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2
    whole = energy.sum(axis=1)
    low, low_share = _strongest(energy, whole, _LOW_HZ)
    high, high_share = _strongest(energy, whole, _HIGH_HZ)
    clear = (
        (whole > _LEVEL**2 * whole.max())
        & (np.minimum(low_share, high_share) > _SHARE)
        & (low_share + high_share > _PURITY)
    )
    bytes_heard = np.where(clear, low + 16 * high, -1)
    runs = ((value, len(list(run))) for value, run in itertools.groupby(bytes_heard.tolist()))
    return bytes(value for value, length in runs if value >= 0 and length >= _MIN_FRAMES).decode(errors="ignore")


def _strongest(
    energy: npt.NDArray[np.float64], whole: npt.NDArray[np.float64], lowest_hz: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Of sixteen tones, the strongest in each frame, and its share of the frame's energy."""
    places = lowest_hz // _BIN_HZ + _STEP_HZ // _BIN_HZ * np.arange(16)
    around = energy[:, places - 1] + energy[:, places] + energy[:, places + 1]
    return around.argmax(axis=1), around.max(axis=1) / np.maximum(whole, 1e-12)
