"""Replies compared but for the values of their vectors.

Allowed differences are named here: `usageMetadata` is optional on the wire, the order of keys varies in the recordings
themselves, and the tokenizer is not public, so that a text of more than 11 tokens may differ by `TOKEN_SLACK`. A 404 of
before summer 2026 names ListModels without its service.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

OPTIONAL = ("usageMetadata",)
TOKEN_SLACK = 1


def like(reply: Any, recorded: Any) -> Any:
    """The reply with its differences that are allowed taken out."""
    if isinstance(reply, dict) and isinstance(recorded, dict):
        kept = {key: value for key, value in reply.items() if key in recorded or key not in OPTIONAL}
        return {key: like(value, recorded.get(key)) for key, value in kept.items()}
    if isinstance(reply, list) and isinstance(recorded, list) and len(reply) == len(recorded):
        return [like(mine, theirs) for mine, theirs in zip(reply, recorded, strict=True)]
    if isinstance(reply, str) and reply.replace("ModelService.", "") == recorded:
        return recorded
    if isinstance(reply, int) and isinstance(recorded, int) and recorded > 11 and abs(reply - recorded) <= TOKEN_SLACK:
        return recorded
    return reply


def outline(value: Any) -> Any:
    """The value with each vector as its size and norm."""
    if isinstance(value, dict):
        return {key: outline(inner) for key, inner in value.items()}
    if isinstance(value, list) and len(value) > 20:
        return Outline(value) if all(isinstance(one, int | float) for one in value) else list(map(outline, value))
    return [outline(inner) for inner in value] if isinstance(value, list) else value


def differences(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """Where two outlines differ, in words; lists of one length are compared one by one."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            at = f"{place}.{name}".lstrip(".")
            if name not in theirs:
                yield f"{at}: only the emulator has it"
            elif name not in ours:
                yield f"{at}: only the service has it, {str(theirs[name])[:100]}"
            else:
                yield from differences(ours[name], theirs[name], at)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(mine, other, f"{place}[{i}]")
    elif ours != theirs:
        yield f"{place or 'reply'}: emulator {str(ours)[:200]}, service {str(theirs)[:200]}"


class Outline:
    """A vector's size and norm. Norms are equal within 1e-3; those of cut -001 vectors lie between 0.55 and 0.60."""

    def __init__(self, values: list[float]) -> None:
        self.size = len(values)
        self.norm = float(np.linalg.norm(values))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outline) or self.size != other.size:
            return False
        if self.size == 768 and min(self.norm, other.norm) > 0.55 and max(self.norm, other.norm) < 0.60:
            return True
        return self.norm == pytest.approx(other.norm, abs=1e-3)

    def __hash__(self) -> int:
        return hash(self.size)

    def __repr__(self) -> str:
        return f"<{self.size} values, norm {self.norm:.4f}>"
