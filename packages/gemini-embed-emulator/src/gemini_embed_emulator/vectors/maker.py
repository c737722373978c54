"""From features to a model's vectors: each space mixes the features its own way into dense values.

The mix is an orthogonal transform (signs, a Hartley transform, a shuffle), so cosines survive it and every prefix of a
vector is a fair sample of the whole. As with the real models the first of 3072 values hold more than their share: the
norm of 768 is about 0.57, and that of 256, where it is not set to 1, about 0.375.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from gemini_embed_emulator.models import Model

from .features import FEATURES, Array, feature, total, unit
from .medium import Medium
from .text import prefixed_text, typed_text

Vector = npt.NDArray[np.float32]
_CACHED_VECTORS = 2048
_FRONT = 768
_FRONT_SHARE = 0.33  # of a vector's energy; recorded norms of gemini-embedding-001 at 768: 0.568 to 0.588
_HEAD = 256
_HEAD_SHARE = 0.463  # of that, before its chance part; recorded norms of gemini-embedding-001 at 256: 0.36 to 0.39
_PLAY = 0.3  # of that share's chance deviations from text to text: how much is left
_BINDING = 0.6  # how far a fused vector leaves the mean of its parts; one published measurement: cosine 0.83


Part = str | Medium


@dataclass(frozen=True)
class Input:
    """All that one vector depends on. `task_type` and `title` are read by models without a text prefix only."""

    parts: tuple[Part, ...]
    task_type: str = ""
    title: str = ""


class VectorMaker:
    """Makes vectors and remembers the latest of them."""

    def __init__(self) -> None:
        self._whole = lru_cache(maxsize=_CACHED_VECTORS)(_embed)

    def vector(self, model: Model, item: Input, dimensions: int | None = None, gap: float = 0.0) -> Vector:
        """The vector of one input: float32, shape (dimensions or the model's default,).

        `gap` is the length of what all inputs of a modality share, beside the 1 of what they are about.
        """
        return shorten(self._whole(model, item, gap), model, dimensions or model.dimensions)


def shorten(whole: Vector, model: Model, dimensions: int) -> Vector:
    """The first `dimensions` values, at unit length where the model does so."""
    if dimensions >= len(whole):
        return whole
    front = whole[:dimensions]
    return (front / np.linalg.norm(front)).astype(np.float32) if model.unit_when_cut else front


def _embed(model: Model, item: Input, gap: float) -> Vector:
    dense = [
        _mix(
            model.space,
            _features(model, item, part) + gap * _home(_modality(part)),
        )
        for part in item.parts
    ]
    whole = unit(dense[0] if len(dense) == 1 else fuse(dense))[: model.dimensions]
    if not model.unit_when_cut:  # elsewhere nobody sees it
        front = whole[:_FRONT]
        whole[:_FRONT] = np.linalg.norm(front) * _settle(front, _HEAD, _HEAD_SHARE)
    vector = unit(whole).astype(np.float32)
    vector.setflags(write=False)  # it is remembered
    return vector


def _features(model: Model, item: Input, part: Part) -> Array:
    if isinstance(part, Medium):
        return part.features
    if model.multimodal:
        return prefixed_text(part)
    # A title is documented to count for documents only.
    return typed_text(part, item.task_type, item.title if item.task_type == "RETRIEVAL_DOCUMENT" else "")


def _modality(part: Part) -> str:
    return part.modality if isinstance(part, Medium) else "TEXT"


@cache
def _home(modality: str) -> Array:
    """The direction of a modality."""
    return total([(1.0, feature(f"modality:{modality}"))])


def fuse(parts: list[Array]) -> Array:
    """One vector for several parts: near their mean, yet not it, and dependent on their order."""
    bound = parts[0]
    for part in parts[1:]:
        bound = unit(bound * np.roll(part, 1))
    return unit(np.sum(parts, axis=0)) + _BINDING * bound


def _mix(space: str, features: Array) -> Array:
    signs, order, scale = _mixing(space)
    spectrum = np.fft.fft(features * signs)
    return _settle((spectrum.real - spectrum.imag)[order] * scale, _FRONT, _FRONT_SHARE)


def _settle(vector: Array, size: int, usual: float) -> Array:
    """The vector at unit length, the share of its first `size` values brought nearer to the `usual` one."""
    front, back = vector[:size], vector[size:]
    energies = front @ front, back @ back
    natural = energies[0] / sum(energies)
    share = usual + _PLAY * (natural - usual)
    return np.concatenate([front * (share / energies[0]) ** 0.5, back * ((1 - share) / energies[1]) ** 0.5])


@cache
def _mixing(space: str) -> tuple[Array, npt.NDArray[np.intp], Array]:
    """The signs, shuffle and scale of a space, from digests: the same on every machine."""
    stream = hashlib.shake_256(f"space:{space}".encode()).digest(9 * FEATURES)
    signs = np.where(np.frombuffer(stream[:FEATURES], np.uint8) & 1, 1.0, -1.0)
    order = np.argsort(np.frombuffer(stream[FEATURES:], ">u8"), kind="stable")
    back = (1 - _FRONT_SHARE) / (FEATURES - _FRONT)
    scale = np.where(np.arange(FEATURES) < _FRONT, (_FRONT_SHARE / _FRONT) ** 0.5, back**0.5)
    return signs, order, scale
