"""A real folder of small files that knows which of them can be seen and read, without asking the disk."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fix_media import pdf
from PIL import Image

SENTENCES = (
    "A cat sat on the mat by the sea.",
    "The dog ran off after the red ball.",
    "Bread is baked before the sun is up.",
    "No train leaves here on a Sunday.",
)
FORBIDDEN = "What stands here is not allowed."
"""The service is to refuse this one."""
NAMES = ("a.md", "b.txt", ".hidden.md", "deep/c.md", "deep/d.txt", "deep/er/e.md", "share/f.md", "share/g.txt")


def _picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


PICTURES = tuple(_picture(colour) for colour in ("red", "blue"))
PAGES = pdf("page one", "page two")
BAD = (b"", b"\xff\xfe\0 no text", b"%PDF-1.4 and nothing more", None)
"""None is a link that leads nowhere."""


Change = tuple[str, str, Any]
"""What happens, to what, and what that becomes, where it becomes something."""


class Folder:
    """`docs` in a place: texts, pictures and bad files, a folder that may be closed, and a link to a share that may be
    away or taken off."""

    def __init__(self, place: Path) -> None:
        self.path, self._place = place / "docs", place
        self.files: dict[str, bytes | None] = {}
        """What is where; of the share too while it is away."""
        self.closed = False
        self.share = "there"
        """Or "away", or "taken off"."""
        for folder in (self.path, place / "share"):
            folder.mkdir(parents=True)
        (self.path / "share").symlink_to(place / "share")
        self._can_close = can_close_folders(place / "closed")

    def change(self, changes: Iterable[Change]) -> None:
        """One thing after another. What is done to a file that is not there is nothing."""
        for what, name, to in changes:
            if what == "write":
                self.write(name, to)
            elif what == "share":
                self.put_share(name)
            elif what == "close or open":
                self.close(closed=self._can_close and not self.closed)
            elif what == "remove the folder":
                self.remove_folder()
            elif name in self.files and what == "rename":
                self.rename(name, to)
            elif name in self.files:
                self.delete(name)

    def source(self, name: str) -> str:
        """How an index calls a file."""
        return str(self.path / name)

    def write(self, name: str, data: bytes | None) -> None:
        """Make a file, or edit it. None makes it a link that leads nowhere."""
        with self._at(name) as file:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            if data is None:
                file.symlink_to("nowhere")
            else:
                file.write_bytes(data)
        self.files[name] = data

    def rename(self, name: str, other: str) -> None:
        """Move a file, over another perhaps."""
        data = self.files[name]
        self.delete(name)
        self.write(other, data)

    def delete(self, name: str) -> None:
        """Delete a file."""
        with self._at(name) as file:
            file.unlink()
        del self.files[name]

    def remove_folder(self) -> None:
        """Delete `deep` with all in it."""
        self.close(closed=False)
        shutil.rmtree(self.path / "deep", ignore_errors=True)
        self.files = {name: data for name, data in self.files.items() if not name.startswith("deep/")}

    def close(self, *, closed: bool) -> None:
        """Whether the names in `deep` cannot be read."""
        deep = self.path / "deep"
        if deep.exists():
            deep.chmod(0 if closed else 0o755)
            self.closed = closed

    def put_share(self, state: str) -> None:
        """There, away (the link leads nowhere), or taken off (no link)."""
        link, share, away = self.path / "share", self._place / "share", self._place / "away"
        link.unlink(missing_ok=True)
        if state == "away" and share.exists():
            share.rename(away)
        elif state != "away" and away.exists():
            away.rename(share)
        if state != "taken off":
            link.symlink_to(share)
        self.share = state

    def is_unseen(self, name: str) -> bool:
        """Whether nobody can tell if this file is there."""
        return (self.closed and name.startswith("deep/")) or (self.share == "away" and name.startswith("share/"))

    def is_there(self, name: str) -> bool:
        """Whether the file can be opened by its name, be it good or bad."""
        off = self.share == "taken off" and name.startswith("share/")
        return name in self.files and not off and not self.is_unseen(name)

    def walked(self) -> list[str]:
        """The files that a walk finds, and the names of what it cannot list."""
        names = [name for name in self.files if self.is_there(name) and not name.startswith(".")]
        return names + ["deep"] * self.closed + ["share"] * (self.share == "away")

    def read(self, name: str) -> bytes | None:
        """What a file holds; None where it cannot be read."""
        data = self.files.get(name) if self.is_there(name) else None
        return None if data in BAD else data

    @contextmanager
    def _at(self, name: str) -> Iterator[Path]:
        """Where a file really is, in a folder that is open meanwhile."""
        closed, share = self.closed, name.removeprefix("share/")
        self.close(closed=False)
        yield self.path / name if share == name else self._place / ("away" if self.share == "away" else "share") / share
        self.close(closed=closed)


def can_close_folders(place: Path) -> bool:
    """Whether this process may not read what it has no leave to: root may."""
    place.mkdir()
    place.chmod(0)
    try:
        os.listdir(place)
    except PermissionError:
        return True
    finally:
        place.chmod(0o755)
    return False
