"""Flags that verbs share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, Unpack

from cyclopts import Parameter

from gemini_embed_cli.folder import FILE, OpenFolder, Settings, settings

if TYPE_CHECKING:
    from gemini_embed.indexing import AddOptions

Flag: TypeAlias = Annotated[bool, Parameter(negative="")]
"""A switch that is off unless it is named."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Which folder's index is meant, and whose vectors."""

    folder: Annotated[Path | None, Parameter(alias="-C")] = None
    """Folder whose index is meant; the current one by default."""
    store: str | None = None
    """edge:PATH, qdrant:URL or milvus:URI, with #COLLECTION behind or without; in .gemini-embed/ below the folder by
    default."""
    emulator: Annotated[bool | None, Parameter(negative="")] = None
    """Vectors of the built-in emulator: no key, no network, and not the model."""
    model: str | None = None
    """The model that embeds; as the index was made by default."""
    dimensions: int | None = None
    """Length of the vectors; as the index was made by default, 768 in a new one."""

    def settings(self, folder: Path | None = None) -> Settings:
        """The settings; `folder` is what the verb itself names, where --folder does not."""
        return settings(vars(self) | {"folder": self.folder or folder})

    def opened(self, folder: Path | None = None, *, cached: bool = False) -> OpenFolder:
        """The folder, opened when it is first used."""
        return OpenFolder(self.settings(folder), cached=cached)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """Which files of a folder come in."""

    include: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Only files that fit, as a .gitignore says it: "*.md", "src/"; may be given several times."""
    exclude: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Leave out what fits; may be given several times."""
    gitignore: Annotated[bool, Parameter(negative="")] = False
    """Leave out what .gitignore files leave out."""

    def options(self, **more: Unpack[AddOptions]) -> AddOptions:
        """As options of an add, with `more` of them; the folder's settings are no document."""
        return {
            "include": list(self.include) or None,
            "exclude": [f"/{FILE}", *self.exclude],
            "respect_gitignore": self.gitignore,
            **more,
        }


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Money:
    """What may be spent."""

    yes: Annotated[bool, Parameter(alias="-y", negative="")] = False
    """Do not ask whether the price is agreed to."""
    max_cost: float | None = None
    """Stop before more US dollars than these are spent; what is finished by then is kept."""
