"""Contents made ready for the wire, gathered into calls that keep every limit of the model's facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from gemini_embed.content import Media
from gemini_embed.models import ModelFacts

if TYPE_CHECKING:
    from gemini_embed.media.probing import MediaInfo

WirePart: TypeAlias = dict[str, Any]
"""A medium nearly as the wire has it: `{"inlineData": {"mimeType": ..., "data": bytes}}`, base64 only when it is sent,
or `{"fileData": {"mimeType": ..., "fileUri": ...}}`, with `videoMetadata` perhaps."""

EntryPart: TypeAlias = str | WirePart | Media
"""A text, conditioned, or a medium, before or after it is loaded."""

_NOTHING: Mapping[Any, Any] = MappingProxyType({})

ENVELOPE_BYTES = 200
"""What the JSON around one content takes at most: model, task type, size, brackets."""


@dataclass(slots=True)
class Entry:
    """One content, conditioned; media are loaded before it is sent."""

    position: int
    """Index in the caller's list."""
    parts: Sequence[EntryPart]
    tokens: int
    """A likely count, see `gemini_embed.tokens`."""
    size_bytes: int
    has_media: bool = False
    media_tokens: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """Those of `tokens` that media have, by modality."""
    media_info: Mapping[int, MediaInfo] = field(default_factory=lambda: _NOTHING)
    """What is inside media that were looked into, by their place among `parts`."""
    task_type: str | None = None
    title: str | None = None
    twins: Sequence[int] = ()
    """Other places of the caller's list that hold the same content."""
    key: bytes = b""
    """What stands for it in the cache, once that was asked."""

    @property
    def texts(self) -> list[str]:
        """The parts that are text."""
        return [part for part in self.parts if isinstance(part, str)]

    @property
    def positions(self) -> list[int]:
        """All places of the caller's list that want this vector."""
        return [self.position, *self.twins]


def without_twins(items: Sequence[Entry]) -> list[Entry]:
    """One entry per different content, in order; it takes the places of the others as its `twins`."""
    firsts: dict[Hashable, Entry] = {}
    twins: defaultdict[int, list[int]] = defaultdict(list)
    for item in items:
        first = firsts.setdefault(_identity(item), item)
        if first is not item:
            twins[first.position].append(item.position)
            first.twins = twins[first.position]
    return list(firsts.values())


def _identity(item: Entry) -> Hashable:
    """What the model reads. Media are compared by where they are; equal bytes elsewhere are not looked for."""
    return (item.task_type, item.title, *item.parts)


@dataclass(slots=True)
class Batch:
    """The items of one call, in the caller's order."""

    items: list[Entry] = field(default_factory=list)
    tokens: int = 0
    size_bytes: int = 0
    has_media: bool = False

    @classmethod
    def of(cls, items: Iterable[Entry]) -> Batch:
        """A batch of these."""
        batch = cls()
        for item in items:
            batch.add(item)
        return batch

    def add(self, item: Entry) -> None:
        """Append an item and add up what it brings."""
        self.items.append(item)
        self.tokens += item.tokens
        self.size_bytes += item.size_bytes + ENVELOPE_BYTES
        self.has_media = self.has_media or item.has_media

    @property
    def positions(self) -> list[int]:
        """All places of the caller's list that these items fill."""
        return [position for item in self.items for position in item.positions]


class Planner:
    """Takes items one by one and gives back a batch whenever one is full."""

    def __init__(self, facts: ModelFacts, max_items: int | None = None, max_tokens: int | None = None) -> None:
        self._facts = facts
        self._max_tokens = min(filter(None, (facts.max_batch_tokens, max_tokens)), default=None)
        self._max_items = min(max_items or facts.max_batch_items, facts.max_batch_items)
        self._batch = Batch()

    def add(self, item: Entry) -> Batch | None:
        """The batch that `item` no longer fits into, if any; `item` begins the next one."""
        full = self.flush() if self._batch.items and not self._fits(item) else None
        self._batch.add(item)
        return full

    def flush(self) -> Batch | None:
        """What is gathered so far, None when that is nothing."""
        batch, self._batch = self._batch, Batch()
        return batch if batch.items else None

    def _fits(self, item: Entry) -> bool:
        batch, facts = self._batch, self._facts
        has_media = batch.has_media or item.has_media
        max_bytes = facts.max_media_bytes if has_media else facts.max_text_bytes
        return (
            len(batch.items) < self._max_items
            and (self._max_tokens is None or batch.tokens + item.tokens <= self._max_tokens)
            and batch.size_bytes + item.size_bytes + ENVELOPE_BYTES <= max_bytes
        )


def inline_data(part: EntryPart) -> bytes | None:
    """The bytes of a medium that is sent inline."""
    inline: dict[str, Any] | None = part.get("inlineData") if isinstance(part, dict) else None
    return inline["data"] if inline is not None else None


def base64_size(data: bytes | None) -> int:
    """Bytes of its base64, 0 for what is not sent inline."""
    return (len(data or b"") + 2) // 3 * 4


def split(items: Sequence[Entry], max_items: int) -> list[Batch]:
    """Batches of at most `max_items`, in order."""
    return [Batch.of(items[start : start + max_items]) for start in range(0, len(items), max_items)]
