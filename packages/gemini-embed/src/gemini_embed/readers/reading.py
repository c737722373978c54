"""A file read by its reader: no more than is wanted of it, and whatever goes wrong with it told as ours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from gemini_embed.errors import GeminiEmbedError, MediaError
from gemini_embed.readers.passages import FileReader, Passage, Picture


def contents_of(
    reader: FileReader, data: bytes, name: str, *, most_tokens: int, most_passages: int
) -> Sequence[Passage | Picture]:
    """All that a file of these bytes holds; a file that is damaged further on is as little read as one that is at once.

    Raises:
        MediaError: it cannot be read, holds nothing, or more than `most_passages`.
        MissingExtraError: the library that opens it is not installed.
    """
    try:
        found = list(islice(reader.passages(data, name, most_tokens), most_passages + 1))
    except (GeminiEmbedError, MemoryError):
        raise
    except Exception as error:  # of libraries that anybody's file was given to
        raise MediaError(
            f"{name} is damaged, or no file that can be read as its name says: {error!r}", "damaged"
        ) from error
    if len(found) > most_passages:
        raise MediaError(
            f"{name} holds more than max_windows={most_passages} passages, and each is paid for: allow it with "
            f"Cutting(max_windows=...)",
            "too_large",
        )
    if not found:
        raise MediaError(f"{name} is empty (only white space)", "empty")
    return found
