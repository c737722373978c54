"""Folders and globs as files, in the order of their names. What cannot be listed comes along, to be reported."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from gemini_embed.errors import InputError
from gemini_embed.indexing.choosing import Choice, Chosen
from gemini_embed.indexing.items import Place, Unlisted

_ALL = Choice()


class Files(Collection[Path | Unlisted]):
    """Files found somewhere, kept as their names, so that a million of them fit."""

    def __init__(
        self,
        found: Iterable[Path | Unlisted],
        entered: Mapping[str, bool] | None = None,
        chosen: Chosen | None = None,
    ) -> None:
        self._found = [one if isinstance(one, Unlisted) else os.fspath(one) for one in found]
        self._entered = entered or {}
        self._chosen = chosen

    def __iter__(self) -> Iterator[Path | Unlisted]:
        return (one if isinstance(one, Unlisted) else Path(one) for one in self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, one: object) -> bool:
        return (os.fspath(one) if isinstance(one, Path) else one) in self._found

    def have_listed(self, folder: Path) -> bool:
        """Whether all names in a folder were read, under this name of it or another."""
        return self._entered.get(os.path.realpath(folder), False)

    def have_left_out(self, path: Path) -> bool:
        """Whether a file, or a folder that it lies in, is not wanted, though it may be there."""
        return self._chosen is not None and self._chosen.has_left_out(path)

    @property
    def left_out(self) -> Mapping[tuple[str, str], int]:
        """How many names were passed over, by their folder and the reason."""
        return self._chosen.passed_over if self._chosen else {}

    def only(self, wanted: Callable[[str], bool]) -> Files:
        """Those of them whose names are wanted, and what could not be listed."""
        found = (one for one in self._found if isinstance(one, Unlisted) or wanted(one))
        return Files((one if isinstance(one, Unlisted) else Path(one) for one in found), self._entered, self._chosen)


def files_at(place: Place, root: str | None = None, choice: Choice = _ALL) -> Files:
    """The files of a folder, those that a glob matches, or the one that is named, whatever is said of that.

    Raises:
        InputError: there is nothing of that name, or the glob matches nothing.
    """
    pattern = os.fspath(place)
    if os.path.isdir(pattern):  # these never raise, where Path's may
        entered: dict[str, bool] = {}
        chosen = choice.below(Path(pattern))
        return Files(_walked(Path(pattern), root and os.path.realpath(root), entered, chosen), entered, chosen)
    if os.path.lexists(pattern):
        return Files([Path(pattern)])
    if not glob.has_magic(pattern):
        raise InputError(f"there is no file or folder {pattern!r}; texts go in a list: add([text])")
    found = Files(_matching(pattern, root, choice))
    if not found:
        raise InputError(f"{pattern!r} matches no file; texts go in a list: add([text])")
    return found


def _matching(pattern: str, root: str | None, choice: Choice) -> Iterator[Path | Unlisted]:
    """Files that a glob matches. Below `**` they are walked, since Python's own goes around in circles of links."""
    parts = Path(pattern).parts
    plain = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    chosen = choice.below(Path(*parts[:plain]))
    if "**" not in parts:
        files = (Path(name) for name in sorted(glob.glob(pattern)) if not os.path.isdir(name))
        yield from (one for one in files if not chosen.leaves_out(one, is_folder=False))
        return
    deep = parts.index("**")
    entered: dict[str, bool] = {}
    for base in sorted(glob.glob(os.path.join(*parts[:deep]))) if deep else [""]:
        if not os.path.isdir(base or "."):
            continue
        for one in _walked(Path(base), root and os.path.realpath(root), entered, chosen):
            if isinstance(one, Unlisted) or _fits(one.relative_to(base).parts, parts[deep:]):
                yield one


def _fits(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path matches a glob, name by name; `**` stands for any number of folders, and at the end for all."""
    if not pattern:
        return not names
    if pattern[0] == "**":
        return any(_fits(names[skipped:], pattern[1:]) for skipped in range(len(names) + 1))
    return bool(names) and fnmatch(names[0], pattern[0]) and _fits(names[1:], pattern[1:])


def walked(folder: Path, root: str | None = None, choice: Choice = _ALL) -> Iterator[Path | Unlisted]:
    """The files below a folder; those whose names begin with a dot, and what is in such folders, are left out, unless
    the choice names them.

    Links are followed, but to folders outside of `root`, and each folder is entered once. A folder that cannot be read
    is `Unlisted`.
    """
    yield from _walked(folder, root and os.path.realpath(root), {}, choice.below(folder))


def _walked(folder: Path, root: str | None, entered: dict[str, bool], chosen: Chosen) -> Iterator[Path | Unlisted]:
    """`entered` is told each folder by where it really is, and whether its names could be read."""
    real = os.path.realpath(folder)
    if real in entered:
        return  # under another name its files are in already
    entered[real] = False
    if root is not None and not Path(real).is_relative_to(root):
        yield Unlisted(folder, f"{folder} lies outside of root={root}: only files inside are read")
        return
    try:
        with os.scandir(folder) as found:
            names = sorted(one.name for one in found if not chosen.hides(folder, one.name))
    except OSError as error:
        yield Unlisted(folder, f"cannot read the folder {folder}: {error.strerror or error}")
        return
    entered[real] = True
    for name in names:
        path = folder / name
        is_folder = os.path.isdir(path)
        if chosen.leaves_out(path, is_folder=is_folder):
            continue
        if is_folder:
            yield from _walked(path, root, entered, chosen)
        else:
            yield path
