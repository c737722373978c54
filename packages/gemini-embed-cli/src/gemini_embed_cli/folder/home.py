"""Where the index of a folder lives, and whose vectors are there.

F/.gemini-embed/.gitignore      `*`
F/.gemini-embed/service/        what belongs to vectors of Google's service
F/.gemini-embed/emulator/       what belongs to vectors of the emulator: the two never meet
    index                       leads to the folder of vectors that is searched, such as
    vectors-1/
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gemini_embed_cli.folder.keys import has_key

NAME = ".gemini-embed"
INDEX = "index"
FIRST = "vectors-1"


@dataclass(frozen=True)
class Home:
    """`.gemini-embed/` of a folder, the part of one service."""

    folder: Path
    emulator: bool = False

    @property
    def path(self) -> Path:
        """Where everything of this service's vectors is."""
        return self.folder / NAME / _part(self.emulator)

    @property
    def index(self) -> Path:
        """The name of the index that is searched."""
        return self.path / INDEX

    @property
    def cache(self) -> Path:
        """Where batch jobs put what they embedded."""
        return self.path / "cache.db"

    @property
    def is_indexed(self) -> bool:
        """Whether there is an index."""
        return self.index.exists()

    @property
    def other(self) -> Home:
        """The part of the other service."""
        return Home(self.folder, not self.emulator)

    def make(self) -> None:
        """Have the folder there, out of version control's sight."""
        self.path.mkdir(parents=True, exist_ok=True)
        ignored = self.folder / NAME / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", "utf-8")

    def why_not(self) -> str:
        """Why there is nothing to search, and what to do."""
        if self.other.is_indexed:
            there, way = ("the emulator", "add --emulator to search them") if self.other.emulator else _SERVICE
            return f"{self.folder} has vectors of {there} only, which no other query meets: {way}, or sync it anew"
        sync = f"gemini-embed sync {self.folder}"
        if self.emulator:
            return f"nothing is indexed in {self.folder} yet: {sync} --emulator"
        keyless = "" if has_key(os.environ) else "; without a key add --emulator, which tries everything"
        return f"nothing is indexed in {self.folder} yet: {sync}{keyless}"


_SERVICE = ("Google's service", "leave --emulator out to search them")


def _part(emulator: bool) -> str:
    return "emulator" if emulator else "service"
