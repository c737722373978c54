"""A folder of Markdown and pictures as items for an index: one item a passage, one a picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gemini_embed import Item

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
_TEXTS = {".md", ".txt"}
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s*(```|~~~)")


class Passage(NamedTuple):
    """What stands under one heading. `anchor` is the heading's, as on GitHub; "" before the first one."""

    anchor: str
    title: str
    text: str


def read_folder(folder: Path) -> list[Item]:
    """All passages and pictures below `folder`, by path; files of other kinds are left out.

    The source of a picture is its path in the folder, that of a passage has an anchor: `guides/quotas.md#waiting`.
    """
    items: list[Item] = []
    for path in sorted(folder.rglob("*")):
        name, kind = path.relative_to(folder).as_posix(), path.suffix.lower()
        if kind in _PICTURES:
            items.append(Item(path, source=name))
        elif kind in _TEXTS:
            for passage in passages(path.read_text(encoding="utf-8", errors="replace")):
                source = f"{name}#{passage.anchor}" if passage.anchor else name
                items.append(Item(passage.text, source=source, title=passage.title or None))
    return items


def passages(markdown: str) -> Iterator[Passage]:
    """A document cut at its headings. Titles join the first heading and the passage's own: `Quotas: Waiting`."""
    sections = _sections(markdown)
    document = sections[1][0] if len(sections) > 1 else ""
    seen: Counter[str] = Counter()
    for heading, lines in sections:
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchor = f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1
        title = heading if heading in ("", document) else f"{document}: {heading}"
        if text := "\n".join(lines).strip():
            yield Passage(anchor, title, text)


def _sections(markdown: str) -> list[tuple[str, list[str]]]:
    """(heading, lines below it), the first with heading "". A # in a code block is no heading."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading:
            sections.append((heading[1], []))
        else:
            sections[-1][1].append(line)
    return sections
