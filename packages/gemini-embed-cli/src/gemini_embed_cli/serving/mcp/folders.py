"""The folders of one server: which of them a path lies in, and how places in them are written for a model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from gemini_embed import InputError, MultimodalIndex
from gemini_embed.agents.links import place_of

from gemini_embed_cli.answers.found import below
from gemini_embed_cli.folder import OpenFolder

LONGEST = 4_096
"""Characters of a path or a link, as file systems have it."""
_SAFE = "/:~@!$&'()*+,;="
"""What links of records leave as it is."""


@dataclass(frozen=True)
class Served:
    """A folder, and what models call it."""

    name: str
    folder: OpenFolder

    @property
    def root(self) -> Path:
        """The folder itself, an absolute path."""
        return self.folder.settings.folder


class Folders:
    """All folders of a server. Where there are several, links begin with the name of theirs: `photos/pump.jpg`."""

    def __init__(self, opened: Sequence[OpenFolder]) -> None:
        names = _names([one.settings.folder for one in opened])
        self.all = [Served(name, folder) for name, folder in zip(names, opened, strict=True)]

    def named(self, name: str | None) -> list[Served]:
        """The folder of that name, all of them for None.

        Raises:
            InputError: there is none.
        """
        if name is None:
            return self.all
        found = [one for one in self.all if one.name == name.strip().strip("/")]
        if not found:
            raise InputError(f"there is no folder {name[:80]!r}: there is {self.listed()}")
        return found

    def one(self, name: str | None) -> Served:
        """The folder of that name, the only one for None.

        Raises:
            InputError: there is none, or several and no name.
        """
        found = self.named(name)
        if len(found) > 1:
            raise InputError(f"this server has several folders: say which, folder= one of {self.listed()}")
        return found[0]

    def listed(self) -> str:
        """Their names, in words."""
        return ", ".join(one.name for one in self.all)

    def shown(self, place: str, served: Served) -> str:
        """A link or path of a folder as models are told it."""
        short = below(place, served.root)
        return f"{quote(served.name, safe=_SAFE)}/{short}" if len(self.all) > 1 and short != place else short

    def meant(self, link: str) -> list[tuple[Served, str]]:
        """What a link may mean: in which folder, and the link there, as its records have it; likelier ones first.

        Raises:
            InputError: too long to be one.
        """
        link = checked(link, "link")
        if len(self.all) > 1:
            for served in self.all:
                for name in {served.name, quote(served.name, safe=_SAFE)}:
                    if link.startswith(f"{name}/"):
                        return [(served, self._absolute(link[len(name) + 1 :], served))]
        return [(served, one) for served in self.all for one in dict.fromkeys((self._absolute(link, served), link))]

    def located(self, path: str) -> tuple[Served, str]:
        """The folder that a path (or `file://` URI) of a model lies in, and the absolute path, links followed.

        Raises:
            InputError: it lies in none of them, or has a form that none has.
        """
        given = _plain(checked(path, "path"))
        inside = [(served, real) for served in self.all for real in self._real(given, served)]
        there = [found for found in inside if os.path.exists(found[1])]
        if inside:
            return (there or inside)[0]
        raise InputError(f"{path} lies outside of the folders of this server: {self.listed()}")

    def _real(self, given: str, served: Served) -> Iterable[str]:
        """Where it leads in that folder, if it stays inside."""
        root = os.path.realpath(served.root)
        first, _, rest = given.partition("/")
        written = [rest] if len(self.all) > 1 and first == served.name and rest else []
        for one in (*written, given):
            real = os.path.realpath(os.path.join(root, one))
            if Path(real).is_relative_to(root):
                yield real

    def _absolute(self, link: str, served: Served) -> str:
        """A link below a folder as its records have it; those that are absolute already stay as they are."""
        if "://" in link or link.startswith("/"):
            return link
        place = place_of(link)
        anchor = link[link.rindex("#") :] if place.location != unquote(link) else ""
        return quote(f"{served.root.as_posix()}/{place.location}", safe=_SAFE) + anchor


def is_known(index: MultimodalIndex, link: str) -> bool:
    """Whether the index has a source there, or of that name.

    Raises:
        InputError: an anchor that ends before it begins.
    """
    location = place_of(link).location
    return any(index.count({field: location}) for field in ("source", "uri"))


def checked(given: str, what: str) -> str:
    """A path or link of a model, without blanks around it.

    Raises:
        InputError: empty, too long, or with characters that no name has.
    """
    given = given.strip()
    if not given:
        raise InputError(f"the {what} is empty")
    if len(given) > LONGEST:
        raise InputError(f"the {what} has {len(given):,} characters: at most {LONGEST:,} are looked at")
    if "\0" in given:
        raise InputError(f"the {what} holds a null byte, which no name does")
    if given != given.encode(errors="replace").decode():
        raise InputError(f"the {what} holds half a character: write it in UTF-8")
    return given


def _plain(path: str) -> str:
    """A path, also where it is written as a URI.

    Raises:
        InputError: a URI of another kind, or of another machine.
    """
    if "://" not in path[:12]:
        return path
    uri = urlsplit(path)
    if uri.scheme.lower() != "file" or uri.netloc not in ("", "localhost"):
        raise InputError(f"{path[:80]!r} is no path: give one in the folders, or an http(s) URL")
    return unquote(uri.path)


def _names(roots: Sequence[Path]) -> list[str]:
    """A name for each: its own, with a number where another has it before."""
    names: list[str] = []
    for root in roots:
        own = root.name or "root"
        tries = [own, *(f"{own}-{number}" for number in range(2, len(roots) + 2))]
        names.append(next(name for name in tries if name not in names))
    return names
