"""The taking over of a collection that has no fingerprint."""

from __future__ import annotations

from collections.abc import Callable

from gemini_embed.errors import StoreError
from gemini_embed.fingerprint import Fingerprint


def adopted(
    *, check: Callable[[], None], write: Callable[[], object], read: Callable[[], Fingerprint | None], kept_in: str
) -> Fingerprint:
    """The fingerprint of a collection that had none: it passes `check`, or raises there, then the fingerprint is
    written and read back. `kept_in` says where it is kept, and what that takes.

    Raises:
        StoreError: it was not kept.
    """
    check()
    write()
    kept = read()
    if kept is None:
        raise StoreError(f"the server does not keep {kept_in}")
    return kept


def check_fits(name: str, dimensions: int, measure: str, wanted: Fingerprint, *, cosine: str, kind: str) -> None:
    """Refuse to take over vectors of another size, or compared otherwise. `cosine` is what the engine calls that,
    `kind` what it calls a measure.

    Raises:
        StoreError: they do not fit.
    """
    if (dimensions, measure) != (wanted.dimensions, cosine):
        raise StoreError(
            f"collection {name!r} has vectors of {dimensions} dimensions and {kind} {measure}, "
            f"this embedder needs {wanted.dimensions} and {cosine}: use another collection"
        )


def check_vouched_for(name: str, held: int, wanted: Fingerprint, *, adopt: bool) -> None:
    """Refuse to take over vectors of which nothing tells how they were made, unless the caller vouches for them.

    Raises:
        StoreError: there are such, and `adopt` is not given.
    """
    if held and not adopt:
        raise StoreError(
            f"collection {name!r} holds {held} vectors and no fingerprint, so nothing tells which model made them. "
            f"If you know that they were made with {wanted}, pass adopt=True once "
            '(the official classes on their defaults compare to task="raw", normalize=False); '
            "otherwise add your sources to a new collection"
        )
