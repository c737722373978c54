"""Other names of an `EdgeStore`'s folder: small files beside it that name it, each written anew in one rename."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from gemini_embed.errors import StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.aliases import HasAliases, check_is_collection, is_collection
from gemini_embed.stores.edge.folder import DRAFT, FINGERPRINT_FILE, clear_doomed, read_object, removed, write_whole

_KEY = "gemini_embed_folder"
_LONGEST_BYTES = 2**16


class FolderPointers(HasAliases):
    """A store whose `path` is a folder, or a file that points to one. Names are those of files and folders beside it,
    or whole paths."""

    path: Path
    _pinned: Path | None = None

    @abstractmethod
    def close(self) -> None: ...

    @property
    def folder(self) -> Path:
        """The folder that the open store keeps to; of one that is not open, where its path leads now."""
        return self._pinned or folder_at(self.path)

    @property
    def place(self) -> object:
        return self.path.parent

    def aliases(self) -> Mapping[str, str]:
        beside = [one for one in sorted(self.path.parent.glob("*")) if one.is_file() and not DRAFT.search(one.name)]
        return {one.name: _named(folder, self.path.parent) for one in beside if (folder := _pointed(one)) is not None}

    def point_alias(self, name: str, collection: str) -> None:
        pointer, folder = self.path.parent / name, self.path.parent / collection
        check_is_collection(self, collection, (folder / FINGERPRINT_FILE).is_file())
        if pointer.is_dir():
            raise is_collection(name, "rename its folder while no store has it open, or take another name")
        if pointer.exists() and _pointed(pointer) is None:
            raise StoreError(f"{pointer} is a file of something else: take another name")
        write_whole(pointer, json.dumps({_KEY: os.path.relpath(folder, pointer.parent)}))

    def leads_to(self) -> str | None:
        folder = folder_at(self.path)
        return _named(folder, self.path.parent) if folder.is_dir() else None

    def made_with(self) -> Fingerprint | None:
        file = folder_at(self.path) / FINGERPRINT_FILE
        return Fingerprint.from_dict(read_object(file)) if file.is_file() else None

    def twin(self, collection: str) -> Self:
        return self._of_folder(self.path.parent / collection)

    def drop(self, collection: str) -> None:
        folder = self.path.parent / collection
        if (folder / FINGERPRINT_FILE).is_file():
            removed(folder)
        else:
            clear_doomed(folder.parent)

    @abstractmethod
    def _of_folder(self, folder: Path) -> Self:
        """With the same settings, and the codes that it has."""


def folder_at(path: Path) -> Path:
    """The folder of an index at `path`, which may be a pointer to it.

    Raises:
        StoreError: it is a file of something else.
    """
    if not path.is_file():
        return path
    folder = _pointed(path)
    if folder is None:
        raise StoreError(f"{path} is a file, and not one that points to an index: an EdgeStore is a folder")
    return folder


def _pointed(file: Path) -> Path | None:
    """The folder that a file points to; None for any other file."""
    if file.stat().st_size > _LONGEST_BYTES:
        return None
    try:
        told: Any = json.loads(file.read_text("utf-8"))
    except ValueError:
        return None
    name = told.get(_KEY) if isinstance(told, dict) else None
    return Path(os.path.normpath(file.parent / name)) if isinstance(name, str) else None


def _named(folder: Path, beside: Path) -> str:
    return folder.name if folder.parent == beside else str(folder)
