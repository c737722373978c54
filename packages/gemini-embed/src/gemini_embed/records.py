"""What indexes hold: records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gemini_embed.excerpt import Excerpt

MODALITIES = ("text", "image", "audio", "video", "pdf", "mixed")
""" "mixed" is for interleaved parts."""

_IN_ANCHORS = "/?:@!$&'()*+,;=-._~"
"""What stands in the fragment of a link as it is (RFC 3986)."""

LEAST_WHOLE, MOST_WHOLE = -(2**63), 2**63 - 1
"""What all stores keep of whole numbers: 64 bits with a sign."""

SAID_IN = "said_in"
"""Where the record of a sentence that is said in a recording or video has the name of its window, see
`indexing.said.window_key`."""

FILE_STATE = "file_state"
"""Where the last record of a file says as what the file was found, so that a `sync` need not read it again."""


@dataclass(frozen=True, repr=False)
class Record:
    """One embedded thing, as a store keeps it beside its vector.

    Attributes:
        id: a UUID in text form, made from source, window, content and fingerprint: adding twice changes nothing.
        page_content: the text, a page's text, or a caption; "" for a medium without words.
        metadata: the user's own fields and ours: `source`, `modality` ("text", "image", "audio", "video", "pdf",
            "mixed"), `mime_type`, `title`, `sha256` of the content, `uri` (path or URL of the medium), and the window
            within it: `page_start` and `page_end`, `start_s` and `end_s`, `char_start` and `char_end`; of source
            files `line_start` and `line_end`, `language`, and `symbol`, the qualified name of what is defined there;
            of other files that a reader reads `part`, which links name it by, `heading`, `slide`, `sheet` and the
            like; of a sentence that is said in a recording or video `said_in`, the name of its window; of adds
            with `replace=False` `added_at`, in seconds since 1970; of the last record of a file that `sync` read
            `file_state`: bytes, time of change, how it was read, how many records it has, hash. JSON values only;
            absent means not known.
    """

    id: str
    page_content: str
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str | None:
        """Where the content came from; records of one source are replaced together."""
        return self._text("source")

    @property
    def modality(self) -> str | None:
        """ "text", "image", "audio", "video", "pdf", or "mixed" for interleaved parts."""
        return self._text("modality")

    @property
    def title(self) -> str | None:
        """The title that was embedded with the content."""
        return self._text("title")

    @property
    def uri(self) -> str | None:
        """Path or URL of the medium, None for content that came from memory."""
        return self._text("uri")

    @property
    def mime_type(self) -> str | None:
        """Of the whole file."""
        return self._text("mime_type")

    @property
    def is_said(self) -> bool:
        """Whether it is a sentence of a recording or video: a text whose window is seconds of a medium."""
        return isinstance(self.metadata.get(SAID_IN), str)

    @property
    def window(self) -> Excerpt:
        """Which part of the source this is."""
        return Excerpt.of(self.metadata)

    def link(self, window: Excerpt | None = None) -> str:
        """Where it is, as a link: `manual.pdf#page=7`, `talk.mp4#t=96,128`, `retry.py#L6-L8`; the source where
        there is no file.

        `window` takes the place of its own; but of several pages the record's own is named.
        """
        place = self.uri or self.source or self.id
        written = place if "://" in place else quote(place, safe="/:~@!$&'()*+,;=")
        return written + self._fragment(window)

    def described(self, text: str, window: Excerpt | None = None) -> str:
        """In a line: what it is, where (as `link` says), and how `text` begins."""
        source = self.source or self.id
        if source.startswith("sha256:"):
            source = f"{source[:15]}…"
        anchor = self._fragment(window)
        words = " ".join(text.split())
        excerpt = f': "{words[:60]}{"…" if len(words) > 60 else ""}"' if words else ""
        return f"{self.modality or '?'} {source}{anchor}{excerpt}"

    def __str__(self) -> str:
        return self.described(self.page_content)

    def __repr__(self) -> str:
        return f"<Record {self.id}: {self}>"

    def _fragment(self, window: Excerpt | None) -> str:
        own = self.window
        anchor = (own if window is None or own.page_start is not None else window).anchor
        return f"#{quote(anchor, safe=_IN_ANCHORS)}" if anchor else ""

    def _text(self, name: str) -> str | None:
        value = self.metadata.get(name)
        return value if isinstance(value, str) else None  # points made by others may hold anything
