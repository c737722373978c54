"""Contents to entries of the plan: checked against the model's facts, conditioned for the task.

No I/O but a look at local files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemini_embed.content import Content, Media, Part, Text
from gemini_embed.errors import InputError
from gemini_embed.media import FetchPolicy
from gemini_embed.models import ModelFacts
from gemini_embed.preparing.plan import Entry, EntryPart
from gemini_embed.tasks import ConditionMedia, Side, Task, task_type, uses_titles, with_prefix
from gemini_embed.tokens import likely_tokens

if TYPE_CHECKING:
    from gemini_embed.media.probing import MediaInfo


@dataclass(frozen=True)
class Prepared:
    """Contents as entries, and what to tell the caller about them on the caller's own line."""

    entries: list[Entry]
    count: int
    """How many contents there were."""
    warnings: list[str]


@dataclass(frozen=True)
class Purpose:
    """How contents of one call are told to the model."""

    task: Task
    side: Side
    media: ConditionMedia = "query"

    def prefixes(self, content: Content) -> bool:
        """Whether the text of `content` gets a prefix, on a model that is told by prefixes."""
        return not content.has_media or self.media == "both" or (self.media == "query" and self.side == "query")


def prepare(
    contents: Iterable[Content],
    purpose: Purpose,
    facts: ModelFacts,
    media: FetchPolicy,
    bad_input: Callable[[InputError, Sequence[int]], None],
) -> Prepared:
    """One entry per content, but for those that break a limit or cannot be read: `bad_input` is called with the error,
    which names the position, and may raise it.

    Contents may be made as they are read, so that none need be kept. The warnings are about titles that nothing carries
    to the model.
    """
    entries: list[Entry] = []
    unused_titles: set[str] = set()
    count = 0
    for position, content in enumerate(contents):
        count += 1
        try:
            entries.append(_entry(position, content, purpose, facts, media))
        except InputError as e:
            bad_input(e.at(position), [position])
        if content.title and (reason := _why_title_is_unused(content, purpose, facts)):
            unused_titles.add(reason)
    return Prepared(entries, count, sorted(unused_titles))


def _why_title_is_unused(content: Content, purpose: Purpose, facts: ModelFacts) -> str | None:
    if not uses_titles(purpose.task, "document"):
        return f"task={purpose.task!r} has no place for titles, so they are not used; asymmetric tasks ('search') have"
    prefixed = facts.conditioning == "prefix" and purpose.side == "document"
    if prefixed and not (purpose.prefixes(content) and content.text):
        return "titles of contents with media are not used; condition_media='both' uses those beside a text"
    return None


def _entry(position: int, content: Content, purpose: Purpose, facts: ModelFacts, media: FetchPolicy) -> Entry:
    _check(content, facts)
    has_media = content.has_media
    item = Entry(position, tuple(_parts(content, purpose, facts)), tokens=0, size_bytes=0, has_media=has_media)
    if has_media:
        item.media_info, item.media_tokens = _looked_into(item.parts, facts, media)
        item.tokens = sum(item.media_tokens.values())
    for part in item.parts:
        if isinstance(part, str):
            item.tokens += likely_tokens(part)
            item.size_bytes += _size(part)
    if item.size_bytes > facts.max_text_bytes:
        raise InputError(
            f"text of {item.size_bytes} bytes, more than one call to {facts.name} takes "
            f"({facts.max_text_bytes}): split it into passages"
        )
    if facts.conditioning == "task_type":
        item.task_type = task_type(purpose.task, purpose.side)
        item.title = (content.title or "").strip() or None if uses_titles(purpose.task, purpose.side) else None
    return item


def _looked_into(
    parts: Iterable[EntryPart], facts: ModelFacts, policy: FetchPolicy
) -> tuple[Mapping[int, MediaInfo], Mapping[str, int]]:
    """What is inside the media among `parts`, by their place, and their likely tokens, by modality."""
    from gemini_embed.preparing.examining import likely_media_tokens  # texts alone need nothing of it
    from gemini_embed.preparing.loading import check_media

    found: dict[int, MediaInfo] = {}
    tokens = Counter[str]()
    for place, part in enumerate(parts):
        if isinstance(part, Media):
            info = check_media(part, facts, policy)
            tokens[part.modality] += likely_media_tokens(part, facts, info)
            if info is not None:
                found[place] = info
    return found, tokens


def _parts(content: Content, purpose: Purpose, facts: ModelFacts) -> Iterable[EntryPart]:
    """Parts in order; a prefix goes before the first text."""
    to_prefix = facts.conditioning == "prefix" and purpose.prefixes(content)
    for part in content.parts:
        if isinstance(part, Text):
            text = with_prefix(part.text, purpose.task, purpose.side, content.title) if to_prefix else part.text
            to_prefix = False
            yield text
        else:
            assert isinstance(part, Media)  # noqa: S101  # there are no other parts; tells the type checker
            yield part


def _check(content: Content, facts: ModelFacts) -> None:
    _check_encodable("title", content.title or "")
    for part in content.parts:
        _check_part(part, facts)
    if not content.has_media:
        return
    found = Counter(part.modality for part in content.parts)
    for modality, limit in {"image": facts.max_images, **dict.fromkeys(facts.single, 1)}.items():
        if found[modality] > limit:
            many = f"{found[modality]} {modality} parts" if modality != "image" else f"{found[modality]} images"
            raise InputError(f"{many} in one content; {facts.name} takes {limit}: use several contents")


def _check_part(part: Part, facts: ModelFacts) -> None:
    if part.modality not in facts.modalities:
        raise InputError(
            f"{facts.name} reads {', '.join(sorted(facts.modalities))} and no {part.modality}: "
            "use gemini-embedding-2, or facts={'modalities': ...} if it has learned to"
        )
    if isinstance(part, Text):
        if not part.text.strip():
            raise InputError("the text is empty (or only white space), which the service refuses: leave it out")
        _check_encodable("text", part.text)


def _check_encodable(what: str, text: str) -> None:
    """Looks at the text as the caller wrote it, before any prefix, so that the position named is the caller's."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise InputError(
            f"the {what} holds a lone surrogate ({text[e.start]!a}) at character {e.start}, which UTF-8 cannot carry: "
            f"clean it with {what}.encode('utf-8', 'replace').decode()"
        ) from e


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
