"""The readers that an index has of its caller, and what opens pictures with them. None is loaded before it is needed:
a search needs none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_embed.readers.chosen import Readers
    from gemini_embed.readers.own import ReaderLike
    from gemini_embed.readers.passages import FileReader
    from gemini_embed.records import Record


def own_readers(given: Mapping[str, ReaderLike] | None) -> dict[str, FileReader]:
    """What `readers=` says. Raises ConfigurationError as `readers_of` does."""
    if given is None:
        return {}
    from gemini_embed.readers.own import readers_of

    return dict(readers_of(given).own)


class HeldPictures:
    """Opens the pictures that lie in files of another kind, given a record and the root; None for any other record.

    Raises:
        InputError: the file cannot be read (any more).
    """

    def __init__(self, own: Mapping[str, FileReader] | None = None) -> None:
        self.own = dict(own or {})
        """The caller's; those of each add come to be known too."""

    @property
    def readers(self) -> Readers:
        """Those, and behind them the table's."""
        from gemini_embed.readers.chosen import Readers

        return Readers(self.own)

    def __call__(self, record: Record, root: str | None) -> bytes | None:
        from gemini_embed.readers.held import held_pictures

        return held_pictures(record.uri or "", root, self.readers).get(str(record.metadata.get("sha256")))

    def __reduce__(self) -> tuple[Any, ...]:
        return HeldPictures, ()  # a caller's own functions may be bound to what does not travel
