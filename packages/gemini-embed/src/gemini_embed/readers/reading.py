"""A file read by its reader: no more than is wanted of it, and whatever goes wrong with it told as ours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from gemini_embed.errors import MediaError, MissingExtraError
from gemini_embed.media.libraries import told_as_damage
from gemini_embed.readers.passages import FileReader, Passage, Picture

_ANY = 10**9


def said_in(reader: FileReader, data: bytes, name: str) -> str:
    """All that a file says, in one text. Raises MediaError as `contents_of` does."""
    found = contents_of(reader, data, name, most_tokens=_ANY, most_passages=_ANY)
    return "\n\n".join(one.text for one in found if one.text)


def contents_of(
    reader: FileReader, data: bytes, name: str, *, most_tokens: int, most_passages: int
) -> Sequence[Passage | Picture]:
    """All that a file of these bytes holds; a file that is damaged further on is as little read as one that is at once.

    Raises:
        MediaError: it cannot be read, also since a library is not installed; it holds nothing, or more than
            `most_passages`.
    """
    try:
        with told_as_damage(name):
            found = list(islice(reader.passages(data, name, most_tokens), most_passages + 1))
    except MissingExtraError as error:
        raise MediaError(f"{name}: {error}", "unsupported") from error
    if len(found) > most_passages:
        raise MediaError(
            f"{name} holds more than max_windows={most_passages} passages, and each is paid for: allow it with "
            "Cutting(max_windows=...)",
            "too_large",
        )
    if not found:
        raise MediaError(f"{name} is empty (only white space)", "empty")
    return found
