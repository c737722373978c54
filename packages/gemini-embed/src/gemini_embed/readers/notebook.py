"""Jupyter notebooks: cells with what they print, and the pictures that they draw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gemini_embed.errors import MediaError
from gemini_embed.readers.encoding import may_be_text
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.html import read_html
from gemini_embed.readers.limits import MOST_BYTES, check_size
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.pictures import from_base64

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_EMBEDDED = re.compile(r"!\[([^\]]*)\]\((?:data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)|attachment:([^)\s]+))\)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_A_FIGURE = re.compile(r"<[\w.]+(?: [^<>]*)? with \d+ Ax[ei]s[^<>]*>|<[\w.]+ at 0x[0-9a-f]+>|<IPython[^<>]*>")
"""What is printed in the place of a picture, or of an object that says nothing of itself."""
_MOST_OUTPUT = 20_000
"""Characters of what one cell prints."""
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class NotebookReader:
    """Reads notebooks of nbformat 4, and of 3."""

    name = "notebook"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        check_size(data, MOST_BYTES, name)
        try:
            notebook = json.loads(data)
            cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
            language = notebook.get("metadata", {}).get("kernelspec", {}).get("language")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            said = error if isinstance(error, ValueError) else repr(error)  # a codec's repr holds all of the file
            raise MediaError(f"{name} is no notebook, though its name says so: {said}", "damaged") from error
        flow, heading = Flow(), ""
        for number, cell in enumerate(cells, 1):
            source = _text(cell.get("source", cell.get("input")))
            kind = cell.get("cell_type")
            if kind == "markdown" and (found := _HEADING.search(source)):
                heading = found[2]
            told = {"cell": number} | ({"language": language} if kind == "code" and isinstance(language, str) else {})
            flow.part(f"cell={number}", heading=heading, metadata=told)
            if kind == "markdown":
                _add_markdown(flow, source, cell.get("attachments") or {})
            else:
                flow.text(source)
            for output in cell.get("outputs") or ():
                _add_output(flow, output)
        return flow.passages(most_tokens)


def _add_markdown(flow: Flow, source: str, attached: Mapping[str, Any]) -> None:
    for alt, data, name in _EMBEDDED.findall(source):
        held = [data] if data else [_text(one) for one in (attached.get(name) or {}).values()]
        for one in held:
            flow.picture(from_base64(one), alt)
    flow.text(_EMBEDDED.sub(lambda found: found[1], source))


def _add_output(flow: Flow, output: Mapping[str, Any]) -> None:
    if output.get("output_type") in ("error", "pyerr"):
        flow.text(f"{output.get('ename')}: {output.get('evalue')}")
        return
    held = output.get("data") or output
    pictures = [_text(held.get(kind, held.get(kind.partition("/")[2]))) for kind in _PICTURES]
    plain = _text(output.get("text") or held.get("text/plain"))
    if not any(pictures) and (html := _text(held.get("text/html") or held.get("html"))):
        read = Flow()
        read_html(html[: 10 * _MOST_OUTPUT], read, title=False)
        plain = "\n".join(one.text for one in read.passages(_MOST_OUTPUT) if isinstance(one, Passage)) or plain
    said = _A_FIGURE.sub("", _COLOURS.sub("", plain))[:_MOST_OUTPUT]
    flow.text(said)
    for picture in filter(None, pictures):
        flow.picture(from_base64(picture), said)


def _text(held: object) -> str:
    """A text, which notebooks keep as a list of lines too."""
    if isinstance(held, str):
        return held
    return "".join(one for one in held if isinstance(one, str)) if isinstance(held, list) else ""
