"""What a tool answers: words that suffice alone, the same as JSON, and blocks of pictures, sound and links.

Clients lose some of it: several show a model the JSON instead of the words and pictures, others the words alone. So
each of the two suffices, and what is fetched, which may be a picture, has no JSON beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed import GeminiEmbedError, Hit

from gemini_embed_cli.serving.mcp.shapes import Json

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ContentBlock


@dataclass(frozen=True)
class Answer:
    """Of one call."""

    words: str
    json: Json | None = None
    blocks: Sequence[ContentBlock] = field(default_factory=tuple)
    json_for_reading: Json | None = None
    """What stands in place of the words for a client that reads JSON there; None: `json`."""

    def result(self, *, as_json: bool = False) -> CallToolResult:
        """In the protocol's form; `as_json` writes the JSON into the words' place, as ChatGPT's connectors read it."""
        from mcp_types import CallToolResult, TextContent

        read = self.json_for_reading or self.json
        words = json.dumps(read, ensure_ascii=False) if as_json and read is not None else self.words
        return CallToolResult(
            content=[TextContent(text=_printable(words)), *self.blocks],
            structured_content=_printable_json(read if as_json else self.json),
        )


def refusal(error: GeminiEmbedError) -> CallToolResult:
    """An error as a sentence that a model reads, and may act on."""
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(text=_printable(str(error)))], is_error=True)


def link_to(hit: Hit, name: str) -> ContentBlock | None:
    """The source of a hit, for clients that open resources; None for what came from memory."""
    from mcp_types import ResourceLink

    url = url_of(hit)
    if "://" not in url:
        return None
    return ResourceLink(uri=url, name=_printable(name), title=hit.record.title, mime_type=hit.record.mime_type)


def url_of(hit: Hit) -> str:
    """Where a browser finds it: `file:///photos/manual.pdf#page=7`, the URL that it was fetched from; its link where it
    came from memory."""
    return uri_of(hit.record.uri, hit.link)


def uri_of(path: str | None, link: str) -> str:
    """The URI of a link to a file of that path, or the link itself."""
    return f"file://{link}" if path is not None and "://" not in path and Path(path).is_absolute() else link


def titled(hit: Hit, shown: str) -> str:
    """What a hit is called: by its title, or by the link as it is shown."""
    return hit.record.title or shown


def _printable(text: str) -> str:
    """Without halves of characters, which names of files may have and JSON has not."""
    return text.encode(errors="replace").decode()


def _printable_json(value: Json | None) -> Json | None:
    if value is None:
        return None
    told: Json = json.loads(_printable(json.dumps(value, ensure_ascii=False)))
    return told
