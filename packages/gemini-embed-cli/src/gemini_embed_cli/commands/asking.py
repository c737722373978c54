"""What was typed, as one query: words, files, addresses; and which records may answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_embed_cli.folder import FolderError

if TYPE_CHECKING:
    from gemini_embed.content import Part

_MOST_TEXT = 2**20
"""Letters of a text file that is a query; the model reads some 8,000 tokens."""


def query_of(typed: Sequence[str]) -> list[Part]:
    """The parts of one query: neighbouring words are one text, files and addresses are media or texts of their own.

    Raises:
        FolderError: nothing was typed.
    """
    from gemini_embed import Text

    parts: list[Part] = []
    for is_place, some in groupby(typed, _is_place):
        if is_place:
            parts += map(_part, some)
        elif words := " ".join(some).strip():
            parts.append(Text(words))
    if not parts:
        raise FolderError("search for what? Type words, or name files: gemini-embed search WORDS|FILE...")
    return parts


def filter_of(kinds: Sequence[str], filters: Sequence[str]) -> dict[str, Any] | None:
    """The filter that --kind and --filter make together: NAME=VALUE, or a JSON object.

    Raises:
        FolderError: a filter that is neither.
    """
    wanted: dict[str, Any] = {}
    for one in filters:
        name, equals, value = one.partition("=")
        try:
            wanted |= dict(json.loads(one)) if one.startswith("{") else {name: _value(value)}
        except (ValueError, TypeError) as error:
            raise FolderError(f"--filter {one}: {error}") from error
        if not (equals or one.startswith("{")):
            raise FolderError(
                f'--filter {one}: it is NAME=VALUE, or a JSON object such as {{"page_start": {{"gte": 3}}}}'
            )
    if kinds:
        wanted["modality"] = list(kinds)
    return wanted or None


def _value(text: str) -> Any:
    """A number, true or false where it reads as one; a text in quotes is one in any case."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if value is None or isinstance(value, list | dict) else value


def _is_place(typed: str) -> bool:
    if typed.startswith(("http://", "https://")):
        return True
    try:
        return ("." in typed or "/" in typed) and Path(typed).expanduser().is_file()
    except OSError:  # too long for a name
        return False


def _part(place: str) -> Part:
    import mimetypes

    from gemini_embed import Image, Text
    from gemini_embed.content import media_of_type, part_of

    named = media_of_type(mimetypes.guess_type(place.partition("?")[0])[0] or "")
    if place.startswith(("http://", "https://")):
        return (named or Image)(place)
    path = Path(place).expanduser()
    if named is not None:
        return named(path)
    try:
        with path.open(encoding="utf-8") as file:
            return Text(file.read(_MOST_TEXT))
    except UnicodeDecodeError:
        return part_of(path.read_bytes())
