"""What a recording sounds like: text written in tones, else its pitch and its spectrum. Speech is not understood."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from .features import Sparse, feature
from .medium import Limits, Medium, UnreadableMediumError, lenient_tags, media_tools, too_long
from .text import named, word_terms
from .tones import RATE_HZ, Samples, heard_text

TOKENS_PER_SECOND = 25  # Vertex's documentation; the Developer API's price a second agrees
_BANDS = 24
_LOWEST_HZ = 60
_KIND_WEIGHT = 0.5
_BAND_WEIGHT = 0.5
_SILENT = 1e-4  # mean square of samples within 1
_LOW_HZ, _HIGH_HZ = 350, 1500
_TONE_SHARE = 0.5  # of the energy, in one band: a tone, not noise


def listen(data: bytes, limits: Limits) -> Medium:
    """A recording. Raises UnreadableMediumError, ApiError when it is too long."""
    samples = read_samples(data, limits.max_audio_s)
    tokens = max(round(TOKENS_PER_SECOND * len(samples) / RATE_HZ), 1)
    return Medium.of("AUDIO", tokens, data, describe(samples))


def read_samples(data: bytes, max_s: float) -> Samples:
    """The first audio track at 16 kHz, mono."""
    with media_tools():
        import av
    chunks: list[Samples] = []
    left = round((max_s + 0.1) * RATE_HZ)  # MP3 and AAC pad a recording by some hundredths of a second
    try:
        with av.open(io.BytesIO(data), "r", **lenient_tags(av)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
            for frame in (*container.decode(audio=0), None):
                for piece in resampler.resample(frame):
                    chunks.append(piece.to_ndarray()[0])
                    left -= piece.samples
                if left < 0:
                    raise too_long("audio", f"{max_s:g} seconds")
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnreadableMediumError(str(error)) from error
    if not chunks:
        raise UnreadableMediumError("no sound in it")
    return np.concatenate(chunks)


def describe(samples: Samples) -> list[tuple[float, Sparse]]:
    """Weighted features: being audio, the words in tones, else the kind of sound; and the spectrum, coarsely."""
    terms = [(_KIND_WEIGHT, named("audio"))]
    if float(np.mean(samples**2)) < _SILENT:
        return [*terms, (1.0, named("silence")), (1.0, named("silent"))]
    if text := heard_text(samples):
        return terms + word_terms(text)
    shares = _spectrum(samples)
    terms += [(1.0, named(name)) for name in _kind(shares)]
    bands = [(float(share) ** 0.5, feature(f"band:{band}")) for band, share in enumerate(shares)]
    return terms + [(_BAND_WEIGHT * weight, term) for weight, term in bands if weight > 0.1]


def _edges() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.geomspace(_LOWEST_HZ, RATE_HZ / 2, _BANDS + 1)


def _spectrum(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Each band's share of the energy, from low to high."""
    size = 4096
    padded = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    energy = (np.abs(np.fft.rfft(padded * np.hanning(size), axis=1)) ** 2).mean(axis=0)
    band = np.digitize(np.fft.rfftfreq(size, 1 / RATE_HZ), _edges())
    sums = np.bincount(band, energy, _BANDS + 2)[1:-1]
    return np.asarray(sums / max(sums.sum(), 1e-12))


def _kind(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Iterator[str]:
    """What a person might call the sound."""
    loudest = int(shares.argmax())
    if shares[max(loudest - 1, 0) : loudest + 2].sum() < _TONE_SHARE:
        yield "noise"
        return
    yield "tone"
    centre_hz = _edges()[loudest]
    if centre_hz < _LOW_HZ:
        yield "low"
    elif centre_hz > _HIGH_HZ:
        yield "high"
