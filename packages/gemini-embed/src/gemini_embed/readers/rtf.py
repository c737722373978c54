"""RTF: what it says, without its fonts, styles, pictures and objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gemini_embed.errors import MediaError, missing_extra
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.limits import MOST_BYTES, check_size
from gemini_embed.readers.passages import Passage, Picture

_MOST_TEXT = 10 * 2**20
"""Characters, without the data of pictures."""
_MOST_LINE = 4_000
"""Characters of the table of fonts between two braces: what looks for fonts in it takes their square."""
_MOST_FONTS = 400_000
_PICTURE = re.compile(r"[0-9A-Fa-f\r\n]{400,}")
_LINK = re.compile("HYPERLINK", re.IGNORECASE)
_BRACE = re.compile(r"(?<!\\)\{")


class RtfReader:
    """Reads RTF."""

    name = "rtf"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"{\\rtf")

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        check_size(data, MOST_BYTES, name)
        if not self.takes(data):
            raise MediaError(f"{name} is no RTF, though its name says so: it begins {data[:16]!r}", "damaged")
        try:
            from striprtf import striprtf
        except ImportError as error:
            raise missing_extra("documents", "striprtf (to read RTF)") from error
        parser: Any = striprtf  # which ships no types
        text = _PICTURE.sub("", data.decode("latin-1"))
        text = _BRACE.sub(
            "\n{", _LINK.sub("LINK", text)
        )  # line breaks say nothing in RTF; where links lead is not read
        fonts: str = parser.font_table_group(text)
        if len(text) > _MOST_TEXT or len(fonts) > _MOST_FONTS or max(map(len, fonts.split("\n"))) > _MOST_LINE:
            raise MediaError(f"{name} has more text, or fonts, than are read of RTF", "too_large")
        flow = Flow()
        for block in parser.rtf_to_text(text, errors="replace").split("\n"):
            flow.text(block)
        return flow.passages(most_tokens)
