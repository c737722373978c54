"""The items of one job a few at a time, and of their media no more in memory than there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Entry
from gemini_embed.quota import Room

MEDIA_AT_ONCE = 8
MEDIA_BYTES_AT_ONCE = 16 * 2**20
TEXTS_AT_ONCE = 500


class Loading:
    """Media that a job has loaded, from before they are read until their call is done."""

    def __init__(self, room: Room, facts: ModelFacts) -> None:
        self._room, self._facts = room, facts
        self._held: dict[int, int] = {}

    def windows(self, items: Sequence[Entry]) -> Iterator[list[Entry]]:
        """Few items at a time where media are loaded, one by one where they are large."""
        most = MEDIA_AT_ONCE if any(item.has_media for item in items) else TEXTS_AT_ONCE
        window: list[Entry] = []
        size_bytes = 0
        for item in items:
            likely = self._likely_bytes(item)
            if window and (len(window) >= most or size_bytes + likely > MEDIA_BYTES_AT_ONCE):
                yield window
                window, size_bytes = [], 0
            window.append(item)
            size_bytes += likely
        if window:
            yield window

    def has_room(self, window: Sequence[Entry]) -> bool:
        """Whether `begin` would not wait. Who has batches that are not sent yet sends them before, or nothing ends."""
        return self._room.has(sum(map(self._likely_bytes, window)))

    async def begin(self, window: Sequence[Entry]) -> None:
        """Wait until there is room for these."""
        if likely := {item.position: size for item in window if (size := self._likely_bytes(item))}:
            await self._room.take(sum(likely.values()))
            self._held |= likely

    def loaded(self, window: Iterable[Entry], items: Iterable[Entry]) -> None:
        """Of a window these are to be sent; what they take is known now."""
        sizes = {item.position: item.size_bytes for item in items}
        for item in window:
            if (held := self._held.pop(item.position, None)) is not None:
                size_bytes = sizes.get(item.position, 0)
                if size_bytes:
                    self._held[item.position] = size_bytes
                self._room.give_back(held - size_bytes)

    def done(self, items: Iterable[Entry]) -> None:
        """Their call has ended."""
        self._room.give_back(sum(self._held.pop(item.position, 0) for item in items))

    def close(self) -> None:
        """The job has ended, whatever became of it."""
        self._room.give_back(sum(self._held.values()))
        self._held.clear()

    def _likely_bytes(self, item: Entry) -> int:
        if not item.has_media:
            return 0
        from gemini_embed.preparing.loading import likely_bytes  # texts alone need nothing of it

        return likely_bytes(item, self._facts)
