"""What was asked for: a flag goes before the environment, that before `gemini-embed.toml` in the folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemini_embed_cli.folder.errors import FolderError

FILE = "gemini-embed.toml"
PREFIX = "GEMINI_EMBED_"
"""Of environment variables: GEMINI_EMBED_FOLDER, GEMINI_EMBED_EMULATOR and so on."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a folder is indexed and searched.

    Attributes:
        folder: whose index is meant, an absolute path.
        store: `edge:PATH`, `qdrant:URL` or `milvus:URI`, see `Address`; None: in `.gemini-embed/` below the folder. It
            may hold a password, so it is not shown.
        emulator: whether vectors are the emulator's, which needs no key. It is not the model.
        model, dimensions: that embeds, and the length of its vectors; None: as the index was made, and for a new one
            gemini-embedding-2 with 768.
        rate_limits: the project's tier, such as "free"; None: learned from refusals.
        ask_above_usd: a price above which is asked first; where nobody can be asked, nothing is sent without `--yes`.
        wait_s: how long another process that has the index may take to hand it over.
    """

    folder: Path
    store: str | None = field(default=None, repr=False)
    emulator: bool = False
    model: str | None = None
    dimensions: int | None = None
    rate_limits: str | None = None
    ask_above_usd: float = 0.5
    wait_s: float = 30.0


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise ValueError("true or false")
    return words[str(value).lower()]


def _size(value: Any) -> int:
    if isinstance(value, bool | float) or int(value) < 1:
        raise ValueError("a whole number from 1 up")
    return int(value)


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= float(value) < float("inf"):
        raise ValueError("a number from 0 up")
    return float(value)


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "store": _words,
    "emulator": _switch,
    "model": _words,
    "dimensions": _size,
    "rate_limits": _words,
    "ask_above_usd": _amount,
    "wait_s": _amount,
}
"""How a setting is read, whether it comes as text or as TOML's own kind."""


def settings(given: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a folder. `given` are flags by the names of `Settings`, those that are None were not given;
    `environ` is the environment. Without a folder it is the current one.

    Raises:
        FolderError: no such folder, a setting that is none, or a value that means nothing.
    """
    flags = {name: value for name, value in (given or {}).items() if value is not None}
    told = _environment(os.environ if environ is None else environ)
    folder = Path(flags.pop("folder", None) or told.pop("folder", None) or ".").expanduser().resolve()
    if not folder.is_dir():
        raise FolderError(f"there is no folder {folder}")
    values: dict[str, Any] = {}
    for where, found in ((folder / FILE, _file(folder / FILE)), ("the environment", told), ("the flags", flags)):
        values |= {name: _read(name, value, where) for name, value in found.items()}
    return Settings(folder=folder, **values)


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = ("folder", *_READ)
    return {name: value for name in names if (value := environ.get(PREFIX + name.upper()))}


def _file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise FolderError(f"{file} is no TOML: {error}") from error


def _read(name: str, value: Any, where: object) -> Any:
    if name not in _READ:
        raise FolderError(f"{where}: there is no setting {name!r}; there are {', '.join(_READ)}")
    try:
        return _READ[name](value)
    except (ValueError, TypeError) as error:
        raise FolderError(f"{where}: {name} is {value!r}, and takes {error}") from error
