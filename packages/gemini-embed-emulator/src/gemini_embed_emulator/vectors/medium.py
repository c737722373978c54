"""What the emulator perceives of a medium, and the errors of what it cannot perceive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from gemini_embed_emulator.errors import ApiError

from .features import Array, Sparse, feature, total, unit

Modality = Literal["IMAGE", "AUDIO", "VIDEO", "DOCUMENT"]
_EXACT_WEIGHT = 0.06


class UnreadableMediumError(ValueError):
    """The bytes are no medium of that kind that can be opened."""


@dataclass(frozen=True)
class Limits:
    """How much of each medium one content may hold on a backend, and how a video is looked at."""

    image_types: frozenset[str]
    max_images: int = 6
    max_audio_s: float = 180.0
    max_video_s: float = 120.0
    max_pages: int = 6
    single: tuple[Modality, ...] = ("DOCUMENT",)
    """Of which kinds one content may hold one medium only."""
    max_frames: int = 32
    """Frames of a video that are looked at: one a second, or so many evenly when it is longer."""


@dataclass(frozen=True)
class Medium:
    """A medium as the emulator perceives it, known by the digest of its bytes, which are not kept."""

    modality: Modality
    tokens: int
    digest: str
    features: Array = field(compare=False, repr=False)
    """Unit length, shape (FEATURES,)."""

    @classmethod
    def of(cls, modality: Modality, tokens: int, data: bytes, terms: Iterable[tuple[float, Sparse]]) -> Medium:
        """A medium that shows `terms`, with a trace of its exact bytes so that no two coincide."""
        digest = hashlib.sha256(data).hexdigest()
        return cls(modality, tokens, digest, unit(total([*terms, (_EXACT_WEIGHT, feature(f"exact:{digest}"))])))


def too_long(kind: str, limit: str) -> ApiError:
    """A medium beyond a backend's limit [P]."""
    return ApiError(400, f"The {kind} exceeds the limit of {limit} for one request.")


@contextmanager
def media_tools() -> Iterator[None]:
    """Say which extra is missing when a decoder cannot be imported: 501, for the service could."""
    try:
        yield
    except ImportError as error:
        raise ApiError(
            501, f'The emulator needs {error.name} for this: pip install "gemini-embed-emulator[media]"'
        ) from error


def lenient_tags(av: Any) -> dict[str, Any]:
    """For `av.open`, as tags that are not in UTF-8 do not matter here: PyAV 18 must be told, 19 keeps any bytes."""
    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
