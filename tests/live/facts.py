"""What a probe is, what can come of one, and what it may cost at most."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from gemini_embed.models import facts_for

from .asking import Answer, Service, UndecidedError

Verdict = Literal["confirmed", "refuted", "not decidable", "not asked"]
Backend = Literal["developer", "vertex"]

_PRICES = facts_for("gemini-embedding-2", "developer").usd_per_million_tokens
IMAGE_TOKENS, AUDIO_TOKENS_S, FRAME_TOKENS = 258, 25, 66
"""Of an image or a page, a second of audio, a frame of video (gemini-api.md, 6)."""


class Outcome(NamedTuple):
    """What came of a probe, and what was seen."""

    verdict: Verdict
    seen: str


@dataclass(frozen=True)
class Probe:
    """A fact that the service can decide."""

    name: str
    fact: str
    """A sentence that our code takes for granted."""
    assumed: str
    """Where: "file: a word that stands there", below packages/*/src."""
    sends: str
    usd: float
    """What it can cost at most."""
    decide: Callable[[Service], Outcome]
    backend: Backend = "developer"


@dataclass(frozen=True)
class Unasked:
    """A fact that no request of ours decides."""

    name: str
    fact: str
    assumed: str
    why: str


class Probes(list[Probe]):
    """The probes of a file, in the order they are written. The docstring of each begins with its fact, and says what
    it sends.

    @PROBES.add("name", "room/file.py: a word that stands there", usd(text=10))
    def _name(service: Service) -> Outcome:
    """

    def add(
        self, name: str, assumed: str, usd: float, *, backend: Backend = "developer"
    ) -> Callable[[Callable[[Service], Outcome]], Callable[[Service], Outcome]]:
        """Take a function as the way to decide this fact."""

        def added(decide: Callable[[Service], Outcome]) -> Callable[[Service], Outcome]:
            fact, _, sends = inspect.getdoc(decide).partition("\n\nSends: ")  # type: ignore[union-attr]  # each has one
            self.append(Probe(name, fact.replace("\n", " "), assumed, sends.strip(), usd, decide, backend))
            return decide

        return added


def usd(*, text: int = 0, image: int = 0, audio: int = 0, video: int = 0) -> float:
    """The price of so many tokens of each modality, at the standard tier of gemini-embedding-2."""
    tokens = {"text": text, "image": image, "audio": audio, "video": video}
    return sum(count * _PRICES[name] for name, count in tokens.items()) / 1e6


def taken(answer: Answer) -> Outcome:
    """Confirmed where it was answered with a vector."""
    if answer.status != 200:
        return Outcome("refuted", answer.words)
    sizes = [len(row) for row in answer.rows]
    if not all(sizes):
        return Outcome("refuted", f"200, without values: {sizes}")
    told = f", {answer.tokens} tokens" if answer.tokens is not None else ""
    return Outcome("confirmed", f"200, {len(sizes)} of {sizes[0]} values{told}")


def refused(answer: Answer, *statuses: int) -> Outcome:
    """Confirmed where it was refused with one of these, 400 unless told."""
    good = answer.status in (statuses or (400,))
    return Outcome("confirmed" if good else "refuted", answer.words if answer.status != 200 else taken(answer).seen)


def equal(one: Answer, other: Answer) -> Outcome:
    """Confirmed where both are the same vector."""
    cosine = alike(one, other)
    return Outcome("confirmed" if cosine > 0.9999 else "refuted", f"cosine {cosine:.6f}")


def alike(one: Answer, other: Answer) -> float:
    """The cosine of the first vectors of two answers. Raises UndecidedError where there is none."""
    for answer in (one, other):
        if answer.status != 200 or not answer.rows[0]:
            raise UndecidedError(answer.words)
    return cosine(one.rows[0], other.rows[0])


def cosine(one: list[float], other: list[float]) -> float:
    """Of two vectors; 0 for different sizes."""
    if len(one) != len(other):
        return 0.0
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))
