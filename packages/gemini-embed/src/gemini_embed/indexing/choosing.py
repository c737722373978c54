"""Which files of a folder come in: what the caller's patterns include and exclude, and what git leaves out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed.errors import ConfigurationError, missing_extra
from gemini_embed.indexing.ignoring import GitIgnored

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True)
class Choice:
    """What of a folder is wanted, as the caller says it; everything but hidden names by default.

    Raises, when it is used:
        ConfigurationError: a pattern that is none.
        MissingExtraError: `respect_gitignore` without the extra `code`.
    """

    include: tuple[str, ...] = ()
    """Patterns of a `.gitignore`; a file that none fits is left out. Empty: all are wanted."""
    exclude: tuple[str, ...] = ()
    """Patterns of a `.gitignore`; a file or folder that they fit is left out, whatever includes it."""
    respect_gitignore: bool = False

    def below(self, folder: Path) -> Chosen:
        """What it comes to in a folder."""
        return Chosen(folder, self)

    @cached_property
    def wanted(self) -> GitIgnoreSpec | None:
        """What a file must fit."""
        return _spec("include", self.include)

    @cached_property
    def unwanted(self) -> GitIgnoreSpec | None:
        """What no file may fit."""
        return _spec("exclude", self.exclude)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The names with a dot in front that `include` names itself."""
        parts = (part for pattern in self.include for part in pattern.strip().split("/"))
        return tuple(part for part in parts if part.startswith(".") and part.strip("."))


def patterns(name: str, given: object) -> tuple[str, ...]:
    """`include=` or `exclude=` as it was given.

    Raises:
        ConfigurationError: one string, whose letters would be taken for patterns; something else than strings; a
            pattern that means nothing.
    """
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ConfigurationError(f"{name}={given!r} must be a list of patterns, such as ['*.md', 'src/']")
    found = tuple(given)
    for one in found:
        if not isinstance(one, str) or not one.strip():
            raise ConfigurationError(f"{name}= holds {one!r}, which is no pattern: patterns are such as '*.md', 'src/'")
    _spec(name, found)
    return found


def _spec(name: str, given: Sequence[str]) -> GitIgnoreSpec | None:
    if not given:
        return None
    try:
        from pathspec import GitIgnoreSpec
    except ImportError as error:
        raise missing_extra("code", "pathspec") from error
    try:
        return GitIgnoreSpec.from_lines(given)
    except ValueError as error:
        raise ConfigurationError(f"{name}={list(given)!r}: {error}") from error


class Chosen:
    """Tells what a choice leaves out of one folder."""

    def __init__(self, folder: Path, choice: Choice) -> None:
        self._folder, self._choice = folder, choice
        self._ignored = GitIgnored(folder) if choice.respect_gitignore else None
        self.passed_over: Counter[tuple[str, str]] = Counter()
        """How many names, by their folder and the reason."""

    def hides(self, folder: Path, name: str) -> bool:
        """Whether a name in that folder is hidden, and no pattern says it."""
        if not name.startswith(".") or self.enters(name):
            return False
        self.passed_over[os.fspath(folder), "hidden"] += 1
        return True

    def enters(self, name: str) -> bool:
        """Whether a name with a dot in front is looked at all the same."""
        return any(fnmatchcase(name, hidden) for hidden in self._choice.hidden)

    def leaves_out(self, path: Path, *, is_folder: bool) -> bool:
        """Whether a file or a folder below is left out."""
        reason = self._reason(path, is_folder)
        if reason is not None:
            self.passed_over[os.fspath(path.parent), reason] += 1
        return reason is not None

    def _reason(self, path: Path, is_folder: bool) -> str | None:
        if self._ignored is not None and self._ignored(path, is_folder=is_folder):
            return ".gitignore"
        choice = self._choice
        if choice.wanted is None and choice.unwanted is None:
            return None
        name = path.relative_to(self._folder).as_posix()
        if choice.unwanted is not None and choice.unwanted.match_file(f"{name}/" if is_folder else name):
            return "exclude="
        return (
            "include=" if not is_folder and choice.wanted is not None and not choice.wanted.match_file(name) else None
        )

    def has_left_out(self, path: Path) -> bool:
        """Whether a file, or a folder that it lies in, is left out; by git: was, when it was met."""
        if self._ignored is not None and any(os.fspath(one) in self._ignored.left_out for one in (path, *path.parents)):
            return True
        return path.is_relative_to(self._folder) and self.is_unwanted(path)

    def is_unwanted(self, path: Path) -> bool:
        """Whether the caller's patterns leave out a file, or a folder that it lies in."""
        name, choice = path.relative_to(self._folder).as_posix(), self._choice
        if choice.unwanted is not None and choice.unwanted.match_file(name):
            return True
        return choice.wanted is not None and not choice.wanted.match_file(name)
