"""The address of a store: `edge:PATH`, `qdrant:URL#COLLECTION`, `milvus:URI#COLLECTION`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from gemini_embed_cli.folder.errors import FolderError

FORMS = "edge:PATH, qdrant:URL or milvus:URI, the last two with #COLLECTION behind or without"
_KINDS = ("edge", "qdrant", "milvus")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_USER = re.compile(r"//\S*@")


@dataclass(frozen=True)
class Address:
    """Where a store is.

    Attributes:
        kind: "edge", "qdrant" or "milvus".
        place: a path, a URL or a URI; it may hold a password.
        collection: the name that was told; None: one that is made of the folder's.
    """

    kind: str
    place: str = field(repr=False)
    collection: str | None = None

    @classmethod
    def of(cls, told: str) -> Address:
        """An address as it was typed.

        Raises:
            FolderError: it is none; its password is not shown.
        """
        kind, _, place = told.partition(":")
        if kind not in _KINDS or not place:
            raise FolderError(f"store {without_password(told)!r}: it is {FORMS}")
        if kind == "edge":
            return cls(kind, place)
        place, mark, name = place.partition("#")
        if mark and not _NAME.fullmatch(name):
            raise FolderError(
                f"store {kind}: what follows # is a collection's name, of letters, digits, _ . and -; "
                "a # in a password is written %23"
            )
        if not place:
            raise FolderError(f"store {without_password(told)!r}: it is {FORMS}")
        return cls(kind, place, name or None)

    @property
    def key(self) -> str | None:
        """Of a server, where the environment has one: QDRANT_API_KEY, MILVUS_TOKEN."""
        if "://" not in self.place:
            return None
        return os.environ.get({"qdrant": "QDRANT_API_KEY", "milvus": "MILVUS_TOKEN"}[self.kind]) or None

    def below(self, folder: Path) -> Path:
        """The place as a path, which is meant from the folder on, wherever one stands."""
        return folder / Path(self.place).expanduser()


def without_password(told: str) -> str:
    """An address to be shown: without user and password."""
    return _USER.sub("//", told)
