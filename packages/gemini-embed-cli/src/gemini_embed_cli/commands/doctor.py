"""`gemini-embed doctor`: what is there, what is missing, and what to type about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from gemini_embed_cli.commands.ending import DONE, NOTHING
from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import as_json, say
from gemini_embed_cli.folder import OpenFolder, has_key

_DISTRIBUTIONS = ("gemini-embed", "gemini-embed-cli", "gemini-embed-emulator", "qdrant-edge-py", "numpy", "mcp")
_EXTRAS = {
    "qdrant": ("qdrant_client", "a Qdrant server (--store qdrant:URL)"),
    "milvus": ("pymilvus", "a Milvus server or file (--store milvus:URI)"),
    "code": ("tree_sitter", "source files by definitions"),
}
_LEAST_FREE = 2**30


@dataclass(frozen=True)
class Check:
    """What was looked at. `ok` is None for what is merely not there."""

    name: str
    ok: bool | None
    told: str
    todo: str = ""


def doctor(*, where: Where | None = None, offline: Flag = False, json: Flag = False) -> int:
    """Look at keys, versions, extras, the folder and the service, and say what to install or set.

    Parameters
    ----------
    offline
        Do not ask the service; otherwise it embeds one word.
    json
        As JSON.
    """
    with (where or Where()).opened() as opened:
        checks = [*_versions(), *_extras(), *_folder(opened), *_service(opened, offline=offline)]
    if json:
        as_json([asdict(check) for check in checks])
    else:
        signs = {True: "ok", False: "!!", None: "--"}
        for check in checks:
            say(f"{signs[check.ok]}  {check.name:22} {check.told}{f': {check.todo}' if check.todo else ''}")
    return NOTHING if any(check.ok is False for check in checks) else DONE


def _versions() -> Iterator[Check]:
    yield Check("python", True, sys.version.split()[0])
    for name in _DISTRIBUTIONS:
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed", f"pip install {name}")


def _extras() -> Iterator[Check]:
    for extra, (module, what) in _EXTRAS.items():
        there = find_spec(module) is not None
        todo = "" if there else f'pip install "gemini-embed-cli[{extra}]"'
        yield Check(f"extra {extra}", True if there else None, what if there else f"not there, needed for {what}", todo)


def _folder(opened: OpenFolder) -> Iterator[Check]:
    folder = opened.settings.folder
    writable = os.access(folder, os.W_OK)
    yield Check("folder", writable, str(folder), "" if writable else "it cannot be written: use --store edge:PATH")
    free = shutil.disk_usage(folder).free
    yield Check("disk", free > _LEAST_FREE, f"{free / 2**30:.1f} GB free", "" if free > _LEAST_FREE else "make room")
    home = opened.home
    for one in (home, home.other):
        if one.is_indexed:
            yield Check("index", True, f"{Path(one.path).relative_to(folder)}")
    if not (home.is_indexed or home.other.is_indexed):
        yield Check("index", None, "none yet", f"gemini-embed sync {folder}")


def _service(opened: OpenFolder, *, offline: bool) -> Iterator[Check]:
    from gemini_embed import GeminiEmbedError

    emulated = opened.settings.emulator
    if not emulated:
        there = has_key(os.environ)
        yield Check(
            "key", there, "set" if there else "not set", "" if there else "set GEMINI_API_KEY, or add --emulator"
        )
        if not there:
            return
    name = "emulator" if emulated else "service"
    if offline:
        yield Check(name, None, "not asked")
        return
    try:
        vector = opened.embedder.embed_query("hello").vector
    except GeminiEmbedError as error:
        yield Check(name, False, str(error))
    else:
        yield Check(name, True, f"{opened.embedder.model} answered with {len(vector)} numbers")
