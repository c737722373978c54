"""The plainest searches, read without the argument library, which costs a sixth of a search.

`gemini-embed search water shut-off -k 3 --emulator` and the like. What is written in another way (`--k=3`, `--`, a flag
that is not listed here, a number that is none) is left to the library; what both read, they read alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gemini_embed_cli.commands.finding import Search

_SWITCHES = {"--emulator": "emulator", "--json": "json"}
_VALUES = {
    "-C": "folder",
    "--folder": "folder",
    "--model": "model",
    "--dimensions": "dimensions",
    "-k": "k",
    "--k": "k",
}
_MOST_DIGITS = 9


def plain_search(arguments: Sequence[str]) -> tuple[Search, Mapping[str, Any]] | None:
    """A search and the flags that settings are made of, by their names; None: it is for the library to read."""
    if not arguments or arguments[0] != "search":
        return None
    words: list[str] = []
    given: dict[str, Any] = {}
    rest = iter(arguments[1:])
    for one in rest:
        if not one.startswith("-"):
            words.append(one)
            continue
        name = _SWITCHES.get(one) or _VALUES.get(one)
        if name is None or name in given:
            return None
        value = True if one in _SWITCHES else _read(name, next(rest, "-"))
        if value is None:
            return None
        given[name] = value
    search = Search(query=tuple(words), k=given.pop("k", 10), json=given.pop("json", False))
    return (search, given) if words and all(words) else None


def _read(name: str, value: str) -> Any:
    if not value or value.startswith("-"):
        return None
    if name in ("k", "dimensions"):
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS else None
    return Path(value) if name == "folder" else value
