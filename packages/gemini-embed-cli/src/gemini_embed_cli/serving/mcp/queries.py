"""What is looked for: words, a file of the folders, what a URL or a data URI holds, or words and one of these."""

from __future__ import annotations

import os
import re
from typing import Any

from gemini_embed import Embedder, Image, InputError, MediaError, Text
from gemini_embed.content import part_of
from gemini_embed.windows import probe

from gemini_embed_cli.serving.mcp.folders import Folders, checked

MOST_WORDS = 8_000
"""Characters of a query in words, some 2,000 tokens."""
MOST_TEXT = 30_000
"""Characters that are looked for of a text in a file: what gemini-embedding-2 reads at once, 8,192 tokens."""
MOST_BYTES = 20 * 2**20
"""Of a file or a data URI; what a URL holds is bounded by the embedder."""
_URL = re.compile(r"https?://\S+", re.IGNORECASE)


def query_of(words: str, file: str | None, folders: Folders, embedder: Embedder) -> list[Any]:
    """The parts of one query.

    Raises:
        InputError: nothing to look for, too much of it, a path outside of the folders, a URL that is not to be had.
    """
    words, file = words.strip(), (file or "").strip() or None
    if len(words) > MOST_WORDS:
        raise InputError(f"the query has {len(words):,} characters: ask in fewer, at most {MOST_WORDS:,}")
    if file is None and _URL.fullmatch(words):
        words, file = "", words
    parts: list[Any] = [Text(words)] if words else []
    if file is not None:
        parts.append(_part(file, folders, embedder))
    if not parts:
        raise InputError("there is nothing to look for: give a query in words, or a file")
    return parts


def _part(file: str, folders: Folders, embedder: Embedder) -> Any:
    if file[:5].lower() == "data:":
        return part_in(_within(Image(file).data or b"", "the data URI"), "the data URI")
    if _URL.fullmatch(file):
        return part_in(embedder.fetch(checked(file, "URL")), "what the URL holds")
    return part_in(read(file, folders), file)


def read(file: str, folders: Folders) -> bytes:
    """The bytes of a file in one of the folders.

    Raises:
        InputError: outside of them, missing, no regular file, or of more than 20 MiB.
    """
    served, path = folders.located(file)
    try:
        data = Image(path).local_bytes(root=os.fspath(served.root), max_bytes=MOST_BYTES)
    except InputError as error:
        raise InputError(error.problem.replace(path, file)) from error
    return data or b""


def part_in(data: bytes, name: str) -> Any:
    """The medium that bytes hold, or the beginning of a text.

    Raises:
        InputError: neither.
    """
    try:
        probe(data, name=name)
    except MediaError as error:
        if error.kind != "unknown" or b"\0" in data:
            raise
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise error from None
        if not text.strip():
            raise InputError(f"{name} is empty (only white space)") from None
        return Text(text[:MOST_TEXT])
    return part_of(data)


def _within(data: bytes, name: str) -> bytes:
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} has {len(data):,} bytes, more than the {MOST_BYTES:,} that are looked at")
    return data
