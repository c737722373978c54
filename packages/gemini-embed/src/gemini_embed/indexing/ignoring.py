"""What `.gitignore` files say of files and folders, as git reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemini_embed.errors import InputError, missing_extra

_GIT = ".git"
_FOLDERS_BELOW = re.compile(r"(!?)(?:(.*?)/)??(?:\*\*/)+ *")
"""Of `x/**/` pathspec says that it is `x`; git that it is the folders in it, and no file that is in `x` itself."""

_BRACKETS = re.compile(r"(?<!\\)\[[!^]?\]?(?:\[:\w+:\]|[^\]])*\]")
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \t", "digit": "0-9", "lower": "a-z", "upper": "A-Z",
    "space": " \t\n\r\f\v", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
"""What pathspec does not know: `[[:digit:]]`, of ASCII as in git."""


class GitIgnored:
    """Tells what git leaves out below a folder: by the `.gitignore` of every folder, from the top of the repository
    down (without a repository, from `folder` down), the nearest first, and by the repository's `info/exclude`.

    What is in a folder that is left out is, too, whatever is said of it; who is in the index of git does not count.

    Raises, when called too:
        MissingExtraError: the extra `code` is not installed.
        InputError: a `.gitignore` that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from pathspec import GitIgnoreSpec
        except ImportError as error:
            raise missing_extra("code", "pathspec") from error
        self._spec_of = GitIgnoreSpec.from_lines
        start = Path(os.path.abspath(folder))
        repository = next((above for above in (start, *start.parents) if (above / _GIT).exists()), None)
        self._top = repository or start
        self._excluded = self._read(self._top / _GIT / "info" / "exclude")
        self._rules: dict[Path, list[_Rule]] = {}
        self._folders: dict[Path, bool] = {}
        self.left_out: set[str] = set()
        """What was asked for and is left out, as it was named."""

    def __call__(self, path: Path, *, is_folder: bool) -> bool:
        """Whether a file or a folder is left out."""
        found = self._is_left_out(Path(os.path.abspath(path)), is_folder)
        if found:
            self.left_out.add(os.fspath(path))
        return found

    def _is_left_out(self, path: Path, is_folder: bool) -> bool:
        if path == self._top or not path.is_relative_to(self._top):
            return False
        if is_folder and path in self._folders:
            return self._folders[path]
        found = self._is_left_out(path.parent, True) or self._says(path, is_folder)
        if is_folder:
            self._folders[path] = found
        return found

    def _says(self, path: Path, is_folder: bool) -> bool:
        """What is said of this name itself: by the nearest file that says anything."""
        for above in path.parents:
            told = self._told(self._rules_of(above), path.relative_to(above), is_folder)
            if told is None and above == self._top:
                told = self._told(self._excluded, path.relative_to(above), is_folder)
            if told is not None or above == self._top:
                return bool(told)
        return False

    def _told(self, rules: Sequence[_Rule], path: Path, is_folder: bool) -> bool | None:
        """By the last pattern that is of this name itself."""
        return next((rule.leaves_out for rule in reversed(rules) if rule.is_of(path, is_folder)), None)

    def _rules_of(self, folder: Path) -> list[_Rule]:
        if folder not in self._rules:
            self._rules[folder] = self._read(folder / ".gitignore")
        return self._rules[folder]

    def _read(self, file: Path) -> list[_Rule]:
        if not file.is_file():
            return []
        try:
            text = os.fsdecode(file.read_bytes())
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror or error}; leave out respect_gitignore=") from error
        rules = (self._rule(line) for line in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"))
        return [rule for rule in rules if rule is not None]

    def _rule(self, line: str) -> _Rule | None:
        """None of a comment, and of what is no pattern, such as a `!` alone: git passes over these."""
        line = _BRACKETS.sub(_spelled_out, line)
        if found := _FOLDERS_BELOW.fullmatch(line):
            line = f"{found[1]}{found[2]}/**/*/" if found[2] else f"{found[1]}*/"
        try:
            (pattern,) = self._spec_of([line]).patterns
        except ValueError:
            return None
        return None if pattern.include is None else _Rule(pattern, "/" in line.strip().rstrip("/"))


def _spelled_out(brackets: re.Match[str]) -> str:
    said = re.sub(r"\[:(\w+):\]", lambda named: _CLASSES.get(named[1], named[0]), brackets[0])
    return said[0] + re.sub(r"(?<!\\)\[", r"\\[", said[1:])  # of which Python would warn


@dataclass(frozen=True)
class _Rule:
    """A line of a `.gitignore`. Patterns are asked one by one, of one name at a time: pathspec's own answer takes the
    folders above along, and so misses what `!*/` brings back."""

    pattern: Any
    has_folders: bool
    """Whether it says where a name stands; else it is of every file or folder of that name."""

    @property
    def leaves_out(self) -> bool:
        return bool(self.pattern.include)

    def is_of(self, path: Path, is_folder: bool) -> bool:
        """Whether it is of this name, and not of a folder above it, nor only of what is in it."""
        name = path.as_posix() if self.has_folders else path.name
        if (found := self.pattern.match_file(name)) is not None and _folder_ends(found.match) == -1:
            return True
        found = self.pattern.match_file(f"{name}/") if is_folder else None
        return found is not None and _folder_ends(found.match) == len(name) + 1


def _folder_ends(match: re.Match[str]) -> int:
    """Where the name ends of the folder that was matched, -1 where it was none."""
    named = match.re.groupindex.get("ps_d")  # as pathspec calls it
    return -1 if named is None else match.end(named)
